/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/surroundings.h"

#include "taint/taint.h"

/* Reads all profiles, which takes some milliseconds: asked when there is a link. */
static const SbxObjectSet *
load_tainted (gpointer data)
{
  SbxSurroundings *self = data;

  if (!self->tainted)
    self->tainted = sbx_taint_of_profiles (self->host->profiles);
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
