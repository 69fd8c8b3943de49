/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keeper's side of OnCrash=. It owns what the tracer has stopped:
 *
 *   CRASHED from the tracer ──▶ told to one service ──ATTACH for it──▶ a handler runs ──its end──┐
 *              └── nobody there, or no ATTACH in time ───────────────── time limit ─────────────┴─▶ the signal, SIGCONT
 *
 * Whatever happens to service, handler or tracer, the process gets its signal in the end. */
#include "keeper/parts/crash.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "keeper/parts/tracer.h"
#include "wire/sys.h"

#define BURST 256        /* handlers in a row; from then on one in */
#define REFILL_MS 10000  /* this time */
#define ANSWER_MS 10000  /* how long a service may take to send ATTACH */
#define HANDLER_MS 90000 /* how long a handler may take; the service ends it a while before */

#define CRASHES 16 /* that are stopped at the same time */

typedef struct SbxCrashes SbxCrashes;

/* A process that is stopped before the signal that ends it. */
typedef struct {
  SbxWatch deadline; /* due: when it gets its signal at the latest */
  uint32_t number;   /* 0: a free row */
  int pidfd;
  SbxMessage told; /* CRASHED */
  bool announced;  /* a service knows of it */
  bool handled;    /* a handler runs */
} SbxCrash;

struct SbxCrashes {
  SbxPartState head;
  SbxWatch link; /* from the tracer */
  pid_t tracer;  /* or 0 */
  uint32_t last_number;
  int64_t turns_until; /* on the loop's clock; see take_turn () */
  SbxCrash rows[CRASHES];
};

static void
deliver (int pidfd, int signo)
{
  (void) sbx_sys_pidfd_send_signal (pidfd, signo);
  (void) sbx_sys_pidfd_send_signal (pidfd, SIGCONT);
  close (pidfd);
}

static void
release (SbxCrash *crash)
{
  deliver (crash->pidfd, crash->told.value);
  sbx_watch_remove (&crash->deadline);
  crash->number = 0;
}

static void
release_late (SbxWatch *watch)
{
  release (SBX_OWNER (watch, SbxCrash, deadline));
}

static SbxCrash *
find (SbxKeeper *keeper, uint32_t number)
{
  SbxCrashes *self = sbx_parts_find (&keeper->parts, &sbx_part_crash);

  for (size_t i = 0; self && number != 0 && i < CRASHES; i++)
    if (self->rows[i].number == number)
      return &self->rows[i];
  return NULL;
}

/* Tells the first service that is there: one is enough, and two would start two handlers. */
static void
announce (SbxCrashes *self, SbxCrash *crash)
{
  SbxKeeper *keeper = self->head.keeper;

  /* Not before STARTED: until then nobody has been told of the instance */
  if (keeper->state >= SBX_KEEPER_RUNNING && !crash->announced)
    crash->announced = sbx_services_tell_one (&keeper->services, &crash->told);
}

static void
announce_all (void *state)
{
  SbxCrashes *self = state;

  for (size_t i = 0; i < CRASHES; i++)
    if (self->rows[i].number != 0)
      announce (self, &self->rows[i]);
}

/* Tells the service that has come of all crashes for which there was none before. */
static void
came (void *state, SbxServiceLink *service)
{
  announce_all (state);
}

/* Whether one more handler may be started. What crashes over and over would keep the user's machine at work with them,
 * and fill the screen with notifications. One number is enough: when all that was taken will have come back. */
static bool
take_turn (SbxCrashes *self)
{
  int64_t now = sbx_loop_now ();

  if (self->turns_until < now)
    self->turns_until = now;
  if (self->turns_until - now > (BURST - 1) * REFILL_MS)
    return false;
  self->turns_until += REFILL_MS;
  return true;
}

static SbxCrash *
new_row (SbxCrashes *self)
{
  for (size_t i = 0; i < CRASHES; i++)
    if (self->rows[i].number == 0)
      return take_turn (self)
                     && sbx_loop_add (&self->head.keeper->loop, &self->rows[i].deadline, SBX_ORDER_PARTS, NULL,
                                      release_late)
                            == 0
                 ? &self->rows[i]
                 : NULL;
  return NULL;
}

static void
serve (SbxWatch *watch)
{
  SbxCrashes *self = SBX_OWNER (watch, SbxCrashes, link);
  int fds[SBX_MESSAGE_FDS];
  SbxMessage message;
  SbxCrash *crash;
  size_t n;
  int rc = sbx_message_recv_now (watch->fd, SBX_CHANNEL_TRACER_TO_KEEPER, &message, fds, &n, NULL);

  if (rc < 0 && errno == EAGAIN)
    return;
  if (rc <= 0) {
    sbx_watch_close (watch);
    return;
  }
  if (message.type != SBX_MSG_CRASHED)
    return;
  crash = new_row (self);
  if (!crash) { /* so many, at once or in a row: this one has no handler */
    deliver (fds[0], message.value);
    return;
  }
  if (++self->last_number == 0)
    self->last_number = 1;
  crash->number = self->last_number;
  crash->pidfd = fds[0];
  crash->announced = crash->handled = false;
  crash->told = message;
  crash->told.crash = crash->number;
  crash->deadline.due = sbx_loop_now () + ANSWER_MS;
  announce (self, crash);
}

int
sbx_crash_claim (SbxKeeper *keeper, uint32_t number)
{
  SbxCrash *crash = find (keeper, number);

  if (!crash || crash->handled) {
    errno = crash ? EALREADY : ESRCH;
    return -1;
  }
  crash->handled = true;
  crash->deadline.due = sbx_loop_now () + HANDLER_MS;
  return 0;
}

void
sbx_crash_handled (SbxKeeper *keeper, uint32_t number)
{
  SbxCrash *crash = find (keeper, number);

  if (crash)
    release (crash);
}

/* RELEASE: a crash that gets no handler. */
static bool
said (void *state, const SbxMessage *message, const int *fds)
{
  SbxCrashes *self = state;

  if (message->type != SBX_MSG_RELEASE)
    return false;
  if (sbx_crash_claim (self->head.keeper, message->crash) == 0)
    sbx_crash_handled (self->head.keeper, message->crash);
  return true;
}

static bool
gates (const void *state)
{
  const SbxCrashes *self = state;

  return self->head.keeper->start.flags & SBX_START_TRACE;
}

/* The application is traced before it is executed. */
static int
hold_back (void *state, pid_t pid)
{
  SbxCrashes *self = state;
  int link;
  pid_t tracer;

  if (!gates (self))
    return 0;
  tracer = sbx_tracer_start (pid, &link);
  if (tracer < 0)
    return -1;
  self->tracer = tracer;
  sbx_watch_open (&self->link, link);
  return 0;
}

static bool
reaped (void *state, pid_t pid, int status)
{
  SbxCrashes *self = state;

  if (self->tracer != pid)
    return false;
  self->tracer = 0;
  return true;
}

static int
set_up (void *state)
{
  SbxCrashes *self = state;

  return sbx_loop_add (&self->head.keeper->loop, &self->link, SBX_ORDER_PARTS, serve, NULL);
}

const SbxPart sbx_part_crash = {
  .name = "crash",
  .step = SBX_STEP_TRACE,
  .size = sizeof (SbxCrashes),
  .set_up = set_up,
  .gates = gates,
  .hold_back = hold_back,
  .running = announce_all,
  .came = came,
  .said = said,
  .reaped = reaped,
};
