/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One launch, from the call to the answer. */
#pragma once

#include "daemon/identity/subject.h"
#include "daemon/launch/context.h"
#include "daemon/launch/launch-call.h"

G_BEGIN_DECLS

/* Launches, or attaches a handler, for @subject, which its gate has let through, or NULL: for the service itself, which
 * asks nobody. @context and @registry must outlive the launch. Errors: all of Launch's (data/dbus-1). A caller that
 * leaves cancels it (G_IO_ERROR_CANCELLED), unless a lifeline has been handed on. */
void sbx_launch_async (SbxContext *context, SbxRegistry *registry, SbxSubject *subject, const SbxLaunchCall *call,
                       GAsyncReadyCallback callback, gpointer user_data);
/* The instance, which runs. */
SbxInstance *sbx_launch_finish (GAsyncResult *result, GError **error);

G_END_DECLS
