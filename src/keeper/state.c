/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/state.h"
#include "keeper/denied.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

int64_t
sbx_keeper_wall_clock (void)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void
sbx_keeper_write_status (SbxKeeper *keeper, SbxStatus *status)
{
  status->pid = sbx_jobs_application (&keeper->jobs)->pid;
  status->init_pid = keeper->init.pid;
  status->keeper_pid = getpid ();
  status->start_time = keeper->start_time;
  status->enforced = keeper->enforced;
  (void) sbx_record_write (&keeper->record, status); /* the file has its full size already */
}

static SbxMessage
describe_start (SbxKeeper *keeper)
{
  SbxMessage started = { .type = SBX_MSG_STARTED,
                         .pid = sbx_jobs_application (&keeper->jobs)->pid,
                         .detail = (int32_t) keeper->enforced,
                         .start_time = keeper->start_time };

  return started;
}

void
sbx_keeper_tell_ready (SbxKeeper *keeper)
{
  SbxMessage ready = { .type = SBX_MSG_READY, .pid = keeper->init.pid };

  if (!keeper->start.kept) /* else the service does not wait for it, and STARTED follows */
    sbx_services_tell (&keeper->services, &ready, keeper->init.end.fd);
}

static void
is_running (SbxKeeper *keeper)
{
  SbxStatus status = { .state = SBX_STATUS_RUNNING };
  SbxMessage started;

  keeper->start_time = sbx_keeper_wall_clock ();
  started = describe_start (keeper);
  sbx_keeper_write_status (keeper, &status); /* whoever hears of it may look at once */
  sbx_job_tell (sbx_jobs_application (&keeper->jobs), &started);
  sbx_parts_running (&keeper->parts);
}

static void
is_ending (SbxKeeper *keeper)
{
  keeper->init.end.paused = false;
}

bool
sbx_keeper_enter_state (SbxKeeper *keeper, SbxKeeperState state)
{
  static void (*const entered[SBX_KEEPER_N_STATES]) (SbxKeeper * keeper) = {
    [SBX_KEEPER_READY] = sbx_keeper_tell_ready,
    [SBX_KEEPER_RUNNING] = is_running,
    [SBX_KEEPER_ENDING] = is_ending,
  };

  if (state >= SBX_KEEPER_N_STATES || state != keeper->state + 1)
    return false;
  keeper->state = state;
  if (entered[state])
    entered[state](keeper);
  return true;
}

void
sbx_keeper_tell_so_far (SbxKeeper *keeper, SbxServiceLink *service)
{
  SbxMessage message = { .type = SBX_MSG_READY };

  if (keeper->state >= SBX_KEEPER_READY)
    (void) sbx_service_link_tell (service, &message);
  if (keeper->state >= SBX_KEEPER_RUNNING) {
    message = describe_start (keeper);
    (void) sbx_service_link_tell (service, &message);
  }
  if (keeper->change.has_changed) { /* it may have read the file just before, and waited to be let in since */
    message = (SbxMessage){ .type = SBX_MSG_POLICY };
    (void) sbx_service_link_tell (service, &message);
  }
  sbx_denied_tell_all (keeper, service);
  sbx_parts_came (&keeper->parts, service);
  if (keeper->end_told) {
    message = (SbxMessage){ .type = SBX_MSG_EXITED, .value = keeper->main_status };
    (void) sbx_service_link_tell (service, &message);
  }
  if (keeper->change.stage == SBX_CHANGE_NONE) /* else when it is over */
    sbx_services_greet (&keeper->services);
}

void
sbx_keeper_set_enforced (SbxKeeper *keeper, uint32_t bits, bool on)
{
  uint32_t enforced = on ? keeper->enforced | bits : keeper->enforced & ~bits;
  SbxStatus status = { .state = SBX_STATUS_RUNNING };
  SbxMessage changed = { .type = SBX_MSG_CHANGED, .detail = (int32_t) enforced };

  if (keeper->state > SBX_KEEPER_RUNNING || enforced == keeper->enforced)
    return;
  keeper->enforced = enforced;
  if (keeper->state < SBX_KEEPER_RUNNING)
    return;
  sbx_keeper_write_status (keeper, &status);
  sbx_services_tell (&keeper->services, &changed, -1);
}

void
sbx_keeper_update_hold (SbxKeeper *keeper)
{
  SbxMessage message = { .type = SBX_MSG_HOLD, .value = sbx_parts_hold (&keeper->parts) };

  if (keeper->init.link.fd >= 0)
    (void) sbx_message_send_now (keeper->init.link.fd, &message, NULL, 0);
}
