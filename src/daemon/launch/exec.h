/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One more process in an instance that runs. */
#pragma once

#include "daemon/instances/registry.h"
#include "daemon/launch/host.h"
#include "daemon/launch/request.h"
#include "plan/request.h"

G_BEGIN_DECLS

/* Sends @request to @instance as an EXEC with @flags (SBX_START_KEEPS or 0); @callback gets the answer, for
 * sbx_instance_exec_finish (). Errors, and then nothing is sent: those of sbx_launch_request_make_process () and
 * SPAWN_FAILED. */
gboolean sbx_launch_request_exec (const SbxLaunchRequest *request, const SbxHost *host, SbxInstance *instance,
                                  gint32 flags, GAsyncReadyCallback callback, gpointer user_data,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A launch that joins an instance. All borrowed, and to live until the answer. */
typedef struct {
  const SbxLaunchRequest *request;
  SbxHost *host;
  SbxRegistry *registry;
  const SbxForwardedFile *files; /* approved; the instance is given those that it has not got */
  gsize n_files;
  guint32 pid; /* who asks, or 0 */
} SbxJoin;

/* Starts the command in @instance, which runs, or is being started and is waited for; it stays for as long as the
 * command runs. */
void sbx_join_async (SbxInstance *instance, const SbxJoin *what, GAsyncReadyCallback callback, gpointer user_data);
/* Errors: EXITED, when @instance has ended meanwhile or never came to life; NOT_SUPPORTED, when it could not be given a
 * file, and nothing was executed; those of Exec. */
gboolean sbx_join_finish (SbxInstance *instance, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
