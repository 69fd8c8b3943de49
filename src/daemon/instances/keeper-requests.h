/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service has an instance's keeper do while it runs. */
#pragma once

#include "daemon/instances/instance.h"

G_BEGIN_DECLS

/* EXEC with @fds as for START and @flags (SBX_START_LIFELINE, SBX_START_KEEPS); answers with the pid on the host. */
void sbx_instance_exec_async (SbxInstance *self, const int *fds, gsize n_fds, gint32 flags, const char *command,
                              GAsyncReadyCallback callback, gpointer user_data);
/* The pid, or -1 with EXITED, LIMITS or SPAWN_FAILED. */
pid_t sbx_instance_exec_finish (SbxInstance *self, GAsyncResult *result, GError **error);

/* GET_PROCFS: a procfs of the instance's pid namespace with the options @flags (SBX_PROCFS_ASKABLE), as a detached
 * mount, made by the keeper. */
void sbx_instance_get_procfs_async (SbxInstance *self, guint32 flags, GAsyncReadyCallback callback, gpointer user_data);
/* The descriptor, which is the caller's, or -1 with EXITED, LIMITS, SPAWN_FAILED, or what the kernel said: BUSY,
 * NOT_PERMITTED, BAD_NAMESPACE, NOT_SUPPORTED. */
int sbx_instance_get_procfs_finish (SbxInstance *self, GAsyncResult *result, GError **error);

/* ATTACH: has the keeper start another one, the program @keeper, for a handler. Returns the socket to that one, or -1
 * with EXITED, NOT_SUPPORTED or SPAWN_FAILED. @hold: this instance stays while the handler runs. @crash: what CRASHED
 * said it is for, or 0. */
int sbx_instance_attach (SbxInstance *self, const char *keeper, gboolean hold, guint32 crash, GError **error);
/* CHANGE: has the keeper carry out the block @fd, which stays the caller's. */
void sbx_instance_change_async (SbxInstance *self, int fd, GAsyncReadyCallback callback, gpointer user_data);
/* What processes have open of what was taken away, as keeper/held.h has it. NULL with EXITED, LIMITS (another change is
 * being made), NOT_FOUND, NOT_SUPPORTED or SPAWN_FAILED; the instance is as it was before then. */
GBytes *sbx_instance_change_finish (SbxInstance *self, GAsyncResult *result, GError **error);

G_END_DECLS
