/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/filter/call-rules.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>

#include "plan/filter/syscall-filter.h"
#include "wire/call-rule.h"

#define OF_PROFILE "denied"

/* Adds @check to the name of its row: "0=0x1f" for argument 0 that is 31. */
static void
name_check (GString *name, const SbxCallCheck *check)
{
  static const char marks[SBX_N_CHECKS] = {
    [SBX_CHECK_MASKED] = '=', [SBX_CHECK_NOT_EQUAL] = '!', [SBX_CHECK_ABOVE] = '>'
  };

  g_string_append_printf (name, "%s%u%c%#" G_GINT64_MODIFIER "x", name->len > 0 ? "," : "", check->argument,
                          marks[check->kind], check->value);
}

/* How libseccomp compares: all 64 bits unless there is a mask. */
static SbxCallCheck
first_check (const SbxCallRow *row)
{
  SbxCallCheck check = { .argument = row->argument, .mask = G_MAXUINT64, .value = row->value };

  switch (row->test) {
  case SBX_CALL_NOT_EQUAL:
    check.kind = SBX_CHECK_NOT_EQUAL;
    break;
  case SBX_CALL_ABOVE:
    check.kind = SBX_CHECK_ABOVE;
    break;
  case SBX_CALL_MASKED:
    check.mask = row->mask;
    break;
  case SBX_CALL_EQUAL:
  case SBX_CALL_ANY:
    break;
  }
  return check;
}

static SbxCallCheck
second_check (const SbxCallCondition *and)
{
  return (SbxCallCheck){ and->argument, and->negated ? SBX_CHECK_NOT_EQUAL : SBX_CHECK_MASKED, and->mask, and->value };
}

/* All but the number. */
static SbxCallRule
make_rule (const SbxCallRow *row)
{
  SbxCallRule rule = { .error = (guint32) row->error, .subject = row->subject, .about = row->about };
  g_autoptr (GString) kind = g_string_new (NULL);

  if (row->test != SBX_CALL_ANY) {
    rule.checks[rule.n_checks++] = first_check (row);
    if (row->and.mask != 0)
      rule.checks[rule.n_checks++] = second_check (&row->and);
  }
  for (guint i = 0; i < rule.n_checks; i++)
    name_check (kind, &rule.checks[i]);
  if (!row->reason)
    g_string_assign (kind, OF_PROFILE);
  else if (kind->len == 0)
    g_string_assign (kind, "any");
  g_strlcpy (rule.call, row->call, sizeof rule.call);
  g_strlcpy (rule.kind, kind->str, sizeof rule.kind);
  return rule;
}

static void
add_row (GArray *rules, const SbxCallRow *row, const guint32 *arches)
{
  SbxCallRule rule = make_rule (row);

  for (; *arches; arches++) {
    int number = seccomp_syscall_resolve_name_arch (*arches, row->call);

    rule.arch = *arches;
    rule.number = (guint32) number;
    if (number >= 0) /* else it is none of this architecture */
      g_array_append_val (rules, rule);
  }
}

/* A call that the profile denies comes first: its row of the table is not in the filter then. */
static GBytes *
make_rules (const SbxPolicy *policy, guint facts)
{
  const char *const *deny = sbx_policy_get_seccomp_deny (policy);
  GArray *rules = g_array_new (FALSE, FALSE, sizeof (SbxCallRule));
  guint32 arches[3] = { seccomp_arch_native () };
  gsize size;

#ifdef __x86_64__
  if (sbx_policy_get_features (policy) & SBX_FEATURE_MULTIARCH)
    arches[1] = SCMP_ARCH_X86;
#endif
  for (const SbxCallRow *row = sbx_call_rows; row->call; row++)
    if (sbx_seccomp_row_applies (row, policy, facts) && sbx_seccomp_row_may_ask (row))
      add_row (rules, row, arches);
  for (const SbxCallRow *row = sbx_number_rows; row->call; row++)
    if (sbx_seccomp_row_applies (row, policy, facts))
      add_row (rules, row, arches);
  for (; deny && *deny; deny++) {
    const SbxCallRow row = { .call = *deny, .error = EPERM };

    if (sbx_seccomp_row_may_ask (&row))
      add_row (rules, &row, arches);
  }
  size = rules->len * sizeof (SbxCallRule);
  return g_bytes_new_take (g_array_free (rules, FALSE), size);
}

GBytes *
sbx_call_rules_get (GHashTable *cache, const SbxPolicy *policy, guint facts)
{
  g_autofree char *key = NULL;
  GBytes *rules;

  if (!sbx_seccomp_is_counted (policy, facts))
    return g_bytes_new_static (NULL, 0);
  key = sbx_seccomp_cache_key ("rules", policy, facts);
  rules = g_hash_table_lookup (cache, key);
  if (rules)
    return g_bytes_ref (rules);
  return sbx_seccomp_cache_keep (cache, g_steal_pointer (&key), make_rules (policy, facts));
}

/* The row of @rows of which @kind is the name. */
static const SbxCallRow *
find_row (const SbxCallRow *rows, const char *call, const char *kind)
{
  for (const SbxCallRow *row = rows; row->call; row++)
    if (g_str_equal (row->call, call)) {
      SbxCallRule rule = make_rule (row);

      if (g_str_equal (rule.kind, kind))
        return row;
    }
  return NULL;
}

gboolean
sbx_call_note_find (const char *call, const char *kind, SbxCallNote *note)
{
  const SbxCallRow *row = find_row (sbx_call_rows, call, kind);

  if (g_str_equal (kind, OF_PROFILE)) {
    *note =
        (SbxCallNote){ .error = sbx_seccomp_error_name (EPERM), .reason = "the profile denies it", .of_profile = TRUE };
    return TRUE;
  }
  if (!row)
    row = find_row (sbx_number_rows, call, kind);
  if (!row)
    return FALSE;
  *note = (SbxCallNote){ .error = sbx_seccomp_error_name (row->error),
                         .reason = row->reason,
                         .lifted_by = row->unless,
                         .of_ports = row->when == SBX_WHEN_PORTS_LIMITED };
  return TRUE;
}
