/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "wire/sys.h"

/* How long a handler that was killed waits for its target to be known as dead, to tell why it ended */
#define TARGET_END_MS 300

int64_t
sbx_keeper_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t
wall_clock (void)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
write_status (SbxKeeper *keeper, SbxStatus *status)
{
  status->pid = keeper->jobs[0].pid;
  status->init_pid = keeper->init_pid;
  status->keeper_pid = getpid ();
  status->start_time = keeper->start_time;
  status->enforced = keeper->enforced;
  (void) sbx_record_write (&keeper->record, status); /* the file has its full size already */
}

void
sbx_keeper_enforced_changed (SbxKeeper *keeper)
{
  SbxStatus status = { .state = SBX_STATUS_RUNNING };
  SbxMessage changed = { .type = SBX_MSG_CHANGED, .detail = (int32_t) keeper->enforced };

  if (keeper->state != SBX_KEEPER_RUNNING)
    return;
  write_status (keeper, &status);
  sbx_keeper_broadcast (keeper, &changed);
}

static void
application_started (SbxKeeper *keeper, const SbxMessage *message)
{
  SbxStatus status = { .state = SBX_STATUS_RUNNING };
  SbxMessage started = { .type = SBX_MSG_STARTED, .pid = keeper->jobs[0].pid };

  keeper->enforced |= (uint32_t) message->detail & (SBX_ENFORCED_APP_DOMAIN | SBX_ENFORCED_SECCOMP);
  keeper->state = SBX_KEEPER_RUNNING;
  keeper->start_time = wall_clock ();
  started.detail = (int32_t) keeper->enforced;
  started.start_time = keeper->start_time;
  write_status (keeper, &status); /* whoever hears of it may look at once */
  sbx_keeper_tell (keeper, &keeper->jobs[0], &started);
  sbx_keeper_announce_crashes (keeper);
}

/* The process that is to become the application is there, and at the gate if it is to be traced. */
static void
application_waits (SbxKeeper *keeper)
{
  if (!keeper->trace)
    return;
  if (sbx_keeper_trace (keeper, keeper->jobs[0].pid) < 0)
    sbx_keeper_fail (keeper, SBX_STEP_TRACE, errno, "");
  close (keeper->gate);
  keeper->gate = -1;
}

static void
init_is_gone (SbxKeeper *keeper)
{
  close (keeper->init);
  keeper->init = -1;
  if (keeper->state >= SBX_KEEPER_RUNNING)
    keeper->state = SBX_KEEPER_ENDING;
  else if (keeper->bwrap_reaped) /* else bwrap's end will tell why */
    sbx_keeper_children (keeper);
}

static void
job_exited (SbxKeeper *keeper, SbxJob *job, int status)
{
  SbxMessage exited = { .type = SBX_MSG_EXITED, .value = status };

  if (job == &keeper->jobs[0]) {
    keeper->main_ended = true;
    keeper->main_status = status;
    sbx_keeper_read_memory (keeper);
  }
  sbx_keeper_tell (keeper, job, &exited);
  if (job != &keeper->jobs[0])
    sbx_keeper_drop_job (keeper, job);
}

void
sbx_keeper_serve_init (SbxKeeper *keeper)
{
  int fds[SBX_MESSAGE_FDS];
  SbxMessage message;
  pid_t sender;
  size_t n;
  SbxJob *job;

  if (sbx_message_recv (keeper->init, SBX_CHANNEL_INIT_TO_KEEPER, &message, fds, &n, &sender) <= 0) {
    init_is_gone (keeper);
    return;
  }
  job = sbx_keeper_find_job (keeper, message.job);
  if (message.type == SBX_MSG_READY) {
    if (keeper->state == SBX_KEEPER_PREPARING)
      sbx_keeper_init_ready (keeper, sender);
  } else if (!job) {
    return;
  } else if (message.type == SBX_MSG_HELLO) {
    job->pid = sender;
    if (job == &keeper->jobs[0])
      application_waits (keeper);
  } else if (message.type == SBX_MSG_EXITED) {
    job_exited (keeper, job, message.value);
  } else if (message.type == SBX_MSG_STARTED && job == &keeper->jobs[0]) {
    application_started (keeper, &message);
  } else if (message.type == SBX_MSG_STARTED) {
    message.pid = job->pid;
    message.detail = (int32_t) keeper->enforced;
    sbx_keeper_tell (keeper, job, &message);
  } else if (job == &keeper->jobs[0]) {
    sbx_keeper_fail (keeper, (SbxStep) message.detail, message.value, message.text);
  } else {
    sbx_keeper_tell (keeper, job, &message);
    sbx_keeper_drop_job (keeper, job);
  }
}

void
sbx_keeper_signal_job (SbxKeeper *keeper, SbxJob *job, int signo, bool group)
{
  SbxMessage message = { .type = SBX_MSG_SIGNAL, .job = job->number, .value = signo, .detail = group };

  if (keeper->init >= 0 && keeper->state == SBX_KEEPER_RUNNING)
    (void) sbx_message_send_now (keeper->init, &message, NULL, 0);
}

void
sbx_keeper_kill_all (SbxKeeper *keeper)
{
  if (keeper->init_pidfd >= 0)
    (void) sbx_sys_pidfd_send_signal (keeper->init_pidfd, SIGKILL);
  (void) sbx_join_sweep (keeper->join.own_mounts);
}

void
sbx_keeper_stop (SbxKeeper *keeper, SbxCulprit why, int32_t grace_ms)
{
  int64_t kill_at = sbx_keeper_now () + grace_ms;

  if (keeper->state < SBX_KEEPER_RUNNING)
    sbx_keeper_fail (keeper, SBX_STEP_NONE, ECANCELED, "stopped before it had started");
  if (keeper->why == SBX_CULPRIT_APPLICATION)
    keeper->why = why;
  if (keeper->kill_at == 0 || kill_at < keeper->kill_at) /* a later STOP can only be more impatient */
    keeper->kill_at = kill_at;
  if (grace_ms > 0)
    sbx_keeper_signal_job (keeper, &keeper->jobs[0], SIGTERM, false);
  else
    sbx_keeper_kill_all (keeper);
}

/* bwrap has ended, and nothing has been executed. It complains before it fails itself; without a complaint it passes on
 * how sandbox-init ended, a signal as 128 and its number, as shells do. */
static void __attribute__ ((noreturn)) fail_without_bwrap (SbxKeeper *keeper)
{
  int status = keeper->bwrap_status;
  int signo = WIFSIGNALED (status) ? WTERMSIG (status) : WEXITSTATUS (status) - 128;

  if (keeper->n_errors == 0 && signo > 0)
    snprintf (keeper->errors, sizeof keeper->errors, "%s was ended by signal %d",
              WIFSIGNALED (status) ? "it" : "sandbox-init", signo);
  else if (keeper->n_errors == 0)
    snprintf (keeper->errors, sizeof keeper->errors, "sandbox-init ended with status %d", WEXITSTATUS (status));
  sbx_keeper_fail (keeper, SBX_STEP_NAMESPACES, WIFSIGNALED (status) ? EINTR : 0, keeper->errors);
}

void
sbx_keeper_children (SbxKeeper *keeper)
{
  int status;
  pid_t pid;

  while ((pid = waitpid (-1, &status, WNOHANG)) > 0)
    if (pid == keeper->bwrap) {
      keeper->bwrap_reaped = true;
      keeper->bwrap_status = status;
    } else if (pid == keeper->proxy.pid) {
      keeper->proxy.pid = 0;
    } else if (pid == keeper->display.pid) {
      sbx_keeper_display_ended (keeper);
    } else if (pid == keeper->tracer) {
      keeper->tracer = 0;
    } else if (pid == keeper->documents.finder) {
      keeper->documents.finder = 0;
    } else {
      (void) sbx_keeper_handler_ended (keeper, pid);
    }
  if (!keeper->bwrap_reaped)
    return;
  if (keeper->state < SBX_KEEPER_RUNNING) {
    sbx_keeper_read_errors (keeper);
    /* Init may have told why before bwrap ended */
    if (keeper->init >= 0 && poll (&(struct pollfd){ keeper->init, POLLIN, 0 }, 1, 0) > 0
        && keeper->state == SBX_KEEPER_STARTING)
      return;
    fail_without_bwrap (keeper);
  }
  if (keeper->join.joined) /* its sandbox does not end with bwrap: plan/bwrap-args.c */
    sbx_keeper_kill_all (keeper);
  keeper->state = SBX_KEEPER_ENDING;
}

void
sbx_keeper_timers (SbxKeeper *keeper)
{
  int64_t now = sbx_keeper_now ();

  if (keeper->kill_at != 0 && now >= keeper->kill_at)
    sbx_keeper_kill_all (keeper);
  sbx_keeper_crash_timers (keeper, now);
  sbx_keeper_proxy_timer (keeper, now);
  sbx_keeper_display_timer (keeper, now);
  for (size_t i = 1; i < SBX_KEEPER_JOBS; i++) {
    SbxJob *job = &keeper->jobs[i];

    if (job->used && job->kill_at != 0 && now >= job->kill_at) {
      sbx_keeper_signal_job (keeper, job, SIGKILL, true);
      job->kill_at = now + SBX_KEEPER_CALLER_GRACE;
    }
  }
}

/* Which of us ended it. */
static SbxCulprit
find_culprit (const SbxKeeper *keeper)
{
  if (keeper->why != SBX_CULPRIT_APPLICATION)
    return keeper->why;
  if (keeper->main_ended)
    return sbx_keeper_ended_by_memory (keeper) ? SBX_CULPRIT_MEMORY : SBX_CULPRIT_APPLICATION;
  if (sbx_join_target_has_ended (&keeper->join, TARGET_END_MS))
    return SBX_CULPRIT_TARGET;
  return WIFSIGNALED (keeper->bwrap_status) ? SBX_CULPRIT_BWRAP : SBX_CULPRIT_INIT;
}

/* With PID 1 everything of theirs is dead; that their keepers write it down should not be waited for without end. */
static bool
handlers_are_gone (SbxKeeper *keeper)
{
  int64_t now = sbx_keeper_now ();

  if (!sbx_keeper_has_handlers (keeper))
    return true;
  if (keeper->handlers_until == 0)
    keeper->handlers_until = now + SBX_KEEPER_HANDLERS_GRACE;
  return now >= keeper->handlers_until;
}

static bool
everything_is_gone (SbxKeeper *keeper)
{
  struct pollfd init = { keeper->init_pidfd, POLLIN, 0 };

  if (keeper->state == SBX_KEEPER_ENDING && !keeper->init_dead)
    keeper->init_dead = poll (&init, 1, 0) > 0;
  if (keeper->state != SBX_KEEPER_ENDING || !keeper->bwrap_reaped || !keeper->init_dead)
    return false;
  if (sbx_join_sweep (keeper->join.own_mounts) > 0) { /* nobody tells us when they are gone: look again */
    keeper->kill_at = sbx_keeper_now () + 2;
    return false;
  }
  sbx_keeper_last_refusals (keeper);
  sbx_sidecar_end (&keeper->proxy);
  sbx_sidecar_end (&keeper->display);
  sbx_keeper_end_documents (keeper);
  return keeper->proxy.pid == 0 && keeper->display.pid == 0 && handlers_are_gone (keeper);
}

void
sbx_keeper_finish (SbxKeeper *keeper)
{
  SbxStatus status = { .state = SBX_STATUS_EXITED, .exit_time = wall_clock () };
  SbxMessage ended = { .type = SBX_MSG_ENDED };
  SbxCulprit culprit;

  if (!everything_is_gone (keeper))
    return;
  while (keeper->init >= 0) /* what init said last */
    sbx_keeper_serve_init (keeper);
  culprit = find_culprit (keeper);
  if (!keeper->main_ended)
    job_exited (keeper, &keeper->jobs[0], SIGKILL); /* the kernel did that to it when PID 1 had died */
  status.wait_status = keeper->main_status;
  status.culprit = culprit;
  status.culprit_status = keeper->bwrap_status;
  write_status (keeper, &status);
  sbx_record_close_socket (&keeper->record);
  ended.value = (int32_t) culprit;
  ended.detail = keeper->bwrap_status;
  for (size_t i = 1; i < SBX_KEEPER_JOBS; i++)
    if (keeper->jobs[i].used)
      job_exited (keeper, &keeper->jobs[i], SIGKILL);
  sbx_keeper_tell (keeper, &keeper->jobs[0], &ended);
  exit (EXIT_SUCCESS);
}
