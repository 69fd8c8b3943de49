/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/filter/path-calls.h"

#include <seccomp.h>

#include "plan/filter/path-table.h"
#include "plan/filter/syscall-filter.h"

static void
add (GArray *calls, const SbxPathRow *row, guint32 arch)
{
  int number = seccomp_syscall_resolve_name_arch (arch, row->call);
  const SbxPathCall call = { arch, (guint32) number, row->kind, row->uses, row->path, row->directory, row->more, 0 };

  if (number >= 0)
    g_array_append_val (calls, call);
}

/* What installs a filter: whatever is refused of it, its other uses are none of ours. */
static void
add_filters (GArray *calls, guint32 arch)
{
  static const SbxPathRow rows[] = {
    { "seccomp", SBX_PATH_SECCOMP, 0, 0, SBX_NO_ARGUMENT, SBX_NO_ARGUMENT },
    { "prctl", SBX_PATH_PRCTL, 0, 0, SBX_NO_ARGUMENT, SBX_NO_ARGUMENT },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    add (calls, &rows[i], arch);
}

#ifdef __x86_64__
/* libseccomp makes a rule for connect (2) one for socketcall (2) as well. */
static void
add_32_bit (GArray *calls)
{
  const SbxPathRow socketcall = { "socketcall", SBX_PATH_SOCKETCALL, 0, 0, SBX_NO_ARGUMENT, SBX_NO_ARGUMENT };

  for (const SbxPathRow *row = sbx_path_rows; row->call; row++)
    add (calls, row, SCMP_ARCH_X86);
  add (calls, &socketcall, SCMP_ARCH_X86);
  add_filters (calls, SCMP_ARCH_X86);
}
#endif

static GBytes *
make_calls (const SbxPolicy *policy, guint facts)
{
  GArray *calls = g_array_new (FALSE, FALSE, sizeof (SbxPathCall));
  gsize size;

  for (const SbxPathRow *row = sbx_path_rows; row->call; row++)
    if (!sbx_seccomp_refuses (policy, facts, row->call))
      add (calls, row, seccomp_arch_native ());
  add_filters (calls, seccomp_arch_native ());
#ifdef __x86_64__
  if (sbx_policy_get_features (policy) & SBX_FEATURE_MULTIARCH)
    add_32_bit (calls);
#endif
  size = calls->len * sizeof (SbxPathCall);
  return g_bytes_new_take (g_array_free (calls, FALSE), size);
}

GBytes *
sbx_path_calls_get (GHashTable *cache, const SbxPolicy *policy, guint facts)
{
  g_autofree char *key = sbx_seccomp_cache_key ("paths", policy, facts);
  GBytes *calls = g_hash_table_lookup (cache, key);

  if (calls)
    return g_bytes_ref (calls);
  return sbx_seccomp_cache_keep (cache, g_steal_pointer (&key), make_calls (policy, facts));
}
