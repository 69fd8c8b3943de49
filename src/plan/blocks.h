/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a plan goes to the keeper, as sealed memfds (wire/block.h). All return a descriptor, or -1 with SPAWN_FAILED.
 */
#pragma once

#include "plan/box.h"
#include "plan/process.h"
#include "wire/block.h"
#include "wire/layer.h"

G_BEGIN_DECLS

/* What one instance has in its box, which skeleton.h writes. @id: 16 hex digits; @layers: what the keeper mounts. */
int sbx_box_write_furnish (const SbxBox *self, const char *id, const SbxLayer *layers, gsize n_layers, GError **error);

/* One sidecar, as a group of records. */
void sbx_box_write_sidecar (SbxBlockWriter *writer, const SbxPlanSidecar *sidecar);

/* In both of these, @by_scope: a scope holds the limits of all processes together, and rlimits, which count each
 * process's reserved memory and our own processes, need not stand in for it. @targets: the number inside of each
 * descriptor that goes with the message, in order. */

/* The first process of a box. @info: for the info file. */
int sbx_process_write_start (const SbxProcess *self, GBytes *info, gboolean by_scope, const gint32 *targets,
                             gsize n_targets, GError **error);
/* One more process in it. */
int sbx_process_write_exec (const SbxProcess *self, gboolean by_scope, const gint32 *targets, gsize n_targets,
                            GError **error);

G_END_DECLS
