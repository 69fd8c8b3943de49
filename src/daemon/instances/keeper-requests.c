/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/keeper-requests.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"

void
sbx_instance_exec_async (SbxInstance *self, const int *fds, gsize n_fds, gint32 flags, const char *command,
                         GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  SbxMessage message = { .type = SBX_MSG_EXEC, .value = flags };

  g_task_set_task_data (task, g_strdup (command), g_free);
  sbx_instance_ask (self, SBX_QUESTION_JOB, &message, fds, n_fds, task);
}

pid_t
sbx_instance_exec_finish (SbxInstance *self, GAsyncResult *result, GError **error)
{
  return (pid_t) g_task_propagate_int (G_TASK (result), error);
}

void
sbx_instance_get_procfs_async (SbxInstance *self, guint32 flags, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  SbxMessage message = { .type = SBX_MSG_GET_PROCFS, .value = (int32_t) flags };

  sbx_instance_ask (self, SBX_QUESTION_JOB, &message, NULL, 0, task);
}

int
sbx_instance_get_procfs_finish (SbxInstance *self, GAsyncResult *result, GError **error)
{
  return (int) g_task_propagate_int (G_TASK (result), error);
}

void
sbx_instance_change_async (SbxInstance *self, int fd, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  SbxMessage message = { .type = SBX_MSG_CHANGE };

  if (sbx_instance_is_changing (self)) { /* what it starts from is not known yet */
    g_task_return_new_error (task, SBX_ERROR, SBX_ERROR_LIMITS,
                             "another change of this instance is being made; try again");
    return;
  }
  sbx_instance_ask (self, SBX_QUESTION_CHANGE, &message, &fd, 1, task);
}

GBytes *
sbx_instance_change_finish (SbxInstance *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

int
sbx_instance_attach (SbxInstance *self, const char *keeper, gboolean hold, guint32 crash, GError **error)
{
  SbxMessage message = { .type = SBX_MSG_ATTACH, .crash = crash, .value = hold ? SBX_ATTACH_HOLD : 0 };
  int pair[2], fds[2], program = open (keeper, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  gboolean sent;

  if (program < 0) {
    sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, errno, "open %s", keeper);
    return -1;
  }
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "keeper: make a socket pair");
    close (program);
    return -1;
  }
  fds[0] = pair[1];
  fds[1] = program;
  sent = sbx_instance_send (self, &message, fds, 2, error);
  close (pair[1]);
  close (program);
  if (sent)
    return pair[0];
  close (pair[0]);
  return -1;
}
