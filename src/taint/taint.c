/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "taint/taint.h"

#include <errno.h>

#include "common/names.h"
#include "sources/source.h"

/* Directories that @profile lets an application write. */
static void
add_writable (SbxObjectSet *set, SbxProfile *profile)
{
  const SbxSourceWay way = { 0 };
  gsize n;
  const SbxPathRule *rules = sbx_policy_get_filesystems (sbx_profile_get_policy (profile), &n);

  for (gsize i = 0; i < n; i++) {
    g_autoptr (SbxSource) source =
        rules[i].access >= SBX_ACCESS_RW ? sbx_source_open (rules[i].path, &way, NULL) : NULL;
    g_autofree char *words = NULL;

    if (!source)
      continue;
    words = g_strdup_printf ("%s, where applications under the profile %s may write", rules[i].path,
                             sbx_profile_get_name (profile));
    if (sbx_object_set_add (set, source->fd, words) < 0)
      g_warning ("Links in %s are followed, since it cannot be kept open: %s", rules[i].path, g_strerror (errno));
  }
}

SbxObjectSet *
sbx_taint_of_profiles (SbxProfileSet *profiles)
{
  g_auto (GStrv) names = sbx_profile_set_list (profiles);
  SbxObjectSet *set = sbx_object_set_new ();

  for (char **name = names; *name; name++) {
    g_autoptr (SbxProfile) profile = sbx_profile_set_lookup (profiles, *name, NULL);

    if (profile) /* else nobody starts under it */
      add_writable (set, profile);
  }
  return set;
}

int
sbx_taint_add_homes (SbxObjectSet *set, const char *data_home)
{
  const SbxSourceWay way = { 0 };
  g_autofree char *path = g_build_filename (data_home, SBX_RUNTIME_SUBDIR, NULL);
  g_autoptr (SbxSource) source = sbx_source_open (path, &way, NULL); /* not there: nothing is kept yet */

  return source ? sbx_object_set_add (set, source->fd, "a directory where an application's files are kept") : 0;
}
