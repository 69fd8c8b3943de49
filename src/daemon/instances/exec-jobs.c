/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/exec-jobs.h"

#include <errno.h>
#include <fcntl.h>

#include "common/error.h"
#include "daemon/instances/failure.h"

static GHashTable *
make_table (void)
{
  return g_hash_table_new_full (NULL, NULL, NULL, g_object_unref);
}

void
sbx_exec_jobs_init (SbxExecJobs *self)
{
  *self = (SbxExecJobs){ .waiting = make_table () };
}

void
sbx_exec_jobs_clear (SbxExecJobs *self)
{
  g_clear_pointer (&self->waiting, g_hash_table_unref);
}

guint32
sbx_exec_jobs_next (SbxExecJobs *self)
{
  if (++self->last == 0)
    self->last = 1;
  return self->last;
}

void
sbx_exec_jobs_add (SbxExecJobs *self, guint32 number, GTask *task)
{
  g_hash_table_insert (self->waiting, GUINT_TO_POINTER (number), task);
}

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
sbx_exec_jobs_answer (SbxExecJobs *self, const SbxMessage *message, int fd)
{
  g_autoptr (GTask) task = NULL;

  if (message->type == SBX_MSG_EXITED
      || !g_hash_table_steal_extended (self->waiting, GUINT_TO_POINTER (message->job), NULL, (gpointer *) &task))
    return;
  if (message->type == SBX_MSG_STARTED)
    g_task_return_int (task, message->pid);
  else if (message->type == SBX_MSG_PROCFS)
    return_duplicate (task, fd);
  else if (message->type == SBX_MSG_FAILED)
    g_task_return_error (task, sbx_failure_new (message, g_task_get_task_data (task)));
}

void
sbx_exec_jobs_end (SbxExecJobs *self)
{
  g_autoptr (GHashTable) waiting = g_steal_pointer (&self->waiting);
  GHashTableIter iter;
  gpointer task;

  self->waiting = make_table ();
  g_hash_table_iter_init (&iter, waiting);
  while (g_hash_table_iter_next (&iter, NULL, &task))
    g_task_return_new_error (task, SBX_ERROR, SBX_ERROR_EXITED, "the instance has ended");
}
