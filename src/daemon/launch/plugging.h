/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets of the desktop that a running instance is given: which can be, and what the keeper mounts for one. */
#pragma once

#include "daemon/instances/info.h"
#include "daemon/launch/host.h"
#include "daemon/launch/surroundings.h"
#include "plan/plan.h"
#include "policy/policy.h"

G_BEGIN_DECLS

/* Of one socket. Files are held open as long as it lives. */
typedef struct {
  SbxPlan *plan; /* that the instance would have with it */
  SbxSurroundings *surroundings;
  GArray *taken; /* SbxLayersTaken, of the record */
  char *dest;
  SbxLayers *layers;
} SbxPlugging;

/* Plans what is mounted for the socket that @to has beyond @from, policies of the instance that @info describes, which
 * has to live as long. Errors: NOT_FOUND: there is no such socket; NOT_SUPPORTED for one that cannot be
 * given while it runs, with the reason, and for several at once; those of sbx_layers_new (). */
SbxPlugging *sbx_plugging_new (SbxHost *host, const SbxInfo *info, const SbxPolicy *from, const SbxPolicy *to,
                               GError **error);
void sbx_plugging_free (SbxPlugging *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxPlugging, sbx_plugging_free)

G_END_DECLS
