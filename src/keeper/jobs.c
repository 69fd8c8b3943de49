/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/jobs.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void
sbx_jobs_set_up (SbxJobs *self, SbxLoop *loop, int order, SbxServices *services, const SbxJobFunctions *functions)
{
  self->loop = loop;
  self->order = order;
  self->services = services;
  self->functions = functions;
  self->last_number = 0;
  self->rows[0] = (SbxJob){ .used = true, .keeps = true, .all = self };
  self->n = 1;
}

SbxJob *
sbx_jobs_application (SbxJobs *self)
{
  return &self->rows[0];
}

bool
sbx_job_is_application (const SbxJob *job)
{
  return job == &job->all->rows[0];
}

SbxJob *
sbx_jobs_add (SbxJobs *self, SbxServiceLink *service, uint32_t their_number)
{
  size_t i = 1;

  while (i < self->n && self->rows[i].used)
    i++;
  if (i == SBX_JOBS)
    return NULL;
  if (i == self->n)
    self->n++;
  self->rows[i] = (SbxJob){
    .used = true, .number = ++self->last_number, .their_number = their_number, .service = service, .all = self
  };
  return &self->rows[i];
}

SbxJob *
sbx_jobs_find (SbxJobs *self, uint32_t number)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i].used && self->rows[i].number == number)
      return &self->rows[i];
  return NULL;
}

bool
sbx_jobs_are_beginning (const SbxJobs *self)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i].used && self->rows[i].pid == 0)
      return true;
  return false;
}

void
sbx_job_drop (SbxJob *job)
{
  sbx_watch_remove (&job->lifeline);
  job->used = false;
}

void
sbx_jobs_end_all (SbxJobs *self, int status)
{
  SbxMessage exited = { .type = SBX_MSG_EXITED, .value = status };

  for (size_t i = 1; i < self->n; i++)
    if (self->rows[i].used) {
      sbx_job_tell (&self->rows[i], &exited);
      sbx_job_drop (&self->rows[i]);
    }
}

void
sbx_jobs_signal_keeping (SbxJobs *self, int signo)
{
  for (size_t i = 0; i < self->n; i++)
    if (self->rows[i].used && self->rows[i].keeps)
      self->functions->signal (self, &self->rows[i], signo, false);
}

void
sbx_jobs_forget_service (SbxJobs *self, const SbxServiceLink *service)
{
  for (size_t i = 1; i < self->n; i++)
    if (self->rows[i].service == service)
      self->rows[i].service = NULL;
}

static void
serve_lifeline (SbxWatch *watch)
{
  SbxJob *job = SBX_OWNER (watch, SbxJob, lifeline);
  SbxJobs *self = job->all;
  int fds[SBX_MESSAGE_FDS];
  SbxMessage message;
  size_t n;
  int rc = sbx_message_recv_now (watch->fd, SBX_CHANNEL_CALLER_TO_KEEPER, &message, fds, &n, NULL);

  if (rc < 0 && errno == EAGAIN)
    return;
  if (rc > 0) {
    self->functions->signal (self, job, message.value, message.detail != 0);
    return;
  }
  sbx_watch_close (watch);
  if (sbx_job_is_application (job)) {
    self->functions->caller_left (self);
  } else {
    self->functions->signal (self, job, SIGHUP, true);
    watch->due = sbx_loop_now () + SBX_JOB_CALLER_GRACE;
  }
}

static void
kill_job (SbxWatch *watch)
{
  SbxJob *job = SBX_OWNER (watch, SbxJob, lifeline);

  job->all->functions->signal (job->all, job, SIGKILL, true);
  watch->due = sbx_loop_now () + SBX_JOB_CALLER_GRACE;
}

/* The caller's socket, if it is one that cannot be mistaken for anything else. */
static bool
is_lifeline (int fd)
{
  int type = 0, domain = 0;
  socklen_t size = sizeof type;

  return getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET
         && getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

int
sbx_job_take_lifeline (SbxJob *job, const SbxMessage *message, int *fds, size_t *n)
{
  if (!(message->value & SBX_START_LIFELINE))
    return 0;
  if (*n < 2 || !is_lifeline (fds[1])) {
    errno = ENOTSOCK;
    return -1;
  }
  if (sbx_loop_add (job->all->loop, &job->lifeline, job->all->order, serve_lifeline, kill_job) < 0)
    return -1;
  sbx_watch_open (&job->lifeline, fds[1]);
  memmove (fds + 1, fds + 2, (*n - 2) * sizeof *fds);
  --*n;
  return 0;
}

bool
sbx_job_has_lifeline (const SbxJob *job)
{
  return job->lifeline.loop && job->lifeline.fd >= 0;
}

void
sbx_job_tell (SbxJob *job, const SbxMessage *message)
{
  SbxMessage told = *message;

  told.job = job->their_number;
  if (sbx_job_is_application (job))
    sbx_services_tell (job->all->services, &told, -1);
  else if (job->service)
    (void) sbx_service_link_tell (job->service, &told);
  told.job = 0;
  if (sbx_job_has_lifeline (job)) /* a caller that does not read is its own problem */
    (void) sbx_message_send_now (job->lifeline.fd, &told, NULL, 0);
}
