/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One D-Bus method call on its way: through the gate of gates.h to the function that answers it. */
#pragma once

#include "daemon/bus/manager.h"
#include "daemon/identity/gates.h"
#include "daemon/launch/nested.h"

G_BEGIN_DECLS

typedef struct {
  SbxManager *manager;
  SbxInstance *instance; /* NULL: the manager object */
  SbxCaller *caller;
  GDBusMethodInvocation *invocation; /* answered once */
  /* From the gate on */
  SbxWhere where;
  SbxInstance *own; /* where == INSTANCE: the one that the caller is in */
} SbxCall;

void sbx_call_free (SbxCall *call);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxCall, sbx_call_free)

/* Takes @call. */
typedef void (*SbxCallFunc) (SbxCall *call);

/* One row for each method that is there. */
typedef struct {
  const char *interface;
  const char *member;
  SbxCallFunc func;
} SbxMethod;

/* The tables of the files that answer; each ends with a NULL interface. */
extern const SbxMethod sbx_manager_methods[];
extern const SbxMethod sbx_instance_methods[];
extern const SbxMethod sbx_property_methods[];

/* For GDBusInterfaceVTable.method_call: properties included, since it has no functions of its own for these. */
void sbx_call_take (SbxManager *manager, SbxInstance *instance, GDBusMethodInvocation *invocation);

/* Is @instance the caller's to know of? All are for those outside; from inside it is one's own and those below it. */
gboolean sbx_call_may_see (const SbxCall *call, SbxInstance *instance);
/* Is it the caller's own work: started over this connection, or from inside of the same instance, or below that? */
gboolean sbx_call_is_starter (const SbxCall *call, SbxInstance *instance);

/* May polkit ask the user? */
gboolean sbx_call_is_interactive (const SbxCall *call);
/* Asks the gate's question, if it has one to ask of this caller, and then calls @func; else answers with the error.
 * Takes @call. */
void sbx_call_pass_gate (SbxCall *call, const SbxGate *gate, gboolean interactive, SbxCallFunc func);
/* Answers with an error. Takes both. */
void sbx_call_fail (SbxCall *call, GError *error);
/* Answers with @value, a tuple. Takes both. */
void sbx_call_return (SbxCall *call, GVariant *value);

G_END_DECLS
