/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All instances that the service knows: those being started, those that run, those that ended a while ago.
 *
 * Signals: "added" (SbxInstance *): it has started and is to be shown; "removed" (SbxInstance *): it is shown no more;
 * "changed" (): the number of live ones has changed. */
#pragma once

#include "daemon/instances/instance.h"
#include "daemon/instances/room.h"
#include "daemon/instances/runtime-dir.h"

G_BEGIN_DECLS

#define SBX_TYPE_REGISTRY (sbx_registry_get_type ())
G_DECLARE_FINAL_TYPE (SbxRegistry, sbx_registry, SBX, REGISTRY, GObject)

/* @runtime must outlive it. */
SbxRegistry *sbx_registry_new (SbxRuntimeDir *runtime);

/* Returns a random number that no instance has; it says nothing about how many there are or were. */
guint64 sbx_registry_new_id (SbxRegistry *self);
/* How many may be alive; none before this is called. */
void sbx_registry_set_room (SbxRegistry *self, const SbxRoom *room);
const SbxRoom *sbx_registry_get_room (SbxRegistry *self);
/* LIMITS when so many are. */
gboolean sbx_registry_has_room (SbxRegistry *self, GError **error);
/* Follows @instance from now on. One that is STARTING is shown when it has started and forgotten if that fails. */
void sbx_registry_add (SbxRegistry *self, SbxInstance *instance);
/* Forgets one that is STARTING. */
void sbx_registry_drop (SbxRegistry *self, SbxInstance *instance);
/* Removes the record of one whose keeper is known to be dead; others remove their own. */
void sbx_registry_sweep (SbxRegistry *self, SbxInstance *instance);

/* Shown or not; borrowed. */
SbxInstance *sbx_registry_lookup (SbxRegistry *self, guint64 id);
/* STARTING and RUNNING ones. */
guint sbx_registry_count_live (SbxRegistry *self);
/* Whether it is still being found out if a keeper has gone; "changed" tells when that is known. */
gboolean sbx_registry_is_searching (SbxRegistry *self);
/* The shown ones: SbxInstance *, borrowed. */
GPtrArray *sbx_registry_list (SbxRegistry *self);
/* The STARTING and RUNNING ones: SbxInstance *, borrowed. */
GPtrArray *sbx_registry_list_live (SbxRegistry *self);

G_END_DECLS
