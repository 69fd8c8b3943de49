/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What there is beside a sandbox that is launched: what stays closed to it, and where others may write. */
#pragma once

#include "daemon/instances/info.h"
#include "daemon/launch/host.h"
#include "layers/layers.h"

G_BEGIN_DECLS

typedef struct {
  SbxLayersAround around;
  SbxHost *host;
  char *state_home;
  char id[SBX_ID_SIZE];
  char **profile_dirs;
  SbxObjectSet *tainted; /* or NULL: nobody has asked for it yet */
} SbxSurroundings;

/* Of the instance @id that is to be. */
SbxSurroundings *sbx_surroundings_new (SbxHost *host, guint64 id);
void sbx_surroundings_free (SbxSurroundings *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxSurroundings, sbx_surroundings_free)

G_END_DECLS
