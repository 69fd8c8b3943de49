/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the filter leaves to the keeper has a name: of each call for which its program has a mark there is a rule, with
 * the same error. And the program says to us what it says to the kernel. */
#include <errno.h>
#include <linux/net.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plan/filter/call-rules.h"
#include "plan/filter/syscall-filter.h"
#include "policy-fixture.h"
#include "wire/call-program.h"
#include "wire/call-rule.h"

#define SOCKETCALL_OF_I386 102

/* The first of @rules with @error that is for @data, or NULL. */
static const SbxCallRule *
find (GBytes *rules, const struct seccomp_data *data, guint32 error)
{
  gsize size;
  const SbxCallRule *rows = g_bytes_get_data (rules, &size);
  uint64_t arguments[6];

  for (guint i = 0; i < G_N_ELEMENTS (arguments); i++)
    arguments[i] = data->args[i];
  for (gsize i = 0; i < size / sizeof *rows; i++)
    if (rows[i].error == error && sbx_call_rule_matches (&rows[i], data->arch, (guint32) data->nr, arguments))
      return &rows[i];
  return NULL;
}

typedef struct {
  GBytes *filter, *rules;
  guint n_asked, n_refused, n_allowed;
} Case;

static void
compare (Case *self, const struct seccomp_data *data, const char *call)
{
  gsize size;
  const struct sock_filter *program = g_bytes_get_data (self->filter, &size);
  guint32 action = sbx_filter_run (program, size / sizeof *program, data);
  gboolean refused = (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
  gboolean asked = refused && (action & SBX_FILTER_ASKS);
  guint32 errno_of = action & SECCOMP_RET_DATA & ~SBX_FILTER_ASKS;

  self->n_asked += asked;
  self->n_refused += refused && !asked;
  self->n_allowed += !refused;
  if (asked && !find (self->rules, data, errno_of))
    g_error ("%s (%#llx, %#llx, %#llx): no rule with error %u", call, data->args[0], data->args[1], data->args[2],
             errno_of);
}

/* Of which the keeper does not say an error, but does it: test_socketcall (). */
static gboolean
makes_socket (const struct seccomp_data *data)
{
  return data->arch == SCMP_ARCH_X86 && data->nr == SOCKETCALL_OF_I386
         && ((guint32) data->args[0] == SYS_SOCKET || (guint32) data->args[0] == SYS_SOCKETPAIR);
}

/* Values around those that any row looks at, with bits that it does not look at, too. */
static void
compare_call (Case *self, guint32 arch, const char *call, GArray *values)
{
  int number = seccomp_syscall_resolve_name_arch (arch, call);

  if (number < 0)
    return;
  for (guint i = 0; i < values->len; i++)
    for (guint j = 0; j < values->len; j++)
      for (guint place = 0; place < 3; place++) {
        struct seccomp_data data = { .nr = number, .arch = arch };

        data.args[place] = g_array_index (values, guint64, i);
        data.args[(place + 1) % 3] = g_array_index (values, guint64, j);
        if (!makes_socket (&data))
          compare (self, &data, call);
      }
}

static void
add_value (GArray *values, guint64 value)
{
  const guint64 around[] = { value, value + 1, value - 1, value | (G_GUINT64_CONSTANT (1) << 40) };

  g_array_append_vals (values, around, G_N_ELEMENTS (around));
}

/* Those that the rows of @call look at. */
static GArray *
find_values (const char *call)
{
  GArray *values = g_array_new (FALSE, FALSE, sizeof (guint64));

  add_value (values, 0);
  for (const SbxCallRow *row = sbx_call_rows; row->call; row++)
    if (g_str_equal (row->call, call)) {
      if (row->test != SBX_CALL_ANY)
        add_value (values, row->value);
      if (row->and.mask != 0)
        add_value (values, row->and.value);
    }
  return values;
}

static SbxPolicy *
make_policy (const char *tier, const char *features, const char *others)
{
  g_autofree char *text = g_strdup_printf ("{'Seccomp': <{'tier': '%s'%s}>, 'Context': <{'shared': 'network;', "
                                           "'features': '%s'}>, 'Network': <{'bind': '8080;'}>}",
                                           tier, others, features);

  return policy_from_text (text);
}

/* Every call of the table, and those of @denied. */
static void
compare_all (Case *self, guint32 arch, const char *const *denied)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (const SbxCallRow *row = sbx_call_rows; row->call; row++)
    g_hash_table_add (seen, (char *) row->call);
  for (; *denied; denied++)
    g_hash_table_add (seen, (char *) *denied);
  g_hash_table_add (seen, (char *) "getppid");
  GHashTableIter iter;
  gpointer call;

  g_hash_table_iter_init (&iter, seen);
  while (g_hash_table_iter_next (&iter, &call, NULL)) {
    g_autoptr (GArray) values = find_values (call);

    compare_call (self, arch, call, values);
  }
}

static void
test_same_answers (void)
{
  static const char *const tiers[] = { "strict", "dumper", "default", "debugger", "browser" };
  static const char *const features[] = { "", "userns;", "multiarch;" };
  static const char *const denied[] = { "getcwd", "socket", "umask", NULL };
  static const char *const others[] = { "", ", 'deny': 'getcwd;socket;umask;'", ", 'allow': 'ptrace;mount;'" };

  for (gsize i = 0; i < G_N_ELEMENTS (tiers); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (features); j++)
      for (gsize k = 0; k < G_N_ELEMENTS (others); k++) {
        g_autoptr (SbxPolicy) policy = make_policy (tiers[i], features[j], others[k]);
        g_autoptr (GHashTable) cache = sbx_seccomp_cache_new ();
        g_autoptr (GError) error = NULL;
        g_autoptr (GBytes) filter = sbx_seccomp_get (cache, policy, SBX_BOX_SHARES_X11, &error);
        g_autoptr (GBytes) rules = sbx_call_rules_get (cache, policy, SBX_BOX_SHARES_X11);
        Case self = { .filter = filter, .rules = rules };

        g_assert_no_error (error);
        compare_all (&self, seccomp_arch_native (), denied);
#ifdef __x86_64__
        compare_all (&self, SCMP_ARCH_X86, denied);
#endif
        g_assert_cmpuint (self.n_asked, >, 500);
        g_assert_cmpuint (self.n_refused, >, 100);
        g_assert_cmpuint (self.n_allowed, >, 100);
      }
}

#ifdef __x86_64__
#define OF_KEEPER (SECCOMP_RET_ERRNO | SBX_FILTER_ASKS | ENOSYS)
#define NOT_THERE (SECCOMP_RET_ERRNO | ENOSYS)

/* socketcall (2) of 32-bit programs: what makes a socket is asked about, what is refused to nobody goes on, and all
 * else is not there. What the keeper then asks the program is the call as one of its own. */
static void
test_socketcall (void)
{
  static const struct {
    const char *policy;
    guint facts, call;
    guint32 says;
  } rows[] = {
    { "{'Context': <{'features': 'multiarch;'}>}", 0, SYS_SOCKET, OF_KEEPER },
    { "{'Context': <{'features': 'multiarch;'}>}", 0, SYS_SOCKETPAIR, OF_KEEPER },
    { "{'Context': <{'features': 'multiarch;'}>}", 0, SYS_CONNECT, SECCOMP_RET_ALLOW },
    { "{'Context': <{'features': 'multiarch;'}>}", 0, SYS_LISTEN, SECCOMP_RET_ALLOW },
    { "{'Context': <{'features': 'multiarch;'}>}", 0, SYS_SENDMSG, SECCOMP_RET_ALLOW },
    { "{'Context': <{'features': 'multiarch;'}>}", 0, SYS_SENDMMSG, SECCOMP_RET_ALLOW },
    { "{'Context': <{'features': 'multiarch;'}>}", 0, SYS_SENDMMSG + 1, NOT_THERE },
    { "{'Context': <{'features': 'multiarch;'}>}", 0, 0, NOT_THERE },
    { "{'Context': <{'features': 'multiarch;'}>}", SBX_BOX_LEARNED, SYS_CONNECT, SECCOMP_RET_USER_NOTIF },
    { "{'Context': <{'features': 'multiarch;devel;'}>}", 0, SYS_SOCKET, NOT_THERE },
    { "{'Context': <{'features': 'multiarch;devel;'}>}", SBX_BOX_IN_SESSION, SYS_SOCKET, OF_KEEPER },
    { "{'Context': <{'features': 'multiarch;'}>, 'Seccomp': <{'deny': 'connect;'}>}", 0, SYS_CONNECT, NOT_THERE },
    { "{'Context': <{'features': 'multiarch;'}>, 'Seccomp': <{'deny': 'accept4;'}>}", 0, SYS_ACCEPT, NOT_THERE },
    { "{'Context': <{'features': 'multiarch;', 'shared': 'network;'}>, 'Network': <{'bind': '8080;'}>}", 0, SYS_LISTEN,
      NOT_THERE },
    { "{'Context': <{'features': 'multiarch;', 'shared': 'network;'}>, 'Network': <{'bind': '8080;'}>}", 0, SYS_SENDMSG,
      NOT_THERE },
    { "{'Context': <{'features': 'multiarch;', 'shared': 'network;'}>, 'Network': <{'bind': '8080;'}>}", 0, SYS_BIND,
      SECCOMP_RET_ALLOW },
    { "@a{sv} {}", 0, SYS_SOCKET, NOT_THERE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (SbxPolicy) policy = policy_from_text (rows[i].policy);
    g_autoptr (GBytes) filter = sbx_seccomp_compile (policy, rows[i].facts, NULL);
    gsize size;
    const struct sock_filter *program = g_bytes_get_data (filter, &size);
    struct seccomp_data muxed = { .arch = SCMP_ARCH_X86, .nr = SOCKETCALL_OF_I386, .args = { rows[i].call } };
    struct seccomp_data crypto = { .arch = SCMP_ARCH_X86, .nr = 359, .args = { 38, 5, 0 } };

    g_test_message ("%s, %u", rows[i].policy, rows[i].call);
    g_assert_cmphex (sbx_filter_run (program, size / sizeof *program, &muxed), ==, rows[i].says);
    g_assert_cmphex (sbx_filter_run (program, size / sizeof *program, &crypto) & SECCOMP_RET_ACTION_FULL, ==,
                     SECCOMP_RET_ERRNO);
    /* The call of that number on other architectures is another one */
    muxed.arch = seccomp_arch_native ();
    g_assert_cmphex (sbx_filter_run (program, size / sizeof *program, &muxed), ==, SECCOMP_RET_ALLOW);
  }
}
#endif

/* Whether a rule that is about numbers is for @data. */
static gboolean
is_about_numbers (GBytes *rules, const struct seccomp_data *data)
{
  gsize size;
  const SbxCallRule *rows = g_bytes_get_data (rules, &size);
  uint64_t arguments[6];

  for (guint i = 0; i < G_N_ELEMENTS (arguments); i++)
    arguments[i] = data->args[i];
  for (gsize i = 0; i < size / sizeof *rows; i++)
    if (rows[i].subject != SBX_SUBJECT_NONE
        && sbx_call_rule_matches (&rows[i], data->arch, (guint32) data->nr, arguments))
      return TRUE;
  return FALSE;
}

/* The call of @row about the number @about: the keeper is asked, and knows why; or it is refused to everybody. */
static void
ask_about (Case *self, const SbxCallRow *row, guint64 about)
{
  gsize size;
  const struct sock_filter *program = g_bytes_get_data (self->filter, &size);
  struct seccomp_data data = { .arch = seccomp_arch_native (), .nr = seccomp_syscall_resolve_name (row->call) };
  guint32 action;

  if (data.nr < 0)
    return;
  if (row->test == SBX_CALL_MASKED)
    data.args[row->argument] = row->value;
  if (row->and.mask != 0)
    data.args[row->and.argument] = row->and.negated ? row->and.value + 1 : row->and.value;
  if (row->test != SBX_CALL_MASKED || row->about != row->argument)
    data.args[row->about] = about;
  action = sbx_filter_run (program, size / sizeof *program, &data);
  if (about == 0 && (row->test == SBX_CALL_NOT_EQUAL || row->and.negated)) {
    self->n_allowed += action == SECCOMP_RET_ALLOW;
    return;
  }
  self->n_asked += action == SECCOMP_RET_USER_NOTIF;
  self->n_refused += (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
  if (action == SECCOMP_RET_USER_NOTIF ? !is_about_numbers (self->rules, &data)
                                       : (action & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO)
    g_error ("%s about %#llx: %#x", row->call, (unsigned long long) about, action);
}

/* In a session's pid namespace, whatever the policy: also where an application may supervise calls itself, and where a
 * call is allowed by name. */
static void
test_numbers (void)
{
  static const char *const tiers[] = { "strict", "dumper", "default", "debugger", "browser" };
  static const char *const features[] = { "", "userns;", "multiarch;", "devel;" };
  static const char *const others[] = { "", ", 'allow': 'seccomp;ptrace;kill;prlimit64;'" };
  static const guint64 numbers[] = { 0, 1, 1234, 0xffffffffu - 7, G_MAXUINT64 - 7, G_GUINT64_CONSTANT (1) << 40 };

  for (gsize i = 0; i < G_N_ELEMENTS (tiers) * G_N_ELEMENTS (features) * G_N_ELEMENTS (others); i++) {
    g_autoptr (SbxPolicy) policy = make_policy (tiers[i % 5], features[i / 5 % 4], others[i / 20]);
    g_autoptr (GHashTable) cache = sbx_seccomp_cache_new ();
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) filter = sbx_seccomp_get (cache, policy, SBX_BOX_IN_SESSION, &error);
    g_autoptr (GBytes) rules = sbx_call_rules_get (cache, policy, SBX_BOX_IN_SESSION);
    Case self = { .filter = filter, .rules = rules };

    g_assert_no_error (error);
    for (const SbxCallRow *row = sbx_number_rows; row->call; row++)
      for (gsize j = 0; j < G_N_ELEMENTS (numbers); j++)
        ask_about (&self, row, numbers[j]);
    g_assert_cmpuint (self.n_asked, >, 100);
    g_assert_cmpuint (self.n_refused, >, 20);
    g_assert_cmpuint (self.n_allowed, >, 10);
  }
}

/* In a child that has the filter, without marks: 0, or the number of the first call that the kernel answers otherwise.
 */
static int
try_calls (struct sock_filter *program, gsize n, const long (*calls)[4])
{
  struct sock_fprog installed = { (unsigned short) n, g_memdup2 (program, n * sizeof *program) };

  sbx_filter_resolve_marks (installed.filter, n, FALSE);
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &installed) < 0)
    return 127;
  for (int i = 0; calls[i][0] >= 0; i++) {
    struct seccomp_data data = { .nr = (int) calls[i][0], .arch = seccomp_arch_native () };
    guint32 says;

    for (guint j = 0; j < 3; j++)
      data.args[j] = (guint64) calls[i][1 + j];
    says = sbx_filter_run (program, n, &data);
    if ((says & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO
        || syscall (calls[i][0], calls[i][1], calls[i][2], calls[i][3]) >= 0
        || errno != (int) (says & SECCOMP_RET_DATA & ~SBX_FILTER_ASKS))
      return i + 1;
  }
  return 0;
}

static void
test_like_the_kernel (void)
{
  static const long calls[][4] = { { SYS_setns, -1, 0, 0 },
                                   { SYS_socket, -1, 0, 33 },
                                   { SYS_socket, 40, 1, 0 },
                                   { SYS_socket, 2, 1, 132 },
                                   { SYS_socket, 16, 2, 11 },
                                   { SYS_ioctl, 0, 0x5412, 0 },
                                   { SYS_io_uring_setup, 0, 0, 0 },
                                   { SYS_unshare, 0x10000000, 0, 0 },
                                   { SYS_seccomp, 1, 8, 0 },
                                   { SYS_getcwd, 0, 0, 0 },
                                   { -1 } };
  g_autoptr (SbxPolicy) policy = make_policy ("strict", "", ", 'deny': 'getcwd;'");
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) filter = sbx_seccomp_compile (policy, 0, &error);
  g_autofree struct sock_filter *program = NULL;
  gsize n;
  int status;
  pid_t pid;

  g_assert_no_error (error);
  n = g_bytes_get_size (filter) / sizeof *program;
  program = g_memdup2 (g_bytes_get_data (filter, NULL), g_bytes_get_size (filter));
  pid = fork ();
  if (pid == 0)
    _exit (try_calls (program, n, calls));
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
}

/* What is no program refuses, and ends. */
static void
test_no_program (void)
{
  static const struct sock_filter programs[][2] = {
    { BPF_STMT (BPF_LD | BPF_W | BPF_ABS, sizeof (struct seccomp_data) - 3), BPF_STMT (BPF_RET | BPF_K, 0x7fff0000) },
    { BPF_STMT (BPF_JMP | BPF_JA, G_MAXUINT32), BPF_STMT (BPF_RET | BPF_K, 0x7fff0000) },
    { BPF_STMT (BPF_LD | BPF_W | BPF_LEN, 0), BPF_STMT (BPF_RET | BPF_K, 0x7fff0000) },
    { BPF_STMT (BPF_ALU | BPF_AND | BPF_K, 0), BPF_STMT (BPF_ALU | BPF_AND | BPF_K, 0) },
  };
  const struct seccomp_data data = { 0 };

  g_assert_cmphex (sbx_filter_run (NULL, 0, &data), ==, SECCOMP_RET_ERRNO | EPERM);
  for (gsize i = 0; i < G_N_ELEMENTS (programs); i++)
    g_assert_cmphex (sbx_filter_run (programs[i], 2, &data), ==, SECCOMP_RET_ERRNO | EPERM);
}

/* Where the application may supervise calls itself nothing is marked, and nobody is asked. */
static void
test_uncounted (void)
{
  static const char *const features[] = { "devel;", "" };
  static const char *const others[] = { "", ", 'allow': 'seccomp;'" };

  for (gsize i = 0; i < G_N_ELEMENTS (features); i++) {
    g_autoptr (SbxPolicy) policy = make_policy ("default", features[i], others[i]);
    g_autoptr (GHashTable) cache = sbx_seccomp_cache_new ();
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) filter = sbx_seccomp_get (cache, policy, 0, &error);
    g_autoptr (GBytes) rules = sbx_call_rules_get (cache, policy, 0);
    gsize size;
    g_autofree struct sock_filter *copy = NULL;

    g_assert_no_error (error);
    copy = g_memdup2 (g_bytes_get_data (filter, &size), g_bytes_get_size (filter));
    g_assert_cmpuint (sbx_filter_resolve_marks (copy, size / sizeof *copy, TRUE), ==, 0);
    g_assert_cmpuint (g_bytes_get_size (rules), ==, 0);
  }
}

/* Each rule can be told of: it has a reason, and where nothing but allow= lifts it, that is what is said. */
static void
test_notes (void)
{
  g_autoptr (SbxPolicy) policy = make_policy ("strict", "", ", 'deny': 'getcwd;'");
  g_autoptr (GHashTable) cache = sbx_seccomp_cache_new ();
  g_autoptr (GBytes) rules = sbx_call_rules_get (cache, policy, SBX_BOX_SHARES_X11);
  gsize size;
  const SbxCallRule *rows = g_bytes_get_data (rules, &size);
  SbxCallNote note;

  for (gsize i = 0; i < size / sizeof *rows; i++) {
    SbxCallRule copy;

    g_assert_true (sbx_call_rule_read (&copy, &rows[i], sizeof rows[i]));
    g_assert_true (sbx_call_note_find (rows[i].call, rows[i].kind, &note));
    g_assert_cmpstr (note.error, ==, sbx_seccomp_error_name ((int) rows[i].error));
    g_assert_cmpstr (note.reason, !=, NULL);
    g_assert_true (note.of_profile == g_str_equal (rows[i].call, "getcwd"));
  }
  g_assert_true (sbx_call_note_find ("setns", "any", &note));
  g_assert_cmpuint (note.lifted_by, ==, SBX_FEATURE_USERNS);
  g_assert_false (sbx_call_note_find ("setns", "0=0x1", &note));
}

static void
test_damaged (void)
{
  const SbxCallRule good = { .error = EPERM, .call = "setns", .kind = "any" };
  SbxCallRule bad, read;

  g_assert_true (sbx_call_rule_read (&read, &good, sizeof good));
  g_assert_false (sbx_call_rule_read (&read, &good, sizeof good - 1));
#define REFUSED(change)                                                                                                \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    bad = good;                                                                                                        \
    change;                                                                                                            \
    g_assert_false (sbx_call_rule_read (&read, &bad, sizeof bad));                                                     \
  }                                                                                                                    \
  G_STMT_END
  REFUSED (bad.error = 0);
  REFUSED (bad.error = 4096);
  REFUSED (bad.n_checks = 3);
  REFUSED (bad.checks[1].argument = 6);
  REFUSED (bad.checks[0].kind = SBX_N_CHECKS);
  REFUSED (memset (bad.call, 'a', sizeof bad.call));
  REFUSED (memset (bad.kind, 'a', sizeof bad.kind));
  REFUSED (bad.call[0] = '\0');
  REFUSED (bad.call[0] = '\033');
  REFUSED (bad.kind[0] = ' ');
#undef REFUSED
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/call-rules/same-answers", test_same_answers);
  g_test_add_func ("/call-rules/numbers", test_numbers);
  g_test_add_func ("/call-rules/like-the-kernel", test_like_the_kernel);
  g_test_add_func ("/call-rules/no-program", test_no_program);
  g_test_add_func ("/call-rules/uncounted", test_uncounted);
  g_test_add_func ("/call-rules/notes", test_notes);
  g_test_add_func ("/call-rules/damaged", test_damaged);
#ifdef __x86_64__
  g_test_add_func ("/call-rules/socketcall", test_socketcall);
#endif
  return g_test_run ();
}
