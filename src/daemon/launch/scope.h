/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of an instance as a whole: a transient scope, which is a cgroup, of the systemd user manager. Where there is
 * no such manager, rlimits are all there is. */
#pragma once

#include <gio/gio.h>

#include "policy/policy.h"

G_BEGIN_DECLS

/* Whether @policy limits anything that a cgroup can limit. */
gboolean sbx_scope_is_wanted (const SbxPolicy *policy);

/* Whether it limits any of that otherwise than @other. */
gboolean sbx_scope_differs (const SbxPolicy *policy, const SbxPolicy *other);

/* "app-sandbox-<application id, escaped>-<id>.scope", as systemd's "Desktop Environments" asks for. */
char *sbx_scope_name (const char *app_id, guint64 id);

/* Asks the manager on @bus to put @pid, and with that all that it will start, into a scope with the limits of @policy.
 * @pidfd is that process's, or -1: a manager that knows PIDFDs= (systemd 255) is given that and no number that could be
 * another process's by then; with an older one, a process that has ended meanwhile is an error.
 * Errors: NOT_SUPPORTED when there is no manager, SPAWN_FAILED when it refuses or does not answer within
 * SBX_SCOPE_TIMEOUT_MS, G_IO_ERROR_CANCELLED. The scope ends by itself with its last process. */
void sbx_scope_make_async (GDBusConnection *bus, const char *name, gint32 pid, int pidfd, const SbxPolicy *policy,
                           GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean sbx_scope_make_finish (GAsyncResult *result, GError **error);

/* Gives the scope @name the limits of @policy, as long as it is there. Errors: NOT_SUPPORTED when there is no manager,
 * SPAWN_FAILED when it refuses or does not answer within SBX_SCOPE_TIMEOUT_MS. */
void sbx_scope_change_async (GDBusConnection *bus, const char *name, const SbxPolicy *policy,
                             GAsyncReadyCallback callback, gpointer user_data);
gboolean sbx_scope_change_finish (GAsyncResult *result, GError **error);

G_END_DECLS
