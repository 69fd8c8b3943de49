/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/surroundings.h"

#include <errno.h>

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

/* Reads all profiles, which takes some milliseconds: asked when there is a link. */
static const SbxObjectSet *
load_tainted (gpointer data)
{
  SbxSurroundings *self = data;

  if (!self->tainted) {
    g_auto (GStrv) names = sbx_profile_set_list (self->host->profiles);

    self->tainted = sbx_object_set_new ();
    for (char **name = names; *name; name++) {
      g_autoptr (SbxProfile) profile = sbx_profile_set_lookup (self->host->profiles, *name, NULL);

      if (profile) /* else nobody starts under it */
        add_writable (self->tainted, profile);
    }
  }
  return self->tainted;
}

SbxSurroundings *
sbx_surroundings_new (SbxHost *host, guint64 id)
{
  SbxSurroundings *self = g_new0 (SbxSurroundings, 1);

  self->host = sbx_host_ref (host);
  sbx_id_format (id, self->id);
  self->state_home = g_strdup (g_get_user_state_dir ());
  self->profile_dirs = sbx_profile_set_default_dirs ();
  self->around = (SbxLayersAround){
    .machine = host->machine,
    .id = self->id,
    .state_home = self->state_home,
    .profile_dirs = (const char *const *) self->profile_dirs,
    .n_profile_dirs = SBX_N_PLACES,
    .more_tainted = load_tainted,
    .data = self,
  };
  return self;
}

void
sbx_surroundings_free (SbxSurroundings *self)
{
  g_clear_pointer (&self->tainted, sbx_object_set_free);
  g_strfreev (self->profile_dirs);
  sbx_host_unref (self->host);
  g_free (self->state_home);
  g_free (self);
}
