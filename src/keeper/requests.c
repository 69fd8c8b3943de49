/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/requests.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "keeper/change.h"
#include "keeper/end.h"
#include "keeper/launch.h"
#include "keeper/new-procfs.h"
#include "keeper/state.h"

static SbxKeeper *
keeper_of (SbxServices *services)
{
  return SBX_OWNER (services, SbxKeeper, services);
}

static void
take_prepare (SbxKeeper *keeper, SbxServiceLink *service, const SbxMessage *message, int *fds, size_t *n)
{
  sbx_launch_prepare (keeper, fds, *n);
}

static void
take_furnish (SbxKeeper *keeper, SbxServiceLink *service, const SbxMessage *message, int *fds, size_t *n)
{
  sbx_launch_furnish (keeper, fds, *n);
}

/* Behind the block and what was taken out before. */
static int
take_learned (SbxKeeper *keeper, int *fds, size_t *n)
{
  if (*n < 2) {
    errno = EBADMSG;
    return -1;
  }
  keeper->start.learned = fds[1];
  memmove (fds + 1, fds + 2, (*n - 2) * sizeof *fds);
  fds[--*n] = -1;
  return 0;
}

static void
take_start (SbxKeeper *keeper, SbxServiceLink *service, const SbxMessage *message, int *fds, size_t *n)
{
  if (keeper->start.kept || !keeper->furnished
      || (keeper->state != SBX_KEEPER_PREPARING && keeper->state != SBX_KEEPER_READY))
    return;
  if (sbx_job_take_lifeline (sbx_jobs_application (&keeper->jobs), message, fds, n) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_PROTOCOL, errno, "the lifeline is not a sequenced-packet socket");
  if ((message->value & SBX_START_LEARN) && take_learned (keeper, fds, n) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_PROTOCOL, errno, "a file to learn into is missing");
  sbx_launch_keep_start (keeper, message, fds, n);
}

static void
take_exec (SbxKeeper *keeper, SbxServiceLink *service, const SbxMessage *message, int *fds, size_t *n)
{
  bool running = keeper->state == SBX_KEEPER_RUNNING;
  SbxMessage failed = { .type = SBX_MSG_FAILED, .job = message->job, .detail = SBX_STEP_FORK };
  SbxMessage forward = { .type = SBX_MSG_EXEC };
  SbxJob *job = running ? sbx_jobs_add (&keeper->jobs, service, message->job) : NULL;

  if (!job) {
    failed.value = running ? EAGAIN : ESRCH;
    (void) sbx_service_link_tell (service, &failed);
    return;
  }
  forward.job = job->number;
  forward.value = message->value & SBX_START_KEEPS;
  job->keeps = forward.value != 0;
  if (sbx_job_take_lifeline (job, message, fds, n) == 0
      && sbx_message_send (keeper->init.link.fd, &forward, fds, *n) == 0)
    return;
  failed.value = errno;
  failed.detail = SBX_STEP_PROTOCOL;
  sbx_job_tell (job, &failed);
  sbx_job_drop (job);
}

static void
take_signal (SbxKeeper *keeper, SbxServiceLink *service, const SbxMessage *message, int *fds, size_t *n)
{
  if (message->job == 0)
    sbx_keeper_signal_job (keeper, sbx_jobs_application (&keeper->jobs), message->value, message->detail != 0);
}

static void
take_stop (SbxKeeper *keeper, SbxServiceLink *service, const SbxMessage *message, int *fds, size_t *n)
{
  sbx_keeper_stop (keeper, SBX_CULPRIT_STOPPED, message->value);
}

/* The child that makes it answers. */
static void
take_get_procfs (SbxKeeper *keeper, SbxServiceLink *service, const SbxMessage *message, int *fds, size_t *n)
{
  SbxMessage failed = { .type = SBX_MSG_FAILED, .job = message->job, .value = ESRCH, .detail = SBX_STEP_GIVE_PROCFS };
  SbxNamespaces namespaces;

  if (keeper->state == SBX_KEEPER_RUNNING) {
    if (sbx_namespaces_open (&namespaces, keeper->init.pid, keeper->init.end.fd) < 0) {
      failed.value = errno;
    } else {
      failed.value = sbx_procfs_give (&namespaces, (uint32_t) message->value, true, service->watch.fd, message->job);
      sbx_namespaces_close (&namespaces);
    }
  }
  if (failed.value != 0)
    (void) sbx_service_link_tell (service, &failed);
}

static void
take_change (SbxKeeper *keeper, SbxServiceLink *service, const SbxMessage *message, int *fds, size_t *n)
{
  sbx_change_take (keeper, service, message, fds);
}

typedef struct {
  uint32_t type;
  bool by_launcher; /* nobody else may say it */
  /* Descriptors that it keeps are -1 in @fds afterwards, or not among the first @n any more. */
  void (*take) (SbxKeeper *keeper, SbxServiceLink *service, const SbxMessage *message, int *fds, size_t *n);
} Request;

static const Request requests[] = {
  { SBX_MSG_PREPARE, true, take_prepare },
  { SBX_MSG_FURNISH, true, take_furnish },
  { SBX_MSG_START, true, take_start },
  { SBX_MSG_EXEC, false, take_exec },
  { SBX_MSG_GET_PROCFS, false, take_get_procfs },
  { SBX_MSG_SIGNAL, false, take_signal },
  { SBX_MSG_STOP, false, take_stop },
  { SBX_MSG_CHANGE, false, take_change },
};

static const Request *
find_request (uint32_t type)
{
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
    if (requests[i].type == type)
      return &requests[i];
  return NULL;
}

static void
service_said (SbxServices *services, SbxServiceLink *service, const SbxMessage *message, int *fds, size_t n)
{
  SbxKeeper *keeper = keeper_of (services);
  const Request *request = find_request (message->type);

  if (request && request->by_launcher && !sbx_service_link_has_launched (service))
    sbx_service_link_leave (service);
  else if (request)
    request->take (keeper, service, message, fds, &n);
  else
    (void) sbx_parts_said (&keeper->parts, message, fds);
  for (size_t i = 0; i < n; i++)
    if (fds[i] >= 0)
      close (fds[i]);
}

static void
service_came (SbxServices *services, SbxServiceLink *service)
{
  sbx_keeper_tell_so_far (keeper_of (services), service);
}

static void
service_left (SbxServices *services, SbxServiceLink *service)
{
  SbxKeeper *keeper = keeper_of (services);

  sbx_jobs_forget_service (&keeper->jobs, service);
  sbx_change_forget_service (keeper, service);
  /* Nobody has been told of the instance yet, and nobody holds its lifeline: it must not come to life */
  if (sbx_service_link_has_launched (service) && keeper->state < SBX_KEEPER_RUNNING
      && (!keeper->start.kept || !sbx_job_has_lifeline (sbx_jobs_application (&keeper->jobs))))
    sbx_keeper_fail (keeper, SBX_STEP_PROTOCOL, EPIPE, "the service is gone");
}

static void
signal_job (SbxJobs *jobs, SbxJob *job, int signo, bool group)
{
  sbx_keeper_signal_job (SBX_OWNER (jobs, SbxKeeper, jobs), job, signo, group);
}

static void
caller_left (SbxJobs *jobs)
{
  sbx_keeper_stop (SBX_OWNER (jobs, SbxKeeper, jobs), SBX_CULPRIT_CALLER, SBX_JOB_CALLER_GRACE);
}

int
sbx_requests_set_up (SbxKeeper *keeper, int launcher)
{
  static const SbxServiceFunctions services = { service_came, service_said, service_left };
  static const SbxJobFunctions jobs = { signal_job, caller_left };

  sbx_jobs_set_up (&keeper->jobs, &keeper->loop, SBX_ORDER_LIFELINES, &keeper->services, &jobs);
  return sbx_services_set_up (&keeper->services, &keeper->loop, SBX_ORDER_SERVICES, &services, launcher);
}
