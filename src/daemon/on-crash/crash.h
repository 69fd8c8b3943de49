/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OnCrash=: a process of an instance is stopped before the signal that ends it. Starts the handler, keeps the books. */
#pragma once

#include "daemon/instances/registry.h"
#include "daemon/launch/context.h"
#include "daemon/on-crash/notify.h"

G_BEGIN_DECLS

/* The keeper of @instance says so with @message (CRASHED). Whatever goes wrong, the keeper is told or finds out that
 * the process may go on to its end. Returns what the D-Bus signal Crashed tells: a{sv}, floating. @context, @registry
 * and @notifier must outlive the handler. */
GVariant *sbx_crash_begin (SbxContext *context, SbxRegistry *registry, SbxNotifier *notifier, SbxInstance *instance,
                           const SbxMessage *message);

G_END_DECLS
