/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/init-link.h"

#include <unistd.h>

#include "keeper/end.h"
#include "keeper/launch.h"
#include "keeper/state.h"

static void
is_gone (SbxKeeper *keeper)
{
  sbx_watch_close (&keeper->init.link);
  /* Before RUNNING bwrap's end will tell why */
  if (keeper->state == SBX_KEEPER_RUNNING)
    sbx_keeper_enter_state (keeper, SBX_KEEPER_ENDING);
}

void
sbx_init_link_application_ended (SbxKeeper *keeper, int status)
{
  if (keeper->main_ended)
    return;
  keeper->main_ended = true;
  keeper->main_status = status;
  sbx_parts_application_ended (&keeper->parts);
  sbx_init_link_tell_end (keeper);
}

void
sbx_init_link_tell_end (SbxKeeper *keeper)
{
  SbxMessage exited = { .type = SBX_MSG_EXITED, .value = keeper->main_status };

  if (!keeper->main_ended || keeper->end_told || sbx_parts_delay_end (&keeper->parts))
    return;
  keeper->end_told = true;
  sbx_job_tell (sbx_jobs_application (&keeper->jobs), &exited);
}

/* HELLO: its child, which is to become the job, with the pid that the kernel gives. */
static void
take_hello (SbxKeeper *keeper, SbxJob *job, pid_t sender)
{
  job->pid = sender;
  if (sbx_job_is_application (job))
    sbx_launch_hold_back (keeper);
}

static void
take_start (SbxKeeper *keeper, SbxJob *job, SbxMessage *message)
{
  if (!sbx_job_is_application (job)) {
    message->pid = job->pid;
    message->detail = (int32_t) keeper->enforced;
    sbx_job_tell (job, message);
  } else if (keeper->state == SBX_KEEPER_STARTING) {
    sbx_keeper_set_enforced (keeper, (uint32_t) message->detail & (SBX_ENFORCED_APP_DOMAIN | SBX_ENFORCED_SECCOMP),
                             true);
    sbx_keeper_enter_state (keeper, SBX_KEEPER_RUNNING);
  }
}

static void
take_end (SbxKeeper *keeper, SbxJob *job, const SbxMessage *message)
{
  if (sbx_job_is_application (job)) {
    sbx_init_link_application_ended (keeper, message->value);
    return;
  }
  sbx_job_tell (job, message);
  sbx_job_drop (job);
}

static void
take_failure (SbxKeeper *keeper, SbxJob *job, const SbxMessage *message)
{
  if (sbx_job_is_application (job)) {
    if (keeper->state < SBX_KEEPER_RUNNING)
      sbx_keeper_fail (keeper, (SbxStep) message->detail, message->value, message->text);
    return;
  }
  sbx_job_tell (job, message);
  sbx_job_drop (job);
}

/* Who is not answered waits; who asks nobody is refused (ENOSYS). */
static void
take_questions (SbxKeeper *keeper, int questions)
{
  if (!sbx_parts_asked (&keeper->parts, questions))
    close (questions);
}

/* One message, or the end of its socket. */
static void
serve (SbxKeeper *keeper)
{
  int fds[SBX_MESSAGE_FDS];
  SbxMessage message;
  pid_t sender;
  size_t n;
  SbxJob *job;

  if (sbx_message_recv (keeper->init.link.fd, SBX_CHANNEL_INIT_TO_KEEPER, &message, fds, &n, &sender) <= 0) {
    is_gone (keeper);
    return;
  }
  job = sbx_jobs_find (&keeper->jobs, message.job);
  if (message.type == SBX_MSG_ASKS)
    take_questions (keeper, fds[0]);
  else if (message.type == SBX_MSG_READY && keeper->state == SBX_KEEPER_PREPARING)
    sbx_launch_init_ready (keeper, sender);
  else if (job && message.type == SBX_MSG_HELLO)
    take_hello (keeper, job, sender);
  else if (job && message.type == SBX_MSG_STARTED)
    take_start (keeper, job, &message);
  else if (job && message.type == SBX_MSG_EXITED)
    take_end (keeper, job, &message);
  else if (message.type == SBX_MSG_LEFTOVERS)
    keeper->leftovers = message.value;
  else if (job && message.type == SBX_MSG_FAILED)
    take_failure (keeper, job, &message);
}

static void
serve_link (SbxWatch *watch)
{
  serve (SBX_OWNER (watch, SbxKeeper, init.link));
}

static void
see_end (SbxWatch *watch)
{
  SbxKeeper *keeper = SBX_OWNER (watch, SbxKeeper, init.end);

  keeper->init.dead = watch->paused = true;
}

void
sbx_init_link_drain (SbxKeeper *keeper)
{
  while (keeper->init.link.fd >= 0)
    serve (keeper);
}

int
sbx_init_link_set_up (SbxKeeper *keeper)
{
  if (sbx_loop_add (&keeper->loop, &keeper->init.link, SBX_ORDER_INIT, serve_link, NULL) < 0
      || sbx_loop_add (&keeper->loop, &keeper->init.end, SBX_ORDER_INIT, see_end, NULL) < 0)
    return -1;
  keeper->init.end.paused = true;
  return 0;
}
