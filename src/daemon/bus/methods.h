/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The methods of the service: one row for each, with its gate and its function. */
#pragma once

#include "daemon/bus/call.h"

G_BEGIN_DECLS

/* A method that is planned has no function; calls of it are refused. */
typedef struct {
  SbxGate gate;
  SbxCallFunc func;
} SbxMethod;

/* The row, or NULL: refuse. */
const SbxMethod *sbx_method_find (const char *interface, const char *member);
/* All of them, for tests. */
const SbxMethod *sbx_method_table (gsize *n);

/* Answers a call of @instance's object, or of the manager's (NULL): finds out who asks, has the row's rule judge that,
 * and goes on to its function. For GDBusInterfaceVTable.method_call, properties included: GDBus has no functions for
 * those that could wait. Takes @invocation. */
void sbx_method_take (SbxManager *manager, SbxInstance *instance, GDBusMethodInvocation *invocation);

G_END_DECLS
