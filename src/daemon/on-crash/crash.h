/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OnCrash=: a process of an instance is stopped before the signal that ends it. Starts the handler, keeps the books. */
#pragma once

#include "daemon/instances/registry.h"
#include "daemon/launch/context.h"
#include "daemon/on-crash/notify.h"

G_BEGIN_DECLS

/* Handles CRASHED, @message, of the keeper of @instance. Whatever goes wrong, the keeper learns that the process may
 * go on to its end. Returns the details for the D-Bus signal Crashed: a{sv}, floating. @context, @registry and
 * @notifier must outlive the handler. */
GVariant *sbx_crash_begin (SbxContext *context, SbxRegistry *registry, SbxNotifier *notifier, SbxInstance *instance,
                           const SbxMessage *message);

G_END_DECLS
