/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a plan goes to the keeper, as sealed memfds (wire/block.h). All return a descriptor, or -1 with SPAWN_FAILED.
 */
#pragma once

#include "plan/box.h"
#include "plan/process.h"

G_BEGIN_DECLS

/* The box. @id: 16 hex digits; @info: for the info file. */
int sbx_box_write_prepare (const SbxBox *self, const char *id, GBytes *info, GError **error);
/* The first process. @by_scope: a scope holds the limits of all processes together, and rlimits, which count each
 * process's reserved memory and our own processes, need not stand in for it. @targets: the number inside of each
 * descriptor that goes with START, in order. */
int sbx_process_write_start (const SbxProcess *self, gboolean by_scope, const gint32 *targets, gsize n_targets,
                             GError **error);

G_END_DECLS
