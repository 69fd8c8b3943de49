/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Callers that are in a sandbox themselves. One that comes through its instance's filtered bus is that instance: it may
 * start others that are allowed no more than itself, sees and controls those and what they have started, and itself
 * only to look at. Any other one in a sandbox is nobody. */
#pragma once

#include "daemon/instances/registry.h"

G_BEGIN_DECLS

typedef enum {
  SBX_WHERE_OUTSIDE,
  SBX_WHERE_INSTANCE, /* in one that is known */
  SBX_WHERE_UNKNOWN,  /* in some sandbox */
} SbxWhere;

/* Where @caller (which is known) is. For INSTANCE @own is set to that one, borrowed and running; else to NULL. What
 * counts is what the kernel says of the process that is connected to the bus: a child of a child of a child of the
 * instance's keeper, and not below its PID 1, is its bus proxy (keeper/proxy.c), and nothing of the application's can
 * be that. */
SbxWhere sbx_nested_where (SbxRegistry *registry, SbxRuntimeDir *runtime, SbxCaller *caller, SbxInstance **own);

/* As sbx_caller_when_known (), and not before it can be said where @caller is: an application may ask before its keeper
 * has told that it runs. */
void sbx_nested_when_known (SbxRegistry *registry, SbxCaller *caller, SbxCallerFunc func, gpointer user_data);

/* Has @own, or what @own has started, started @instance? */
gboolean sbx_nested_is_below (SbxRegistry *registry, SbxInstance *own, SbxInstance *instance);

/* May @own start one more? It must run and be no handler, and SBX_MAX_NESTED is for all that one from outside has below
 * it. Errors: EXITED, LIMITS, NOT_AUTHORIZED. */
gboolean sbx_nested_has_room (SbxRegistry *registry, SbxInstance *own, GError **error);

/* Stops @instance if the one that has started it has ended. */
void sbx_nested_stop_orphan (SbxRegistry *registry, SbxInstance *instance);

G_END_DECLS
