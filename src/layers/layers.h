/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the mounts of a box to what the keeper is told to mount: everything that is the user's has been opened by then,
 * and is held open as long as this lives, so that an object's numbers are that object's. */
#pragma once

#include "plan/box.h"
#include "plan/machine/machine.h"
#include "plan/request.h"
#include "policy/policy.h"
#include "sources/object.h"
#include "wire/layer.h"

G_BEGIN_DECLS

/* What there is beside the sandbox. All of it has to live as long as the layers. */
typedef struct {
  const SbxMachine *machine;
  const char *state_home;
  const char *const *profile_dirs; /* that profiles are read from; NULL where there is none */
  gsize n_profile_dirs;
  /* Where other sandboxes may write: sources/source.h. Or NULL. */
  const SbxObjectSet *(*more_tainted) (gpointer data);
  gpointer data;
} SbxLayersAround;

typedef struct _SbxLayers SbxLayers;

/* Makes the directories that @box wants to be there, and opens everything. @box and @policy have to live as long.
 * @forward: the files that the caller hands over, of which @box has the mounts.
 * Errors: SPAWN_FAILED, NOT_FOUND; each says which path, and what is wrong with it. */
SbxLayers *sbx_layers_new (const SbxBox *box, const SbxPolicy *policy, const SbxForwardedFile *forward, gsize n_forward,
                           const SbxLayersAround *around, GError **error);
void sbx_layers_free (SbxLayers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxLayers, sbx_layers_free)

const SbxLayer *sbx_layers_get (const SbxLayers *self, gsize *n);
/* "LINK → TARGET" for each link that was followed; ends with NULL. */
const char *const *sbx_layers_get_links (const SbxLayers *self);

/* Where something is mounted in a kept home, and nothing is there yet: an empty file or directory is made, and stays.
 */
typedef struct {
  int home;   /* a directory that the application keeps, O_PATH */
  char *path; /* below it */
} SbxLayerPoint;

/* SbxLayerPoint, children before parents; the caller's, with the descriptors. */
GArray *sbx_layers_list_points (const SbxLayers *self);
/* Removes what is still there and empty: what the application has written is its own. No link is followed. */
void sbx_layer_points_remove (GArray *points);

G_END_DECLS
