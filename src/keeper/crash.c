/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keeper's side of OnCrash=. It owns what the tracer has stopped:
 *
 *   CRASHED from the tracer ──▶ told to one service ──ATTACH for it──▶ a handler runs ──its end──┐
 *              └── nobody there, or no ATTACH in time ───────────────── time limit ─────────────┴─▶ the signal, SIGCONT
 *
 * Whatever happens to service, handler or tracer, the process gets its signal in the end. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "keeper/tracer.h"
#include "wire/sys.h"

#define BURST 256        /* handlers in a row; from then on one in */
#define REFILL_MS 10000  /* this time */
#define ANSWER_MS 10000  /* how long a service may take to send ATTACH */
#define HANDLER_MS 90000 /* how long a handler may take; the service ends it a while before */

static void
release (SbxCrash *crash)
{
  (void) sbx_sys_pidfd_send_signal (crash->pidfd, crash->told.value);
  (void) sbx_sys_pidfd_send_signal (crash->pidfd, SIGCONT);
  close (crash->pidfd);
  *crash = (SbxCrash){ .pidfd = -1 };
}

static SbxCrash *
find (SbxKeeper *keeper, uint32_t number)
{
  for (size_t i = 0; number != 0 && i < SBX_KEEPER_CRASHES; i++)
    if (keeper->crashes[i].number == number)
      return &keeper->crashes[i];
  return NULL;
}

/* To the first service that is there: one is enough, and two would start two handlers. */
static void
announce (SbxKeeper *keeper, SbxCrash *crash)
{
  /* Not before STARTED: until then nobody has been told of the instance */
  if (keeper->state < SBX_KEEPER_RUNNING)
    return;
  for (int i = 0; i < SBX_KEEPER_PEERS && !crash->announced; i++)
    crash->announced = keeper->peers[i] >= 0 && sbx_message_send_now (keeper->peers[i], &crash->told, NULL, 0) == 0;
}

int
sbx_keeper_trace (SbxKeeper *keeper, pid_t pid)
{
  keeper->tracer = sbx_tracer_start (pid, &keeper->tracer_link);
  return keeper->tracer < 0 ? -1 : 0;
}

/* Whether one more handler may be started. What crashes over and over would keep the user's machine at work with them,
 * and fill the screen with notifications. One number is enough: when all that was taken will have come back. */
static bool
take_turn (SbxKeeper *keeper)
{
  int64_t now = sbx_keeper_now ();

  if (keeper->crash_turns_until < now)
    keeper->crash_turns_until = now;
  if (keeper->crash_turns_until - now > (BURST - 1) * REFILL_MS)
    return false;
  keeper->crash_turns_until += REFILL_MS;
  return true;
}

void
sbx_keeper_serve_tracer (SbxKeeper *keeper)
{
  int fds[SBX_MESSAGE_FDS];
  SbxMessage message;
  SbxCrash *crash = NULL;
  size_t n;
  int rc = sbx_message_recv_now (keeper->tracer_link, SBX_CHANNEL_TRACER_TO_KEEPER, &message, fds, &n, NULL);

  if (rc < 0 && errno == EAGAIN)
    return;
  if (rc <= 0) {
    close (keeper->tracer_link);
    keeper->tracer_link = -1;
    return;
  }
  if (message.type != SBX_MSG_CRASHED)
    return;
  for (size_t i = 0; i < SBX_KEEPER_CRASHES && !crash; i++)
    if (keeper->crashes[i].number == 0)
      crash = &keeper->crashes[i];
  if (!crash || !take_turn (keeper)) { /* so many, at once or in a row: this one has no handler */
    SbxCrash none = { .pidfd = fds[0], .told = message };

    release (&none);
    return;
  }
  if (++keeper->next_crash == 0)
    keeper->next_crash = 1;
  *crash = (SbxCrash){ .number = keeper->next_crash, .pidfd = fds[0], .told = message };
  crash->told.crash = crash->number;
  crash->until = sbx_keeper_now () + ANSWER_MS;
  announce (keeper, crash);
}

void
sbx_keeper_announce_crashes (SbxKeeper *keeper)
{
  for (size_t i = 0; i < SBX_KEEPER_CRASHES; i++)
    if (keeper->crashes[i].number != 0 && !keeper->crashes[i].announced)
      announce (keeper, &keeper->crashes[i]);
}

int
sbx_keeper_claim_crash (SbxKeeper *keeper, uint32_t number)
{
  SbxCrash *crash = find (keeper, number);

  if (!crash || crash->handled) {
    errno = crash ? EALREADY : ESRCH;
    return -1;
  }
  crash->handled = true;
  crash->until = sbx_keeper_now () + HANDLER_MS;
  return 0;
}

void
sbx_keeper_crash_handled (SbxKeeper *keeper, uint32_t number)
{
  SbxCrash *crash = find (keeper, number);

  if (crash)
    release (crash);
}

void
sbx_keeper_crash_timers (SbxKeeper *keeper, int64_t now)
{
  for (size_t i = 0; i < SBX_KEEPER_CRASHES; i++)
    if (keeper->crashes[i].number != 0 && now >= keeper->crashes[i].until)
      release (&keeper->crashes[i]);
}

int64_t
sbx_keeper_next_crash_timer (const SbxKeeper *keeper)
{
  int64_t next = 0;

  for (size_t i = 0; i < SBX_KEEPER_CRASHES; i++)
    if (keeper->crashes[i].number != 0 && (next == 0 || keeper->crashes[i].until < next))
      next = keeper->crashes[i].until;
  return next;
}
