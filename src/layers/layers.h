/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes the layers that the keeper mounts from the mounts of a box. Everything that is the user's has been opened by
 * then, and is held open as long as this lives, so that an object's numbers stay that object's. */
#pragma once

#include "layers/around.h"
#include "plan/box.h"
#include "plan/request.h"
#include "policy/policy.h"
#include "wire/layer.h"

G_BEGIN_DECLS

typedef struct _SbxLayers SbxLayers;

/* Makes the directories that @box wants, and opens everything. @box and @policy have to live as long. @forward: the
 * files that the caller hands over, whose mounts are in @box. Errors: SPAWN_FAILED, NOT_FOUND; each says which path,
 * and what is wrong with it. */
SbxLayers *sbx_layers_new (const SbxBox *box, const SbxPolicy *policy, const SbxForwardedFile *forward, gsize n_forward,
                           const SbxLayersAround *around, GError **error);
void sbx_layers_free (SbxLayers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxLayers, sbx_layers_free)

const SbxLayer *sbx_layers_get (const SbxLayers *self, gsize *n);
/* "LINK → TARGET" for each link that was followed; ends with NULL. */
const char *const *sbx_layers_get_links (const SbxLayers *self);

/* "PLACE: what is closed there" for each cover; ends with NULL. */
const char *const *sbx_layers_get_covers (const SbxLayers *self);

/* Whether the instance has stages that are to be removed (doors.h). */
gboolean sbx_layers_have_doors (const SbxLayers *self);

/* The mount points that have to be made in homes that are kept: SbxLayerPoint of points.h; the caller's. */
GArray *sbx_layers_list_points (const SbxLayers *self);

G_END_DECLS
