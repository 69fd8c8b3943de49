/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/search-path.h"

#include <string.h>

#include "common/path.h"
#include "plan/environment.h"

#define SYSTEM "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games:/usr/sbin:/sbin"
#define MAX_DIRECTORIES 64
#define MAX_LENGTH 4096 /* of each */

/* Whether @directory, or something in it, is to be seen inside. */
static gboolean
is_shown (const SbxPolicy *policy, const char *directory)
{
  static const char *const system[] = { "/usr", "/opt" };
  gsize n;
  const SbxPathRule *rules = sbx_policy_get_filesystems (policy, &n);

  for (gsize i = 0; i < G_N_ELEMENTS (system); i++)
    if (sbx_path_is_below (directory, system[i]))
      return TRUE;
  if (sbx_policy_get_access (policy, directory) != SBX_ACCESS_NONE)
    return TRUE;
  for (gsize i = 0; i < n; i++)
    if (rules[i].access != SBX_ACCESS_NONE && sbx_path_is_below (rules[i].path, directory))
      return TRUE;
  return FALSE;
}

/* Absolute, and written as policies write paths. */
static gboolean
is_clean (const char *directory)
{
  g_autofree char *canonical = *directory == '/' ? g_canonicalize_filename (directory, "/") : NULL;

  return canonical && strlen (directory) < MAX_LENGTH && strcmp (canonical, directory) == 0;
}

char *
sbx_search_path_make (const SbxPolicy *policy, const SbxPlanRequest *request)
{
  const char *own = request->display_env ? sbx_environment_of_caller (request, NULL, "PATH") : NULL;
  g_auto (GStrv) directories = g_strsplit (own ? own : "", ":", MAX_DIRECTORIES + 1);
  g_auto (GStrv) system = g_strsplit (SYSTEM, ":", -1);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GString *path = g_string_new (SYSTEM);

  for (char **directory = system; *directory; directory++)
    g_hash_table_add (seen, *directory);
  for (guint i = 0; i < MAX_DIRECTORIES && directories[i]; i++) {
    g_autofree char *trimmed = g_strdup (directories[i]);
    gsize n = strlen (trimmed);

    while (n > 1 && trimmed[n - 1] == '/')
      trimmed[--n] = '\0';
    if (!is_clean (trimmed) || !is_shown (policy, trimmed) || g_hash_table_contains (seen, trimmed))
      continue;
    g_string_append_printf (path, ":%s", trimmed);
    g_free (directories[i]);
    directories[i] = g_steal_pointer (&trimmed);
    g_hash_table_add (seen, directories[i]);
  }
  return g_string_free (path, FALSE);
}
