/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/end.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "keeper/ending.h"
#include "wire/io.h"
#include "wire/sys.h"

#define KILL_AGAIN_MS 50 /* what has been killed takes a moment */

void
sbx_keeper_kill_all (SbxKeeper *keeper)
{
  if (keeper->init.end.fd >= 0)
    (void) sbx_sys_pidfd_send_signal (keeper->init.end.fd, SIGKILL);
  (void) sbx_ending_sweep (&keeper->join);
}

void
sbx_keeper_kill_timer (SbxWatch *kill)
{
  sbx_keeper_kill_all (SBX_OWNER (kill, SbxKeeper, kill));
  kill->due = sbx_loop_now () + KILL_AGAIN_MS;
}

void
sbx_keeper_signal_job (SbxKeeper *keeper, const SbxJob *job, int signo, bool group)
{
  SbxMessage message = { .type = SBX_MSG_SIGNAL, .job = job->number, .value = signo, .detail = group };

  if (keeper->init.link.fd >= 0 && keeper->state == SBX_KEEPER_RUNNING)
    (void) sbx_message_send_now (keeper->init.link.fd, &message, NULL, 0);
}

void
sbx_keeper_stop (SbxKeeper *keeper, SbxCulprit why, int32_t grace_ms)
{
  if (keeper->state < SBX_KEEPER_RUNNING)
    sbx_keeper_fail (keeper, SBX_STEP_NONE, ECANCELED, "stopped before it had started");
  if (keeper->why == SBX_CULPRIT_APPLICATION)
    keeper->why = why;
  sbx_watch_due_by (&keeper->kill, sbx_loop_now () + grace_ms); /* a later STOP can only be more impatient */
  if (grace_ms > 0)
    sbx_jobs_signal_keeping (&keeper->jobs, SIGTERM);
  else
    sbx_keeper_kill_all (keeper);
}

/* Everything below us: bwrap, and what was handed to us when it died in the middle of its work. Which processes those
 * are is in /proc/self/task/TID/children (proc(5)); we are a child subreaper, so nobody escapes. Returns how many there
 * are that can be waited for. */
static size_t
kill_children (SbxKeeper *keeper)
{
  char path[64], line[4096];
  ssize_t n;
  pid_t pid;

  snprintf (path, sizeof path, "/proc/self/task/%d/children", (int) gettid ());
  n = sbx_read_text_at (path, line, sizeof line);
  if (n <= 0)
    return 1; /* not known: wait for them */
  n = 0;
  for (char *at = line, *end; (pid = (pid_t) strtol (at, &end, 10)) > 0; at = end) {
    kill (pid, SIGKILL);
    n += !sbx_parts_may_hang (&keeper->parts, pid);
  }
  return (size_t) n;
}

static void
kill_everything (SbxKeeper *keeper)
{
  const struct timespec moment = { 0, 200000 };

  sbx_keeper_kill_all (keeper);
  sbx_watch_close (&keeper->init.link);
  if (keeper->bwrap.pid > 0 && !keeper->bwrap.reaped)
    kill (keeper->bwrap.pid, SIGKILL);
  sbx_parts_end (&keeper->parts);
  for (;;) {
    pid_t pid = waitpid (-1, NULL, WNOHANG);

    if (pid < 0 && errno == ECHILD)
      return;
    if (pid > 0)
      continue;
    if (kill_children (keeper) == 0)
      return;
    nanosleep (&moment, NULL);
  }
}

void
sbx_keeper_fail (SbxKeeper *keeper, SbxStep step, int error, const char *text)
{
  SbxMessage failed = { .type = SBX_MSG_FAILED, .value = error, .detail = (int32_t) step };

  snprintf (failed.text, sizeof failed.text, "%s", text);
  kill_everything (keeper);
  sbx_watch_close (&keeper->services.listener);
  sbx_record_remove (&keeper->record);
  sbx_job_tell (sbx_jobs_application (&keeper->jobs), &failed);
  exit (EXIT_FAILURE);
}
