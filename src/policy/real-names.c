/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/real-names.h"

#include <stdlib.h>
#include <string.h>

#include "policy/policy-private.h"

/* What is there of @path by its real name, and the rest as it is. */
static char *
find_real (const char *path)
{
  g_autofree char *above = g_strdup (path);

  for (;;) {
    char *real = realpath (above, NULL), *slash;

    if (real) {
      const char *rest = path + strlen (above);
      char *all = g_strconcat (g_str_equal (real, "/") && *rest ? "" : real, rest, NULL);

      free (real);
      return all;
    }
    slash = strrchr (above, '/');
    if (!slash || slash == above)
      return g_strdup (path);
    *slash = '\0';
  }
}

static gboolean
has_rule (const GArray *rules, const char *path)
{
  for (guint i = 0; i < rules->len; i++)
    if (g_str_equal (g_array_index (rules, SbxPathRule, i).path, path))
      return TRUE;
  return FALSE;
}

SbxPolicy *
sbx_policy_with_real_names (const SbxPolicy *policy)
{
  SbxPolicy *real = sbx_policy_thaw (policy);
  GArray *rules = sbx_paths_new ();
  gsize n;
  const SbxPathRule *given = sbx_policy_get_filesystems (policy, &n);

  for (gsize i = 0; i < n; i++) {
    g_autofree char *path = sbx_paths_usual (find_real (given[i].path));
    SbxAccess access = given[i].access;

    if (has_rule (rules, path))
      access = MAX (access, sbx_paths_get (rules, SBX_PATHS_FILES, path));
    sbx_paths_set (rules, path, access);
  }
  g_array_unref (real->paths[SBX_PATHS_FILES]);
  real->paths[SBX_PATHS_FILES] = rules;
  return sbx_policy_freeze (real);
}

/* Of @places those that the score goes by; free with free_places (). */
static SbxPlaces
real_places (const SbxPlaces *places)
{
  SbxPlaces real = *places;
  const char **all[] = { &real.home, &real.runtime_dir, &real.data_home, &real.config_home, &real.cache_home };

  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    *all[i] = *all[i] && **all[i] == '/' ? sbx_paths_usual (find_real (*all[i])) : g_strdup (*all[i]);
  return real;
}

static void
free_places (SbxPlaces *real)
{
  const char *const all[] = { real->home, real->runtime_dir, real->data_home, real->config_home, real->cache_home };

  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    g_free ((char *) all[i]);
}

guint
sbx_score_here (const SbxPolicy *policy, const SbxPlaces *places, GArray **open)
{
  g_autoptr (SbxPolicy) real = sbx_policy_with_real_names (policy);
  SbxPlaces where = real_places (places);
  guint score = sbx_score (real, &where, open);

  free_places (&where);
  return score;
}

GVariant *
sbx_score_here_to_variant (const SbxPolicy *policy, const SbxPlaces *places)
{
  g_autoptr (SbxPolicy) real = sbx_policy_with_real_names (policy);
  SbxPlaces where = real_places (places);
  GVariant *score = sbx_score_to_variant (real, &where);

  free_places (&where);
  return score;
}
