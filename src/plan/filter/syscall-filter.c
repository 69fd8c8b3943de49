/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/filter/syscall-filter.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "plan/filter/path-table.h"
#include "plan/filter/socketcall.h"
#include "wire/call-program.h"

static gboolean
listed (const char *const *list, const char *call)
{
  return list && g_strv_contains (list, call);
}

static gboolean
limits_ports (const SbxPolicy *policy)
{
  const guint16 *ports;
  gsize n;

  return sbx_policy_has_network (policy)
         && (sbx_policy_get_connect (policy, &ports, &n) || sbx_policy_get_bind (policy, &ports, &n));
}

static gboolean
limits_listening (const SbxPolicy *policy)
{
  const guint16 *ports;
  gsize n;

  if (!sbx_policy_has_network (policy) || !sbx_policy_get_bind (policy, &ports, &n))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    if (ports[i] == 0)
      return FALSE;
  return TRUE;
}

static gboolean
is_apart_from_x11 (const SbxPolicy *policy, guint facts)
{
  return (facts & SBX_BOX_SHARES_X11) && !(sbx_policy_get_shared (policy) & SBX_SHARED_IPC);
}

gboolean
sbx_seccomp_is_counted (const SbxPolicy *policy, guint facts)
{
  if (facts & SBX_BOX_IN_SESSION)
    return TRUE; /* the keeper is asked about numbers in any case */
  return !(sbx_policy_get_features (policy) & SBX_FEATURE_DEVEL)
         && !listed (sbx_policy_get_seccomp_allow (policy), "seccomp");
}

static gboolean
is_time_for (SbxCallWhen when, const SbxPolicy *policy, guint facts)
{
  switch (when) {
  case SBX_WHEN_ALWAYS:
    return TRUE;
  case SBX_WHEN_PORTS_LIMITED:
    return limits_ports (policy);
  case SBX_WHEN_BIND_LIMITED:
    return limits_listening (policy);
  case SBX_WHEN_X11_APART:
    return is_apart_from_x11 (policy, facts);
  case SBX_WHEN_COUNTED:
    return sbx_seccomp_is_counted (policy, facts);
  case SBX_WHEN_SESSION:
    return (facts & SBX_BOX_IN_SESSION) != 0;
  }
  return TRUE; /* no such condition: refused */
}

static gboolean
is_same_condition (const SbxCallCondition *one, const SbxCallCondition *other)
{
  return one->argument == other->argument && one->mask == other->mask && one->value == other->value
         && one->negated == other->negated;
}

/* Whether nothing is left of what @row asks about when @other is there. */
static gboolean
covers (const SbxCallRow *other, const SbxCallRow *row)
{
  gboolean first = other->test == row->test && other->argument == row->argument && other->mask == row->mask
                   && other->value == row->value;

  if (other->subject != SBX_SUBJECT_NONE || !g_str_equal (other->call, row->call))
    return FALSE;
  return other->test == SBX_CALL_ANY || (first && other->and.mask == 0)
         || (first && is_same_condition (&other->and, &row->and));
}

/* What is refused for everybody tells nobody apart: the same condition cannot be there twice. */
static gboolean
is_refused_anyway (const SbxCallRow *row, const SbxPolicy *policy, guint facts)
{
  for (const SbxCallRow *other = sbx_call_rows; other->call; other++)
    if (covers (other, row) && sbx_seccomp_row_applies (other, policy, facts))
      return TRUE;
  return FALSE;
}

/* Whether @row holds for @policy: its tier, not lifted by a feature or by allow=, not overtaken by deny=. No allow=
 * lifts what keeps processes of others from being noticed. */
gboolean
sbx_seccomp_row_applies (const SbxCallRow *row, const SbxPolicy *policy, guint facts)
{
  gboolean of_numbers = row->when == SBX_WHEN_SESSION;

  return is_time_for (row->when, policy, facts) && (row->tiers & SBX_TIER_BIT (sbx_policy_get_tier (policy)))
         && !(row->unless & sbx_policy_get_features (policy))
         && (of_numbers || !listed (sbx_policy_get_seccomp_allow (policy), row->call))
         && !listed (sbx_policy_get_seccomp_deny (policy), row->call)
         && (row->subject == SBX_SUBJECT_NONE || !is_refused_anyway (row, policy, facts));
}

static struct scmp_arg_cmp
comparison (const SbxCallRow *row)
{
  struct scmp_arg_cmp compare = { .arg = row->argument, .op = SCMP_CMP_EQ, .datum_a = row->value };

  switch (row->test) {
  case SBX_CALL_NOT_EQUAL:
    compare.op = SCMP_CMP_NE;
    break;
  case SBX_CALL_ABOVE:
    compare.op = SCMP_CMP_GT;
    break;
  case SBX_CALL_MASKED:
    compare.op = SCMP_CMP_MASKED_EQ;
    compare.datum_a = row->mask;
    compare.datum_b = row->value;
    break;
  case SBX_CALL_EQUAL:
  case SBX_CALL_ANY:
    break;
  }
  return compare;
}

/* libseccomp has no "masked and not equal": a negated condition compares all bits, so that ones which the kernel does
 * not read can only make it refuse more. */
static struct scmp_arg_cmp
second_comparison (const SbxCallCondition *and)
{
  struct scmp_arg_cmp compare = { .arg = and->argument, .op = SCMP_CMP_MASKED_EQ };

  if (and->negated)
    return (struct scmp_arg_cmp){ .arg = and->argument, .op = SCMP_CMP_NE, .datum_a = and->value };
  compare.datum_a = and->mask;
  compare.datum_b = and->value;
  return compare;
}

static gboolean
add_row (scmp_filter_ctx filter, const SbxCallRow *row, guint32 action, GError **error)
{
  int number = seccomp_syscall_resolve_name (row->call);
  struct scmp_arg_cmp compare[2] = { comparison (row), second_comparison (&row->and) };
  guint n = row->test == SBX_CALL_ANY ? 0 : row->and.mask == 0 ? 1 : 2;
  int rc;

  if (number == __NR_SCMP_ERROR) /* newer than libseccomp: its kernel number cannot be named */
    return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED, "libseccomp does not know the system call %s; update libseccomp",
                      row->call);
  rc = seccomp_rule_add_array (filter, action, number, n, compare);
  /* EDOM: not on this architecture */
  return rc == 0 || rc == -EDOM || sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, -rc, "seccomp: %s", row->call);
}

/* Whether the keeper may be asked about it. Not for what libraries try each time and do without: nobody misses it, and
 * every thread that is started would be a question. Nor for what init needs to tell whom to ask. */
gboolean
sbx_seccomp_row_may_ask (const SbxCallRow *row)
{
  return row->error != SBX_CALL_ASK && (row->error != ENOSYS || row->done_by_keeper) && row->subject == SBX_SUBJECT_NONE
         && !(row->test == SBX_CALL_ANY && g_str_equal (row->call, "sendmsg"));
}

static gboolean
refuse_row (scmp_filter_ctx filter, const SbxCallRow *row, gboolean counted, GError **error)
{
  guint mark = counted && sbx_seccomp_row_may_ask (row) ? SBX_FILTER_ASKS : 0;
  gboolean ask = row->error == SBX_CALL_ASK || row->subject != SBX_SUBJECT_NONE;

  return add_row (filter, row, ask ? SCMP_ACT_NOTIFY : SCMP_ACT_ERRNO ((guint) row->error | mark), error);
}

/* allow= and deny= name calls that exist, or say which do not. */
static gboolean
check_names (const char *const *names, const char *key, GError **error)
{
  for (; names && *names; names++) {
    if (strcmp (*names, "*") == 0)
      return sbx_throw (error, SBX_ERROR_BAD_PROFILE, "[Seccomp] %s=*: with every system call denied nothing can start",
                        key);
    if (seccomp_syscall_resolve_name (*names) == __NR_SCMP_ERROR)
      return sbx_throw (error, SBX_ERROR_BAD_PROFILE, "[Seccomp] %s: there is no system call \"%s\"; see syscalls(2)",
                        key, *names);
  }
  return TRUE;
}

gboolean
sbx_seccomp_refuses (const SbxPolicy *policy, guint facts, const char *call)
{
  if (listed (sbx_policy_get_seccomp_deny (policy), call))
    return TRUE;
  for (const SbxCallRow *row = sbx_call_rows; row->call; row++)
    if (g_str_equal (row->call, call) && sbx_seccomp_row_applies (row, policy, facts))
      return TRUE;
  return FALSE;
}

/* For a learning run: asks about each call that names a file and of which nothing is refused. */
static gboolean
ask_about_paths (scmp_filter_ctx filter, const SbxPolicy *policy, guint facts, GError **error)
{
  for (const SbxPathRow *path = sbx_path_rows; path->call; path++) {
    const SbxCallRow row = { .call = path->call };

    if (path > sbx_path_rows && g_str_equal (path->call, path[-1].call))
      continue; /* its other name */
    if (!sbx_seccomp_refuses (policy, facts, path->call) && !add_row (filter, &row, SCMP_ACT_NOTIFY, error))
      return FALSE;
  }
  return TRUE;
}

/* … and about each that installs a filter, so that what cannot be learned is said. None of these conditions holds
 * together with that of a row which refuses. */
static gboolean
ask_about_filters (scmp_filter_ctx filter, const SbxPolicy *policy, guint facts, GError **error)
{
  const SbxCallRow installs = { .call = "seccomp",
                                .test = SBX_CALL_MASKED,
                                .mask = G_MAXUINT32,
                                .value = SBX_SECCOMP_SET_FILTER,
                                .and = { 1, SBX_SECCOMP_NEW_LISTENER, 0, FALSE } };
  const SbxCallRow listens = { .call = "seccomp",
                               .test = SBX_CALL_MASKED,
                               .mask = G_MAXUINT32,
                               .value = SBX_SECCOMP_SET_FILTER,
                               .and = { 1, SBX_SECCOMP_NEW_LISTENER, SBX_SECCOMP_NEW_LISTENER, FALSE } };
  const SbxCallRow sets = {
    .call = "prctl", .test = SBX_CALL_MASKED, .mask = G_MAXUINT32, .value = SBX_PRCTL_SET_SECCOMP
  };
  const char *const *deny = sbx_policy_get_seccomp_deny (policy);

  if (!listed (deny, "seccomp") && !add_row (filter, &installs, SCMP_ACT_NOTIFY, error))
    return FALSE;
  if (!sbx_seccomp_refuses (policy, facts, "seccomp") && !add_row (filter, &listens, SCMP_ACT_NOTIFY, error))
    return FALSE;
  return listed (deny, "prctl") || add_row (filter, &sets, SCMP_ACT_NOTIFY, error);
}

static gboolean
fill (scmp_filter_ctx filter, const SbxPolicy *policy, guint facts, GError **error)
{
  const char *const *deny = sbx_policy_get_seccomp_deny (policy);
  gboolean counted = sbx_seccomp_is_counted (policy, facts);

  if (!check_names (sbx_policy_get_seccomp_allow (policy), "allow", error) || !check_names (deny, "deny", error))
    return FALSE;
  for (const SbxCallRow *row = sbx_call_rows; row->call; row++)
    if (sbx_seccomp_row_applies (row, policy, facts) && !refuse_row (filter, row, counted, error))
      return FALSE;
  for (const SbxCallRow *row = sbx_number_rows; row->call; row++)
    if (sbx_seccomp_row_applies (row, policy, facts) && !refuse_row (filter, row, counted, error))
      return FALSE;
  for (; deny && *deny; deny++) {
    const SbxCallRow row = { .call = *deny, .error = EPERM };

    if (!refuse_row (filter, &row, counted, error))
      return FALSE;
  }
  return !(facts & SBX_BOX_LEARNED)
         || (ask_about_paths (filter, policy, facts, error) && ask_about_filters (filter, policy, facts, error));
}

static gboolean
configure (scmp_filter_ctx filter, guint features, GError **error)
{
  int rc = seccomp_attr_set (filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO (ENOSYS));

  if (rc == 0)
    rc = seccomp_attr_set (filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree: few steps for every call */
#ifdef __x86_64__
  if (rc == 0 && (features & SBX_FEATURE_MULTIARCH))
    rc = seccomp_arch_add (filter, SCMP_ARCH_X86);
#endif
  return rc == 0 || sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, -rc, "seccomp: cannot set the filter up");
}

static GBytes *
export_program (scmp_filter_ctx filter, GError **error)
{
  int fd = memfd_create ("seccomp", MFD_CLOEXEC);
  int rc = fd < 0 ? -errno : seccomp_export_bpf (filter, fd);
  GBytes *program = NULL;
  struct stat st;

  if (rc == 0 && fstat (fd, &st) == 0) {
    char *data = g_malloc ((gsize) st.st_size);

    if (pread (fd, data, (gsize) st.st_size, 0) == st.st_size)
      program = g_bytes_new_take (g_steal_pointer (&data), (gsize) st.st_size);
    g_free (data);
  }
  if (!program)
    sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, rc < 0 ? -rc : errno, "seccomp: cannot write the filter");
  if (fd >= 0)
    close (fd);
  return program;
}

/* Whether there are 32-bit programs, and somebody who can be asked about what they want. */
static gboolean
asks_about_sockets (const SbxPolicy *policy, guint facts)
{
  return (sbx_policy_get_features (policy) & SBX_FEATURE_MULTIARCH) && sbx_seccomp_is_counted (policy, facts)
         && !listed (sbx_policy_get_seccomp_deny (policy), "socketcall");
}

GBytes *
sbx_seccomp_compile (const SbxPolicy *policy, guint facts, GError **error)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ALLOW);
  GBytes *program = NULL;

  if (!filter) {
    sbx_throw (error, SBX_ERROR_NOT_SUPPORTED, "seccomp: libseccomp cannot start");
    return NULL;
  }
  if (configure (filter, sbx_policy_get_features (policy), error) && fill (filter, policy, facts, error))
    program = export_program (filter, error);
  seccomp_release (filter);
  return program && asks_about_sockets (policy, facts)
             ? sbx_socketcall_decide (program, policy, facts, sbx_seccomp_refuses)
             : program;
}

char *
sbx_seccomp_cache_key (const char *what, const SbxPolicy *policy, guint facts)
{
  g_autofree char *allow = g_strjoinv (",", (char **) sbx_policy_get_seccomp_allow (policy));
  g_autofree char *deny = g_strjoinv (",", (char **) sbx_policy_get_seccomp_deny (policy));

  return g_strdup_printf ("%s %u %u %d %d %d %d %d %s %s", what, (guint) sbx_policy_get_tier (policy),
                          sbx_policy_get_features (policy), limits_ports (policy), limits_listening (policy),
                          is_apart_from_x11 (policy, facts), (facts & SBX_BOX_IN_SESSION) != 0,
                          (facts & SBX_BOX_LEARNED) != 0, allow, deny);
}

/* The rows of the strict tier, which no feature and no profile lifts. */
static gboolean
fill_strict (scmp_filter_ctx filter, GError **error)
{
  for (const SbxCallRow *row = sbx_call_rows; row->call; row++)
    if ((row->tiers & SBX_TIER_BIT (SBX_TIER_STRICT)) && !refuse_row (filter, row, FALSE, error))
      return FALSE;
  return TRUE;
}

static gboolean
fill_sidecar (scmp_filter_ctx filter, SbxSidecarKind kind, GError **error)
{
  if (!SBX_SIDECAR_LISTED)
    return fill_strict (filter, error);
  for (const SbxCallRow *row = sbx_sidecar_rows; row->call; row++)
    if ((row->tiers & SBX_SIDECAR_BIT (kind)) && !add_row (filter, row, SCMP_ACT_ALLOW, error))
      return FALSE;
  return TRUE;
}

static GBytes *
compile_sidecar (SbxSidecarKind kind, GError **error)
{
  scmp_filter_ctx filter = seccomp_init (SBX_SIDECAR_LISTED ? SCMP_ACT_ERRNO (ENOSYS) : SCMP_ACT_ALLOW);
  GBytes *program = NULL;

  if (!filter) {
    sbx_throw (error, SBX_ERROR_NOT_SUPPORTED, "seccomp: libseccomp cannot start");
    return NULL;
  }
  if (configure (filter, 0, error) && fill_sidecar (filter, kind, error))
    program = export_program (filter, error);
  seccomp_release (filter);
  return program;
}

/* For 32-bit programs as well: an application may be one. */
static gboolean
fill_own (scmp_filter_ctx filter, GError **error)
{
  for (const SbxCallRow *row = sbx_own_rows; row->call; row++)
    if (!refuse_row (filter, row, FALSE, error))
      return FALSE;
  return TRUE;
}

GBytes *
sbx_seccomp_compile_own (GError **error)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ALLOW);
  GBytes *program = NULL;

  if (!filter) {
    sbx_throw (error, SBX_ERROR_NOT_SUPPORTED, "seccomp: libseccomp cannot start");
    return NULL;
  }
  if (configure (filter, SBX_FEATURE_MULTIARCH, error) && fill_own (filter, error))
    program = export_program (filter, error);
  seccomp_release (filter);
  return program;
}

#define MAX_KEPT 64

GBytes *
sbx_seccomp_cache_keep (GHashTable *cache, char *key, GBytes *program)
{
  if (!program) {
    g_free (key);
    return NULL;
  }
  if (g_hash_table_size (cache) >= MAX_KEPT)
    g_hash_table_remove_all (cache);
  g_hash_table_insert (cache, key, g_bytes_ref (program));
  return program;
}

GHashTable *
sbx_seccomp_cache_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
}

GBytes *
sbx_seccomp_get (GHashTable *cache, const SbxPolicy *policy, guint facts, GError **error)
{
  g_autofree char *key = sbx_seccomp_cache_key ("filter", policy, facts);
  GBytes *program = g_hash_table_lookup (cache, key);

  if (program)
    return g_bytes_ref (program);
  return sbx_seccomp_cache_keep (cache, g_steal_pointer (&key), sbx_seccomp_compile (policy, facts, error));
}

GBytes *
sbx_seccomp_get_sidecar (GHashTable *cache, SbxSidecarKind kind, GError **error)
{
  g_autofree char *key = g_strdup_printf ("sidecar %d", (int) kind);
  GBytes *program = g_hash_table_lookup (cache, key);

  if (program)
    return g_bytes_ref (program);
  return sbx_seccomp_cache_keep (cache, g_steal_pointer (&key), compile_sidecar (kind, error));
}

static char *
describe_first (const SbxCallRow *row)
{
  switch (row->test) {
  case SBX_CALL_ANY:
    break;
  case SBX_CALL_EQUAL:
    return g_strdup_printf ("argument %u = %#" G_GINT64_MODIFIER "x", row->argument, row->value);
  case SBX_CALL_NOT_EQUAL:
    return g_strdup_printf ("argument %u ≠ %#" G_GINT64_MODIFIER "x", row->argument, row->value);
  case SBX_CALL_ABOVE:
    return g_strdup_printf ("argument %u > %#" G_GINT64_MODIFIER "x", row->argument, row->value);
  case SBX_CALL_MASKED:
    return g_strdup_printf ("argument %u & %#" G_GINT64_MODIFIER "x = %#" G_GINT64_MODIFIER "x", row->argument,
                            row->mask, row->value);
  }
  return g_strdup ("");
}

static char *
describe (const SbxCallRow *row)
{
  g_autofree char *first = describe_first (row);

  if (row->and.mask == 0)
    return g_steal_pointer (&first);
  if (row->and.negated)
    return g_strdup_printf ("%s, argument %u ≠ %#" G_GINT64_MODIFIER "x", first, row->and.argument, row->and.value);
  return g_strdup_printf ("%s, argument %u & %#" G_GINT64_MODIFIER "x = %#" G_GINT64_MODIFIER "x", first,
                          row->and.argument, row->and.mask, row->and.value);
}

const char *
sbx_seccomp_error_name (int error)
{
  static const struct {
    int number;
    const char *name;
  } names[] = { { EPERM, "EPERM" },
                { ENOSYS, "ENOSYS" },
                { ENOENT, "ENOENT" },
                { EBUSY, "EBUSY" },
                { EAFNOSUPPORT, "EAFNOSUPPORT" },
                { EPROTONOSUPPORT, "EPROTONOSUPPORT" },
                { EOPNOTSUPP, "EOPNOTSUPP" },
                { ESRCH, "ESRCH" },
                { EINVAL, "EINVAL" },
                { ENOTTY, "ENOTTY" } };

  if (error == SBX_CALL_ASK)
    return "the keeper is asked";
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (names[i].number == error)
      return names[i].name;
  return g_strerror (error);
}

static void
add_explanation (GVariantBuilder *rows, const SbxCallRow *row)
{
  g_autofree char *condition = describe (row);

  g_variant_builder_open (rows, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (rows, "{sv}", "call", g_variant_new_string (row->call));
  if (*condition)
    g_variant_builder_add (rows, "{sv}", "when", g_variant_new_string (condition));
  g_variant_builder_add (rows, "{sv}", "error", g_variant_new_string (sbx_seccomp_error_name (row->error)));
  g_variant_builder_add (rows, "{sv}", "reason", g_variant_new_string (row->reason));
  g_variant_builder_close (rows);
}

GVariant *
sbx_seccomp_explain (const SbxPolicy *policy, guint facts)
{
  const char *const *deny = sbx_policy_get_seccomp_deny (policy);
  GVariantBuilder rows;

  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (const SbxCallRow *row = sbx_call_rows; row->call; row++)
    if (sbx_seccomp_row_applies (row, policy, facts))
      add_explanation (&rows, row);
  for (const SbxCallRow *row = sbx_number_rows; row->call; row++)
    if (sbx_seccomp_row_applies (row, policy, facts))
      add_explanation (&rows, row);
  for (; deny && *deny; deny++) {
    const SbxCallRow row = { .call = *deny, .error = EPERM, .reason = "denied by the profile" };

    add_explanation (&rows, &row);
  }
  return g_variant_builder_end (&rows);
}
