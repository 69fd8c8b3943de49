/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A scope gets lower limits before the keeper writes them down. So that a service which is killed in between leaves
 * nothing that does not fit, a file in the record says that the scope may be another one than the record says, and is
 * locked as long as somebody is at it. Who finds it and can lock it gives the scope the limits of the record. */
#pragma once

#include "daemon/instances/instance.h"
#include "daemon/launch/context.h"

G_BEGIN_DECLS

typedef struct _SbxScoping SbxScoping;

/* Begins to change the scope of @instance, and says so in its record. NULL with LIMITS when another service is at it,
 * or SPAWN_FAILED. @context must outlive it. */
SbxScoping *sbx_scoping_begin (const SbxContext *context, SbxInstance *instance, GError **error);
/* Gives the scope the limits of @policy; to be finished by sbx_scope_change_finish (). */
void sbx_scoping_change_async (SbxScoping *self, const SbxPolicy *policy, GAsyncReadyCallback callback,
                               gpointer user_data);
/* The record says now what the scope has. Frees it. */
void sbx_scoping_done (SbxScoping *self);
/* Gives the scope the limits back that the record says, and frees it then. */
void sbx_scoping_undo (SbxScoping *self);
/* When the keeper of @instance, which was there before us, has greeted: does that for who was killed. Nobody is
 * answered about @instance before. */
void sbx_scoping_look (const SbxContext *context, SbxInstance *instance);

G_END_DECLS
