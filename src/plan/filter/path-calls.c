/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arguments are those of the manual page of each call; a call with two names has two rows. */
#include "plan/filter/path-calls.h"

#include <seccomp.h>
#include <string.h>

#include "plan/filter/syscall-filter.h"
#include "wire/learned.h"
#include "wire/path-call.h"

typedef struct {
  const char *call;
  SbxPathKind kind;
  guint uses; /* SbxLearnedUse */
  guint path, directory, more;
} Row;

#define NONE SBX_NO_ARGUMENT
#define PLAIN(call, uses, path)                                                                                        \
  {                                                                                                                    \
    call, SBX_PATH_PLAIN, uses, path, NONE, NONE                                                                       \
  }
#define AT(call, uses, directory, path)                                                                                \
  {                                                                                                                    \
    call, SBX_PATH_PLAIN, uses, path, directory, NONE                                                                  \
  }
#define LOOK SBX_USE_LOOK
#define WRITE SBX_USE_WRITE
#define MAKE (SBX_USE_MAKE | SBX_USE_WRITE)

static const Row rows[] = {
  { "open", SBX_PATH_OPEN, 0, 0, NONE, 1 },
  { "openat", SBX_PATH_OPEN, 0, 1, 0, 2 },
  { "openat2", SBX_PATH_OPEN_HOW, 0, 1, 0, 2 },
  PLAIN ("creat", MAKE, 0),
  PLAIN ("stat", LOOK, 0),
  PLAIN ("stat64", LOOK, 0),
  PLAIN ("lstat", LOOK, 0),
  PLAIN ("lstat64", LOOK, 0),
  AT ("newfstatat", LOOK, 0, 1),
  AT ("fstatat64", LOOK, 0, 1),
  AT ("statx", LOOK, 0, 1),
  PLAIN ("access", LOOK, 0),
  AT ("faccessat", LOOK, 0, 1),
  AT ("faccessat2", LOOK, 0, 1),
  PLAIN ("readlink", LOOK, 0),
  AT ("readlinkat", LOOK, 0, 1),
  PLAIN ("chdir", LOOK, 0),
  PLAIN ("execve", SBX_USE_EXECUTE, 0),
  AT ("execveat", SBX_USE_EXECUTE, 0, 1),
  PLAIN ("mkdir", MAKE, 0),
  AT ("mkdirat", MAKE, 0, 1),
  PLAIN ("rmdir", WRITE, 0),
  PLAIN ("unlink", WRITE, 0),
  AT ("unlinkat", WRITE, 0, 1),
  PLAIN ("truncate", WRITE, 0),
  PLAIN ("rename", WRITE, 0),
  PLAIN ("rename", MAKE, 1),
  AT ("renameat", WRITE, 0, 1),
  AT ("renameat", MAKE, 2, 3),
  AT ("renameat2", WRITE, 0, 1),
  AT ("renameat2", MAKE, 2, 3),
  PLAIN ("symlink", MAKE, 1),
  AT ("symlinkat", MAKE, 1, 2),
  PLAIN ("link", SBX_USE_READ, 0),
  PLAIN ("link", MAKE, 1),
  AT ("linkat", SBX_USE_READ, 0, 1),
  AT ("linkat", MAKE, 2, 3),
  { "connect", SBX_PATH_CONNECT, SBX_USE_CONNECT, 1, NONE, 2 },
};

/* Whether the filter of @policy refuses @call, or some of it. */
static gboolean
is_refused (const char *call, const SbxPolicy *policy, guint facts)
{
  const char *const *deny = sbx_policy_get_seccomp_deny (policy);

  if (deny && g_strv_contains (deny, call))
    return TRUE;
  for (const SbxCallRow *row = sbx_call_rows; row->call; row++)
    if (strcmp (row->call, call) == 0 && sbx_seccomp_row_applies (row, policy, facts))
      return TRUE;
  return FALSE;
}

static void
add (GArray *calls, const Row *row, guint32 arch)
{
  int number = seccomp_syscall_resolve_name_arch (arch, row->call);
  const SbxPathCall call = { arch, (guint32) number, row->kind, row->uses, row->path, row->directory, row->more, 0 };

  if (number >= 0)
    g_array_append_val (calls, call);
}

#ifdef __x86_64__
/* libseccomp makes a rule for connect (2) one for socketcall (2) as well. */
static void
add_32_bit (GArray *calls)
{
  const Row socketcall = { "socketcall", SBX_PATH_SOCKETCALL, 0, 0, NONE, NONE };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    add (calls, &rows[i], SCMP_ARCH_X86);
  add (calls, &socketcall, SCMP_ARCH_X86);
}
#endif

static GBytes *
make_calls (const SbxPolicy *policy, guint facts)
{
  GArray *calls = g_array_new (FALSE, FALSE, sizeof (SbxPathCall));
  gsize size;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (!is_refused (rows[i].call, policy, facts))
      add (calls, &rows[i], seccomp_arch_native ());
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

const char **
sbx_path_calls_names (const SbxPolicy *policy, guint facts)
{
  GPtrArray *names = g_ptr_array_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if ((i == 0 || strcmp (rows[i].call, rows[i - 1].call) != 0) && !is_refused (rows[i].call, policy, facts))
      g_ptr_array_add (names, (gpointer) rows[i].call);
  g_ptr_array_add (names, NULL);
  return (const char **) g_ptr_array_free (names, FALSE);
}
