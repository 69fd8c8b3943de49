/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service on one D-Bus connection: the manager object, the object manager, an object for each instance.
 *
 * Signal "idle" (): nothing runs and nobody has been there for the time set. */
#pragma once

#include "daemon/instances/registry.h"
#include "daemon/launch/context.h"

G_BEGIN_DECLS

#define SBX_TYPE_MANAGER (sbx_manager_get_type ())
G_DECLARE_FINAL_TYPE (SbxManager, sbx_manager, SBX, MANAGER, GObject)

/* Answers a call of @instance's object, or of the manager's (NULL). Takes @invocation. */
typedef void (*SbxTakeCallFunc) (SbxManager *manager, SbxInstance *instance, GDBusMethodInvocation *invocation);

/* Exports everything on @connection (NULL: nothing, all clients are a listener's), adopted instances included; with
 * @launch_first those become known only when the first launch has gone on for a moment, or somebody asks for all of
 * them. Calls go to @take. @context must outlive it.
 */
SbxManager *sbx_manager_new (SbxContext *context, GDBusConnection *connection, gboolean launch_first,
                             SbxTakeCallFunc take, GError **error);
/* On a bus: sends Exited for instances that ended while no service was there; from now on, notes which were told. */
void sbx_manager_announce (SbxManager *self);
/* Whether an instance lives or a client is connected. */
gboolean sbx_manager_is_busy (SbxManager *self);
/* 0: never idle. */
void sbx_manager_set_idle_timeout (SbxManager *self, guint seconds);
/* All clients have gone, as on the end of a private connection: their launches are cancelled. */
void sbx_manager_drop_callers (SbxManager *self);
/* Whether a launch still goes on, or it is not known yet if a keeper has gone; "settled" () is emitted when this
 * becomes FALSE. */
gboolean sbx_manager_is_settling (SbxManager *self);

SbxContext *sbx_manager_get_context (SbxManager *self);
SbxRegistry *sbx_manager_get_registry (SbxManager *self);
SbxCallers *sbx_manager_get_callers (SbxManager *self);
/* A call that has come over another connection than the manager's, for @instance or the manager's object (NULL): the
 * same way through the same gates. Takes @invocation. */
void sbx_manager_take (SbxManager *self, SbxInstance *instance, GDBusMethodInvocation *invocation);
/* org.freedesktop.DBus.ObjectManager, as it is exported. */
GDBusInterfaceInfo *sbx_manager_get_object_manager_info (SbxManager *self);
/* Lets what other services have started become visible. */
void sbx_manager_look_around (SbxManager *self);

G_END_DECLS
