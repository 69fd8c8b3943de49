/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "taint/taint.h"

#include <errno.h>
#include <glib/gi18n.h>

#include "common/names.h"
#include "policy/policy.h"
#include "sources/mount-table.h"
#include "sources/source.h"

/* What a policy calls @path. */
static void
add_place (SbxObjectSet *set, const SbxMountTable *table, const char *path, const char *who)
{
  const SbxSourceWay way = { 0 };
  g_autoptr (SbxSource) source = sbx_source_open (path, &way, NULL);
  g_autofree char *words = NULL;

  if (!source)
    return;
  words = g_strdup_printf (N_ ("%s, where %s may write"), path, who);
  if (sbx_mount_table_note (table, set, source->fd, source->path, words) < 0)
    g_warning ("Links in %s are followed, since it cannot be kept open: %s", path, g_strerror (errno));
}

/* Directories that @policy lets an application write; "/" means no more than what a sandbox gets of it. */
static void
add_writable (SbxObjectSet *set, const SbxMountTable *table, const SbxPolicy *policy, const char *who)
{
  gsize n;
  const SbxPathRule *rules = sbx_policy_get_filesystems (policy, &n);

  for (gsize i = 0; i < n; i++) {
    const char *const one[] = { rules[i].path, NULL };
    const char *const *places = rules[i].path[1] == '\0' ? sbx_path_host_places () : one;

    for (gsize j = 0; rules[i].access >= SBX_ACCESS_RW && places[j]; j++)
      add_place (set, table, places[j], who);
  }
}

SbxObjectSet *
sbx_taint_of_policy (const SbxPolicy *policy)
{
  g_autoptr (SbxMountTable) table = sbx_mount_table_read (NULL);
  SbxObjectSet *set = sbx_object_set_new ();

  add_writable (set, table, policy, N_ ("this application"));
  return set;
}

SbxObjectSet *
sbx_taint_of_profiles (SbxProfileSet *profiles)
{
  g_auto (GStrv) names = sbx_profile_set_list (profiles);
  g_autoptr (SbxMountTable) table = sbx_mount_table_read (NULL);
  SbxObjectSet *set = sbx_object_set_new ();

  for (char **name = names; table && *name; name++) {
    g_autoptr (SbxProfile) profile = sbx_profile_set_lookup (profiles, *name, NULL);
    g_autofree char *who = g_strdup_printf (N_ ("applications under the profile %s"), *name);

    if (profile) /* else nobody starts under it */
      add_writable (set, table, sbx_profile_get_policy (profile), who);
  }
  return set;
}

int
sbx_taint_add_homes (SbxObjectSet *set, const char *data_home)
{
  const SbxSourceWay way = { 0 };
  g_autofree char *path = g_build_filename (data_home, SBX_RUNTIME_SUBDIR, NULL);
  g_autoptr (SbxSource) source = sbx_source_open (path, &way, NULL); /* not there: nothing is kept yet */

  return source ? sbx_object_set_add (set, source->fd, N_ ("a directory where an application's files are kept")) : 0;
}
