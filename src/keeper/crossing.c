/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/crossing.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "keeper/asking.h"
#include "keeper/border.h"
#include "keeper/enter.h"
#include "keeper/interface.h"
#include "wire/sys.h"

/* The descriptors that are left */
enum { STACK_FD, CONTROL_FD, TAP_FD, N_FDS };

/* What is on its way in one direction: a frame that could not be written yet, or none. */
typedef struct {
  int from, to;
  size_t n;          /* 0: none */
  uint64_t *crossed; /* bytes so far */
  uint8_t frame[SBX_FRAME_MAX];
} Way;

#define TELL_PAUSE_MS 250     /* between two reports of what was refused */
#define TRAFFIC_PAUSE_MS 1000 /* and of what has crossed */

typedef struct {
  SbxBorder border;
  Way out, in; /* of the sandbox */
  SbxKnownNames names;
  SbxCrossingReport next; /* what is to be told */
  int64_t told;           /* when that was last */
  SbxTraffic known;       /* what was told of traffic */
} Carrier;

static void __attribute__ ((noreturn)) give_up (int control, int error, const char *what)
{
  SbxCrossingReport report = { .error = error };

  snprintf (report.what, sizeof report.what, "%s", what);
  (void) send (control, &report, sizeof report, MSG_NOSIGNAL);
  _exit (1);
}

/* Nothing of the keeper's stays open here. */
static int
keep_only (const SbxCrossing *self, int tap)
{
  const int fds[N_FDS] = { self->stack, self->control, tap };
  int high[N_FDS];

  for (int i = 0; i < N_FDS; i++) {
    high[i] = fcntl (fds[i], F_DUPFD, 64);
    if (high[i] < 0)
      return -1;
  }
  for (int i = 0; i < N_FDS; i++)
    if (dup2 (high[i], i) < 0 || fcntl (i, F_SETFL, O_NONBLOCK) < 0)
      return -1;
  return sbx_sys_close_range (N_FDS, ~0U, 0);
}

static int64_t
now_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Counts a frame from the sandbox that was refused. However many places it tries, there is a row for few of them. */
static void
count_refused (Carrier *self, const Way *way)
{
  SbxCrossingReport *next = &self->next;
  SbxRefused what;
  uint32_t i = 0;

  if (!sbx_border_describe (&self->border, way->frame, way->n, &what))
    return;
  while (i < next->n && memcmp (&next->rows[i].what, &what, sizeof what) != 0)
    i++;
  if (i == SBX_CROSSING_REFUSED) {
    next->more++;
    return;
  }
  if (i == next->n)
    next->rows[next->n++] = (SbxCrossingRefused){ .what = what };
  next->rows[i].count++;
}

/* Counts what the resolver is asked. */
static void
count_asked (Carrier *self, const Way *way)
{
  SbxDnsQuestion question;
  struct timespec now;

  if (way != &self->out || !sbx_asking_read (way->frame, way->n, &question))
    return;
  clock_gettime (CLOCK_REALTIME, &now);
  sbx_asked_names_add (&self->next.asked, question.name, 1, (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

static bool
has_crossed (const Carrier *self)
{
  return self->next.traffic.in != self->known.in || self->next.traffic.out != self->known.out;
}

/* Milliseconds until there is something to tell; -1: there is nothing. */
static int
due (const Carrier *self)
{
  const bool refused = self->next.n > 0 || self->next.more > 0;
  int64_t left;

  if (!refused && !has_crossed (self))
    return -1;
  left = self->told + (refused ? TELL_PAUSE_MS : TRAFFIC_PAUSE_MS) - now_ms ();
  return left > 0 ? (int) left : 0;
}

/* The report has been sent. */
static void
forget_told (Carrier *self)
{
  self->known = self->next.traffic;
  self->next.n = self->next.more = 0;
  if (self->next.asked.n_asked > 0)
    memset (&self->next.asked, 0, sizeof self->next.asked);
}

/* False: the keeper has gone. One that is busy is told later. */
static bool
tell (Carrier *self)
{
  self->told = now_ms ();
  if (send (CONTROL_FD, &self->next, sizeof self->next, MSG_NOSIGNAL) < 0)
    return errno == EAGAIN || errno == EINTR;
  forget_told (self);
  return true;
}

/* Goes by the next order. False: the keeper has gone. */
static bool
read_order (Carrier *self)
{
  static SbxCrossingOrder fresh;
  ssize_t n = recv (CONTROL_FD, &fresh, sizeof fresh, 0);

  if (n < 0)
    return errno == EAGAIN || errno == EINTR;
  if (n != (ssize_t) sizeof fresh || fresh.border.host.n > SBX_HOST_ADDRESSES || fresh.border.n > SBX_DESTINATIONS)
    return false;
  self->border = fresh.border;
  self->border.names = sbx_border_has_names (&self->border) ? &self->names : NULL;
  self->out.n = self->in.n = 0; /* what waits was let pass by the order before; it is lost as on any network */
  self->next.number = fresh.number;
  self->told = now_ms ();
  if (send (CONTROL_FD, &self->next, sizeof self->next, MSG_NOSIGNAL) < 0)
    return false;
  forget_told (self);
  return true;
}

static bool
is_full (int error)
{
  return error == EAGAIN || error == EINTR || error == ENOBUFS;
}

/* Writes the frame that waits. False: nothing can be written there any more. */
static bool
pass_on (Way *way)
{
  ssize_t n = write (way->to, way->frame, way->n);

  if (n < 0 && is_full (errno))
    return true;
  *way->crossed += n > 0 ? (uint64_t) n : 0;
  way->n = 0;
  /* EIO: the application's side has taken the interface down; EINVAL: too short for one. It is lost as on any network
   */
  return n >= 0 || errno == EIO || errno == EINVAL;
}

/* Takes the next frame of @way. False: the other end is gone. */
static bool
take (Way *way)
{
  ssize_t n = read (way->from, way->frame, sizeof way->frame);

  if (n < 0)
    return is_full (errno) || errno == EIO;
  way->n = (size_t) n;
  return n > 0;
}

/* Whether the frame may go its way; an answer goes back to who has sent it, and on to whom it was meant for. */
static bool
may_cross (Carrier *self, const Way *way)
{
  uint8_t answer[SBX_REFUSAL_MAX];
  size_t n;

  switch (way == &self->out ? sbx_border_check (&self->border, way->frame, way->n)
                            : sbx_border_check_inwards (&self->border, way->frame, way->n)) {
  case SBX_BORDER_PASS:
    count_asked (self, way);
    return true;
  case SBX_BORDER_REFUSE:
    count_refused (self, way);
    n = sbx_border_refusal (way->frame, way->n, answer);
    (void) !write (way->from, answer, n); /* lost where it has no room */
    n = sbx_border_ending (way->frame, way->n, answer);
    if (n > 0)
      (void) !write (way->to, answer, n);
    return false;
  case SBX_BORDER_DROP:
    break;
  }
  return false;
}

#define FRAMES_IN_A_ROW 32 /* of one direction, before the other has its turn */

static bool
carry (Carrier *self, Way *way)
{
  for (int i = 0; i < FRAMES_IN_A_ROW; i++) {
    if (way->n == 0) {
      if (!take (way))
        return false;
      if (way->n == 0)
        return true;
      if (!may_cross (self, way)) {
        way->n = 0;
        continue;
      }
    }
    if (!pass_on (way))
      return false;
    if (way->n > 0)
      return true;
  }
  return true;
}

/* Waits for a frame, or, where one waits, for room; so nothing is read that cannot be kept. */
static bool
serve (Carrier *self)
{
  struct pollfd polled[N_FDS] = {
    [STACK_FD] = { STACK_FD, (short) ((self->in.n ? 0 : POLLIN) | (self->out.n ? POLLOUT : 0)), 0 },
    [CONTROL_FD] = { CONTROL_FD, POLLIN, 0 },
    [TAP_FD] = { TAP_FD, (short) ((self->out.n ? 0 : POLLIN) | (self->in.n ? POLLOUT : 0)), 0 },
  };

  if (poll (polled, N_FDS, due (self)) < 0)
    return errno == EINTR;
  if (self->border.names)
    self->names.now = now_ms () / 1000;
  if (due (self) == 0 && !tell (self))
    return false;
  if (polled[CONTROL_FD].revents && !read_order (self))
    return false;
  if ((polled[STACK_FD].revents | polled[TAP_FD].revents) & (POLLNVAL | POLLERR)) /* the stack has ended */
    return false;
  return carry (self, &self->out) && carry (self, &self->in);
}

void
sbx_crossing_run (const SbxCrossing *self)
{
  static Carrier carrier = { .out = { .from = TAP_FD, .to = STACK_FD }, .in = { .from = STACK_FD, .to = TAP_FD } };
  const SbxCrossingReport made = { .error = 0 };
  const char *failed = NULL;
  sigset_t none;
  int tap;

  prctl (PR_SET_NAME, "sandbox-border");
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  if (setns (self->user, CLONE_NEWUSER) < 0 || setns (self->network, CLONE_NEWNET) < 0)
    give_up (self->control, errno, "its network namespace cannot be entered");
  tap = sbx_interface_make (&failed);
  if (tap < 0)
    give_up (self->control, errno, failed);
  if (keep_only (self, tap) < 0)
    give_up (self->control, errno, "descriptors");
  if (sbx_enter_shut_off () < 0)
    give_up (CONTROL_FD, errno, "capabilities cannot be given up");
  carrier.border.host.unknown = true; /* until they have been told */
  if (send (CONTROL_FD, &made, sizeof made, MSG_NOSIGNAL) < 0)
    _exit (1);
  carrier.out.crossed = &carrier.next.traffic.out;
  carrier.in.crossed = &carrier.next.traffic.in;
  while (serve (&carrier))
    ;
  _exit (0);
}
