/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a launch has on the disk and sends to its keeper. */
#pragma once

#include "daemon/launch/choice.h"
#include "daemon/launch/surroundings.h"

G_BEGIN_DECLS

/* What is being launched. */
typedef struct {
  SbxContext *context; /* borrowed, and the next one too */
  SbxRegistry *registry;
  SbxLaunchRequest *request;
  SbxChoice *choice;
  SbxInstance *instance;
  SbxInstance *target;           /* of a handler, or NULL */
  guint32 crash;                 /* that the handler is for, or 0 */
  SbxSurroundings *surroundings; /* of the layers */
  SbxLayers *layers;             /* until it is answered: they hold open what is mounted */
  SbxMountPoints *points;
  int start_block; /* or -1 */
} SbxPreparation;

/* Frees what it holds, not @self. */
void sbx_preparation_clear (SbxPreparation *self);

/* Whether all directories are there that the plan makes. */
gboolean sbx_preparation_has_directories (const SbxPreparation *self);
/* Whether it has limits that a scope can keep, and there is a bus to ask for one. */
gboolean sbx_preparation_wants_scope (const SbxPreparation *self);
/* Makes the directories, starts the keeper, sends PREPARE, and writes the block of START unless that waits for a scope.
 * Errors: SPAWN_FAILED, NOT_SUPPORTED, EXITED. */
gboolean sbx_preparation_prepare (SbxPreparation *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What keeps the limits, and what is to be said about it, as for sbx_instance_set_limits (); written down. Before
 * START.
 */
void sbx_preparation_set_limits (SbxPreparation *self, const char *limits, const char *warning);
/* Sends START. Errors: those of sbx_instance_send (), SPAWN_FAILED. */
gboolean sbx_preparation_start (SbxPreparation *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The instance runs: what was made for it on the disk goes with it from now on. */
void sbx_preparation_hand_over (SbxPreparation *self);

G_END_DECLS
