/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/exec-jobs.h"

#include <errno.h>
#include <fcntl.h>

#include "common/error.h"
#include "daemon/instances/failure.h"

static void
return_duplicate (GTask *task, int fd)
{
  int own = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  GError *error = NULL;

  if (own >= 0) {
    g_task_return_int (task, own);
    return;
  }
  sbx_throw_errno (&error, SBX_ERROR_LIMITS, errno, "duplicate a descriptor");
  g_task_return_error (task, error);
}

void
sbx_exec_jobs_answer (SbxQuestions *jobs, const SbxMessage *message, int fd)
{
  g_autoptr (GTask) task = message->type == SBX_MSG_EXITED ? NULL : sbx_questions_take (jobs, message->job);

  if (!task)
    return;
  if (message->type == SBX_MSG_STARTED)
    g_task_return_int (task, message->pid);
  else if (message->type == SBX_MSG_PROCFS)
    return_duplicate (task, fd);
  else if (message->type == SBX_MSG_FAILED && message->detail == SBX_STEP_FORK && message->value == ESRCH)
    g_task_return_new_error (task, SBX_ERROR, SBX_ERROR_EXITED, "the instance has ended");
  else if (message->type == SBX_MSG_FAILED)
    g_task_return_error (task, sbx_failure_new (message, g_task_get_task_data (task)));
}
