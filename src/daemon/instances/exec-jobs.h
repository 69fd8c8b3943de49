/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The EXECs and GET_PROCFSs of an instance that the keeper has not answered yet. */
#pragma once

#include <gio/gio.h>

#include "wire/message.h"

G_BEGIN_DECLS

typedef struct {
  guint32 last;        /* the number given last */
  GHashTable *waiting; /* number → GTask *, whose task data is the command */
} SbxExecJobs;

void sbx_exec_jobs_init (SbxExecJobs *self);
void sbx_exec_jobs_clear (SbxExecJobs *self);
/* A number for the next EXEC; never 0, which is the application. */
guint32 sbx_exec_jobs_next (SbxExecJobs *self);
/* Takes @task, which waits for the answer to the EXEC @number. */
void sbx_exec_jobs_add (SbxExecJobs *self, guint32 number, GTask *task);
/* STARTED returns the pid on the host, PROCFS a duplicate of @fd, FAILED an error; any other message, and one that
 * nobody waits for, changes nothing. */
void sbx_exec_jobs_answer (SbxExecJobs *self, const SbxMessage *message, int fd);
/* Answers all of them with EXITED. */
void sbx_exec_jobs_end (SbxExecJobs *self);

G_END_DECLS
