/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/settle.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "keeper/change.h"
#include "keeper/denied.h"
#include "keeper/end.h"
#include "keeper/ending.h"
#include "keeper/init-link.h"
#include "keeper/launch.h"
#include "keeper/state.h"

#define SWEEP_AGAIN_MS 2 /* nobody tells us when what was swept is gone */

static bool
is_readable (int fd)
{
  return fd >= 0 && poll (&(struct pollfd){ fd, POLLIN, 0 }, 1, 0) > 0;
}

static void
look_at_bwrap (SbxKeeper *keeper)
{
  if (!keeper->bwrap.reaped)
    return;
  if (keeper->state < SBX_KEEPER_RUNNING) {
    int error;

    /* Init may have told why before bwrap ended */
    if (keeper->state == SBX_KEEPER_STARTING && is_readable (keeper->init.link.fd))
      return;
    error = sbx_bwrap_explain (&keeper->bwrap);
    sbx_keeper_fail (keeper, SBX_STEP_NAMESPACES, error, keeper->bwrap.said);
  }
  sbx_keeper_enter_state (keeper, SBX_KEEPER_ENDING);
}

static bool
is_everything_gone (SbxKeeper *keeper)
{
  if (keeper->state != SBX_KEEPER_ENDING || !keeper->bwrap.reaped)
    return false;
  if (!keeper->init.dead && !is_readable (keeper->init.end.fd))
    return false;
  keeper->init.dead = keeper->init.end.paused = true;
  if (sbx_ending_sweep (&keeper->join) > 0) {
    sbx_watch_due_by (&keeper->kill, sbx_loop_now () + SWEEP_AGAIN_MS);
    return false;
  }
  sbx_parts_end (&keeper->parts);
  return sbx_parts_are_gone (&keeper->parts);
}

/* Which of us has ended it. */
static SbxCulprit
find_culprit (const SbxKeeper *keeper)
{
  SbxCulprit culprit = SBX_CULPRIT_APPLICATION;

  if (keeper->why != SBX_CULPRIT_APPLICATION)
    return keeper->why;
  if (keeper->main_ended) {
    (void) sbx_parts_explain (&keeper->parts, &culprit);
    return culprit;
  }
  if (sbx_ending_is_lost (&keeper->join, &culprit))
    return culprit;
  return WIFSIGNALED (keeper->bwrap.status) ? SBX_CULPRIT_BWRAP : SBX_CULPRIT_INIT;
}

static void
write_end (SbxKeeper *keeper, SbxCulprit culprit)
{
  SbxStatus status = { .state = SBX_STATUS_EXITED,
                       .exit_time = sbx_keeper_wall_clock (),
                       .wait_status = keeper->main_status,
                       .culprit = culprit,
                       .culprit_status = keeper->bwrap.status };

  sbx_denied_end (keeper); /* whoever sees the end may look at once */
  sbx_keeper_write_status (keeper, &status);
  sbx_record_close_socket (&keeper->record);
}

static void
finish (SbxKeeper *keeper)
{
  SbxMessage ended = { .type = SBX_MSG_ENDED, .detail = keeper->bwrap.status };
  SbxCulprit culprit;

  sbx_init_link_drain (keeper); /* what init said last */
  ended.leftovers = keeper->leftovers;
  culprit = find_culprit (keeper);
  sbx_init_link_application_ended (keeper, SIGKILL); /* the kernel did that to it when PID 1 had died */
  write_end (keeper, culprit);
  sbx_jobs_end_all (&keeper->jobs, SIGKILL);
  ended.value = (int32_t) culprit;
  sbx_job_tell (sbx_jobs_application (&keeper->jobs), &ended);
}

bool
sbx_keeper_settle (SbxKeeper *keeper)
{
  look_at_bwrap (keeper);
  sbx_launch_go_on (keeper);
  sbx_change_go_on (keeper);
  sbx_init_link_tell_end (keeper);
  if (!is_everything_gone (keeper))
    return false;
  finish (keeper);
  return true;
}
