/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a launch has on the disk and sends to its keeper. */
#pragma once

#include "daemon/launch/choice.h"
#include "daemon/launch/surroundings.h"
#include "plan/skeleton.h"

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
  SbxSkeleton *skeleton;         /* of the box, from PREPARED on */
  SbxSurroundings *surroundings; /* of the layers */
  SbxLayers *layers;             /* until it is answered: they hold open what is mounted */
  SbxMountPoints *points;
  int start_block; /* or -1 */
} SbxPreparation;

/* Frees what it holds, not @self. */
void sbx_preparation_clear (SbxPreparation *self);

/* Whether all directories that the plan makes exist already. */
gboolean sbx_preparation_has_directories (const SbxPreparation *self);
/* Whether it has limits that a scope can keep, and there is a bus to ask for one. */
gboolean sbx_preparation_wants_scope (const SbxPreparation *self);
/* Makes the directories, takes a box that waits or starts a keeper and sends it PREPARE, opens what is the user's,
 * sends FURNISH, and writes the block of START unless that waits for a scope. Errors: SPAWN_FAILED, NOT_SUPPORTED,
 * EXITED. */
gboolean sbx_preparation_prepare (SbxPreparation *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Sets what keeps the limits, and a warning, as sbx_instance_set_limits () does, and writes that down. Before START. */
void sbx_preparation_set_limits (SbxPreparation *self, const char *limits, const char *warning);
/* Sends START. Errors: those of sbx_instance_send (), SPAWN_FAILED. */
gboolean sbx_preparation_start (SbxPreparation *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What is to be said of @error, with which it has failed in @step; the caller's. */
GError *sbx_preparation_explain (const SbxPreparation *self, const GError *error, SbxStep step);
/* The instance runs: from now on, what was made for it on the disk is removed with it, and boxes of its kind are
 * wanted. */
void sbx_preparation_hand_over (SbxPreparation *self);

G_END_DECLS
