/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One more process in an instance that runs. */
#pragma once

#include "daemon/instances/instance.h"
#include "daemon/launch/host.h"
#include "daemon/launch/request.h"

G_BEGIN_DECLS

/* Sends @request to @instance as an EXEC with @flags (SBX_START_KEEPS or 0); @callback gets the answer, for
 * sbx_instance_exec_finish (). Errors, and then nothing is sent: those of sbx_launch_request_make_process () and
 * SPAWN_FAILED. */
gboolean sbx_launch_request_exec (const SbxLaunchRequest *request, const SbxHost *host, SbxInstance *instance,
                                  gint32 flags, GAsyncReadyCallback callback, gpointer user_data,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for a launch that joins @instance, which runs, or is being started and is waited for; it stays for as long
 * as the command runs. @request and @host have to live until the answer. */
void sbx_join_async (SbxInstance *instance, const SbxLaunchRequest *request, const SbxHost *host,
                     GAsyncReadyCallback callback, gpointer user_data);
/* Errors: EXITED, when @instance has ended meanwhile or never came to life; those of Exec. */
gboolean sbx_join_finish (SbxInstance *instance, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
