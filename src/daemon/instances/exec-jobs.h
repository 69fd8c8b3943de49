/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a keeper answers to EXEC, whose task data is the command, and to GET_PROCFS. */
#pragma once

#include "daemon/instances/questions.h"
#include "wire/message.h"

G_BEGIN_DECLS

/* STARTED returns the pid on the host, PROCFS a duplicate of @fd, FAILED an error; any other message, and one that
 * nobody waits for, changes nothing. */
void sbx_exec_jobs_answer (SbxQuestions *jobs, const SbxMessage *message, int fd);

G_END_DECLS
