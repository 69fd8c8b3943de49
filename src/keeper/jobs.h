/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes that were asked for: job 0 is the application, the others are EXECs. libc only.
 *
 * A job may have a lifeline: a socket to the caller that it was started for, who may send it signals over it and is
 * told what the service is told. When that is closed, an EXEC gets SIGHUP, and SIGKILL every three seconds from then
 * on; what becomes of the application, the instance decides. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keeper/loop.h"
#include "keeper/services.h"
#include "wire/message.h"

#define SBX_JOBS 256              /* at once, the application included */
#define SBX_JOB_CALLER_GRACE 3000 /* ms that a job has when its caller has gone */

typedef struct SbxJobs SbxJobs;

typedef struct {
  bool used;
  uint32_t number;         /* towards init; 0 is the application */
  uint32_t their_number;   /* towards the service that asked */
  SbxServiceLink *service; /* the service that asked for it; NULL: it has gone. Unused for the application, which
                              concerns all services */
  SbxWatch lifeline;       /* due: when it gets SIGKILL. In no loop: it has never had one */
  pid_t pid;               /* on the host, or 0 */
  bool keeps;              /* the instance stays while it runs: the application, and who has joined it */
  SbxJobs *all;
} SbxJob;

/* Whom jobs concern. */
typedef struct {
  /* @signo is to be sent to the job, or to its process @group. */
  void (*signal) (SbxJobs *jobs, SbxJob *job, int signo, bool group);
  /* The application's lifeline is closed. */
  void (*caller_left) (SbxJobs *jobs);
} SbxJobFunctions;

struct SbxJobs {
  SbxLoop *loop;
  SbxServices *services;
  const SbxJobFunctions *functions;
  int order; /* in the loop */
  uint32_t last_number;
  size_t n;              /* rows from this one on were never used */
  SbxJob rows[SBX_JOBS]; /* [0] is the application, always used */
};

void sbx_jobs_set_up (SbxJobs *self, SbxLoop *loop, int order, SbxServices *services, const SbxJobFunctions *functions);
SbxJob *sbx_jobs_application (SbxJobs *self);
bool sbx_job_is_application (const SbxJob *job);

/* An EXEC of @service. NULL when there are SBX_JOBS already. */
SbxJob *sbx_jobs_add (SbxJobs *self, SbxServiceLink *service, uint32_t their_number);
/* The job that init knows as @number, or NULL. */
SbxJob *sbx_jobs_find (SbxJobs *self, uint32_t number);
/* Whether one has been handed to init and has not said HELLO yet. */
bool sbx_jobs_are_beginning (const SbxJobs *self);
/* Frees its row and closes its lifeline. */
void sbx_job_drop (SbxJob *job);
/* Ends every EXEC that is left: tells EXITED with @status of each, and drops it. */
void sbx_jobs_end_all (SbxJobs *self, int status);
/* Sends @signo to each that keeps the instance. */
void sbx_jobs_signal_keeping (SbxJobs *self, int signo);
/* @service has gone: of its jobs, only their lifelines are told any more. */
void sbx_jobs_forget_service (SbxJobs *self, const SbxServiceLink *service);

/* Takes the lifeline out of the @n descriptors of the START or EXEC @message, if it has one. 0; or -1 with ENOTSOCK
 * when that cannot be one, or with ENOSPC, and nothing is taken. */
int sbx_job_take_lifeline (SbxJob *job, const SbxMessage *message, int *fds, size_t *n);
bool sbx_job_has_lifeline (const SbxJob *job);

/* Tells the service that asked for @job, or every service if it is the application, with the number that the service
 * knows; and the lifeline of the job, with 0. */
void sbx_job_tell (SbxJob *job, const SbxMessage *message);
