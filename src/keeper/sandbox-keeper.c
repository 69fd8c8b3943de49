/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandbox-keeper: stays with one instance on the host's side, whatever happens to sandboxd.
 * Started by sandboxd with a socket on descriptor 3; everything else comes in messages (wire/message.h). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "keeper/keeper.h"

#define GRACE_ON_SIGTERM 3000

#define SINGLE 11 /* descriptors that there is one of */

typedef struct {
  struct pollfd fds[SINGLE + SBX_KEEPER_PEERS + SBX_KEEPER_JOBS + SBX_KEEPER_HANDLERS];
  nfds_t n;
} Polled;

/* The rows of @polled in a fixed order; one that is not open has a negative descriptor, which poll(2) passes over. */
static void
collect (const SbxKeeper *keeper, Polled *polled)
{
  const int single[SINGLE] = {
    keeper->signals,
    keeper->init,
    keeper->listener,
    keeper->bwrap_errors,
    keeper->state == SBX_KEEPER_ENDING && !keeper->init_dead ? keeper->init_pidfd : -1,
    keeper->tracer_link,
    keeper->proxy.link,
    keeper->proxy_log_at == 0 ? keeper->proxy.log : -1,
    keeper->display.link,
    keeper->display_log_at == 0 ? keeper->display.log : -1,
    keeper->documents.link,
  };

  polled->n = 0;
  for (size_t i = 0; i < SINGLE; i++)
    polled->fds[polled->n++] = (struct pollfd){ single[i], POLLIN, 0 };
  for (size_t i = 0; i < SBX_KEEPER_PEERS; i++)
    polled->fds[polled->n++] = (struct pollfd){ keeper->peers[i], POLLIN, 0 };
  for (size_t i = 0; i < SBX_KEEPER_JOBS; i++)
    polled->fds[polled->n++] = (struct pollfd){ keeper->jobs[i].lifeline, POLLIN, 0 };
  for (size_t i = 0; i < SBX_KEEPER_HANDLERS; i++)
    polled->fds[polled->n++] = (struct pollfd){ keeper->handlers[i].link, POLLIN, 0 };
}

static int
next_timeout (const SbxKeeper *keeper)
{
  int64_t next = keeper->kill_at, crash = sbx_keeper_next_crash_timer (keeper);
  int64_t now;

  if (crash != 0 && (next == 0 || crash < next))
    next = crash;
  if (keeper->proxy_log_at != 0 && (next == 0 || keeper->proxy_log_at < next))
    next = keeper->proxy_log_at;
  if (keeper->display_log_at != 0 && (next == 0 || keeper->display_log_at < next))
    next = keeper->display_log_at;
  if (keeper->tell_refusals_at != 0 && (next == 0 || keeper->tell_refusals_at < next))
    next = keeper->tell_refusals_at;
  if (keeper->handlers_until != 0 && (next == 0 || keeper->handlers_until < next))
    next = keeper->handlers_until;
  for (size_t i = 1; i < SBX_KEEPER_JOBS; i++)
    if (keeper->jobs[i].kill_at != 0 && (next == 0 || keeper->jobs[i].kill_at < next))
      next = keeper->jobs[i].kill_at;
  if (next == 0)
    return -1;
  now = sbx_keeper_now ();
  return next > now ? (int) (next - now) : 50; /* what has been killed takes a moment */
}

static void
serve_signals (SbxKeeper *keeper)
{
  struct signalfd_siginfo info;

  while (read (keeper->signals, &info, sizeof info) == (ssize_t) sizeof info)
    if (info.ssi_signo != SIGCHLD)
      sbx_keeper_stop (keeper, SBX_CULPRIT_STOPPED, GRACE_ON_SIGTERM);
  sbx_keeper_children (keeper);
}

static void
serve (SbxKeeper *keeper, const Polled *polled)
{
  const struct pollfd *peers = polled->fds + SINGLE, *lifelines = peers + SBX_KEEPER_PEERS;
  const struct pollfd *links = lifelines + SBX_KEEPER_JOBS;

  if (polled->fds[3].revents && keeper->bwrap_errors >= 0)
    sbx_keeper_read_errors (keeper);
  if (polled->fds[1].revents && keeper->init >= 0)
    sbx_keeper_serve_init (keeper);
  if (polled->fds[5].revents && keeper->tracer_link >= 0)
    sbx_keeper_serve_tracer (keeper);
  if (polled->fds[6].revents && keeper->proxy.link >= 0)
    sbx_keeper_serve_proxy (keeper);
  if (polled->fds[7].revents && keeper->proxy.log >= 0)
    sbx_keeper_serve_proxy_log (keeper);
  if (polled->fds[9].revents && keeper->display.log >= 0)
    sbx_keeper_serve_display_log (keeper);
  if (polled->fds[8].revents && keeper->display.link >= 0)
    sbx_keeper_serve_display (keeper);
  if (polled->fds[10].revents && keeper->documents.link >= 0)
    sbx_keeper_serve_documents (keeper);
  if (polled->fds[0].revents)
    serve_signals (keeper);
  for (int i = 0; i < SBX_KEEPER_PEERS; i++)
    if (peers[i].revents && keeper->peers[i] == peers[i].fd)
      sbx_keeper_serve_peer (keeper, i);
  for (size_t i = 0; i < SBX_KEEPER_JOBS; i++)
    if (lifelines[i].revents && keeper->jobs[i].lifeline == lifelines[i].fd)
      sbx_keeper_serve_lifeline (keeper, &keeper->jobs[i]);
  for (size_t i = 0; i < SBX_KEEPER_HANDLERS; i++)
    if (links[i].revents && keeper->handlers[i].link == links[i].fd)
      sbx_keeper_serve_handler (&keeper->handlers[i]);
  if (polled->fds[2].revents)
    sbx_keeper_accept (keeper);
}

static int
open_signals (void)
{
  static const int wanted[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP };
  sigset_t set;

  sigemptyset (&set);
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
    sigaddset (&set, wanted[i]);
  signal (SIGPIPE, SIG_IGN);
  sigprocmask (SIG_SETMASK, &set, NULL);
  return signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void
set_up (SbxKeeper *keeper)
{
  keeper->record = (SbxKeeperRecord){ .parent = -1, .directory = -1, .status = -1 };
  for (int i = 0; i < SBX_KEEPER_PEERS; i++)
    keeper->peers[i] = -1;
  for (size_t i = 0; i < SBX_KEEPER_JOBS; i++)
    keeper->jobs[i] = (SbxJob){ .peer = -1, .lifeline = -1 };
  for (size_t i = 0; i < SBX_KEEPER_HANDLERS; i++)
    keeper->handlers[i] = (SbxHandler){ .link = -1, .mounts = -1 };
  for (size_t i = 0; i < SBX_KEEPER_CRASHES; i++)
    keeper->crashes[i].pidfd = -1;
  keeper->tracer_link = keeper->gate = -1;
  keeper->proxy = keeper->display = (SbxSidecar) SBX_SIDECAR_NONE;
  keeper->documents = (SbxDocuments){ .link = -1, .tree = -1, .place = -1 };
  keeper->join.own_mounts = -1;
  keeper->jobs[0].used = true;
  keeper->listener = keeper->init = keeper->init_pidfd = keeper->bwrap_errors = -1;
  keeper->peers[0] = SBX_KEEPER_SOCKET_FD;
  keeper->signals = open_signals ();
}

int
main (void)
{
  static SbxKeeper keeper;
  static Polled polled;

  if (fcntl (SBX_KEEPER_SOCKET_FD, F_SETFD, FD_CLOEXEC) < 0) {
    fputs ("sandbox-keeper is started by sandboxd, not by hand: see sandboxctl(1)\n", stderr);
    return EXIT_FAILURE;
  }
  for (int fd = SBX_JOIN_OWNER_FD; fd <= SBX_JOIN_LINK_FD; fd++)
    (void) fcntl (fd, F_SETFD, FD_CLOEXEC); /* EBADF: not a handler's */
  (void) setsid ();                         /* EPERM: we lead a group already */
  set_up (&keeper);
  if (keeper.signals < 0 || prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
    return EXIT_FAILURE;
  for (;;) {
    collect (&keeper, &polled);
    if (poll (polled.fds, polled.n, next_timeout (&keeper)) < 0 && errno != EINTR)
      return EXIT_FAILURE;
    serve (&keeper, &polled);
    sbx_keeper_timers (&keeper);
    sbx_keeper_finish (&keeper);
  }
}
