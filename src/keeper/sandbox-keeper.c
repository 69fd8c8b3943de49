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

#define GRACE_ON_SIGTERM 3000 /* ms */

/* What there is one descriptor of. After these come the peers, the lifelines of the jobs, the links of the handlers. */
enum {
  ROW_SIGNALS,
  ROW_INIT,
  ROW_LISTENER,
  ROW_BWRAP_ERRORS,
  ROW_INIT_PIDFD,
  ROW_TRACER,
  ROW_PROXY,
  ROW_PROXY_LOG,
  ROW_DISPLAY,
  ROW_DISPLAY_LOG,
  ROW_DOCUMENTS,
  N_ROWS
};
#define N_POLLED (N_ROWS + SBX_KEEPER_PEERS + SBX_KEEPER_JOBS + SBX_KEEPER_HANDLERS)

typedef struct {
  struct pollfd fds[N_POLLED];
  nfds_t n;
} Polled;

/* The rows of @polled; one that is not open has a negative descriptor, which is passed over. */
static void
collect (const SbxKeeper *keeper, Polled *polled)
{
  const int single[N_ROWS] = {
    [ROW_SIGNALS] = keeper->signals,
    [ROW_INIT] = keeper->init,
    [ROW_LISTENER] = keeper->listener,
    [ROW_BWRAP_ERRORS] = keeper->bwrap_errors,
    [ROW_INIT_PIDFD] = keeper->state == SBX_KEEPER_ENDING && !keeper->init_dead ? keeper->init_pidfd : -1,
    [ROW_TRACER] = keeper->tracer_link,
    [ROW_PROXY] = keeper->proxy.link,
    [ROW_PROXY_LOG] = keeper->proxy_log_at == 0 ? keeper->proxy.log : -1,
    [ROW_DISPLAY] = keeper->display.link,
    [ROW_DISPLAY_LOG] = keeper->display_log_at == 0 ? keeper->display.log : -1,
    [ROW_DOCUMENTS] = keeper->documents.link,
  };

  polled->n = 0;
  for (size_t i = 0; i < N_ROWS; i++)
    polled->fds[polled->n++] = (struct pollfd){ single[i], POLLIN, 0 };
  for (size_t i = 0; i < SBX_KEEPER_PEERS; i++)
    polled->fds[polled->n++] = (struct pollfd){ keeper->peers[i], POLLIN, 0 };
  for (size_t i = 0; i < SBX_KEEPER_JOBS; i++)
    polled->fds[polled->n++] = (struct pollfd){ keeper->jobs[i].lifeline, POLLIN, 0 };
  for (size_t i = 0; i < SBX_KEEPER_HANDLERS; i++)
    polled->fds[polled->n++] = (struct pollfd){ keeper->handlers[i].link, POLLIN, 0 };
}

/* poll(2) of those that are open: it takes no more rows than there may be descriptors, and RLIMIT_NOFILE may be low. */
static int
poll_open (Polled *polled, int timeout)
{
  struct pollfd open[N_POLLED];
  nfds_t rows[N_POLLED] = { 0 }, n = 0;
  int rc;

  for (nfds_t i = 0; i < polled->n; i++)
    if (polled->fds[i].fd >= 0) {
      open[n] = polled->fds[i];
      rows[n++] = i;
    }
  rc = poll (open, n, timeout);
  for (nfds_t i = 0; rc > 0 && i < n; i++)
    polled->fds[rows[i]].revents = open[i].revents;
  return rc;
}

/* The earlier one of two times, of which 0 is never. */
static int64_t
sooner (int64_t a, int64_t b)
{
  return a == 0 || (b != 0 && b < a) ? b : a;
}

static int
next_timeout (const SbxKeeper *keeper)
{
  int64_t next = keeper->kill_at, now;

  next = sooner (next, sbx_keeper_next_crash_timer (keeper));
  next = sooner (next, keeper->proxy_log_at);
  next = sooner (next, keeper->display_log_at);
  next = sooner (next, keeper->tell_refusals_at);
  next = sooner (next, keeper->handlers_until);
  for (size_t i = 1; i < SBX_KEEPER_JOBS; i++)
    next = sooner (next, keeper->jobs[i].kill_at);
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
  const struct pollfd *peers = polled->fds + N_ROWS, *lifelines = peers + SBX_KEEPER_PEERS;
  const struct pollfd *links = lifelines + SBX_KEEPER_JOBS;

  if (polled->fds[ROW_BWRAP_ERRORS].revents && keeper->bwrap_errors >= 0)
    sbx_keeper_read_errors (keeper);
  if (polled->fds[ROW_INIT].revents && keeper->init >= 0)
    sbx_keeper_serve_init (keeper);
  if (polled->fds[ROW_TRACER].revents && keeper->tracer_link >= 0)
    sbx_keeper_serve_tracer (keeper);
  if (polled->fds[ROW_PROXY].revents && keeper->proxy.link >= 0)
    sbx_keeper_serve_proxy (keeper);
  if (polled->fds[ROW_PROXY_LOG].revents && keeper->proxy.log >= 0)
    sbx_keeper_serve_proxy_log (keeper);
  if (polled->fds[ROW_DISPLAY_LOG].revents && keeper->display.log >= 0)
    sbx_keeper_serve_display_log (keeper);
  if (polled->fds[ROW_DISPLAY].revents && keeper->display.link >= 0)
    sbx_keeper_serve_display (keeper);
  if (polled->fds[ROW_DOCUMENTS].revents && keeper->documents.link >= 0)
    sbx_keeper_serve_documents (keeper);
  if (polled->fds[ROW_SIGNALS].revents)
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
  if (polled->fds[ROW_LISTENER].revents)
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
  signal (SIGXFSZ, SIG_IGN); /* EFBIG, with words, and not our end */
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
  keeper->tracer_link = keeper->gate = keeper->memory = -1;
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
    if (poll_open (&polled, next_timeout (&keeper)) < 0 && errno != EINTR)
      return EXIT_FAILURE;
    serve (&keeper, &polled);
    sbx_keeper_timers (&keeper);
    sbx_keeper_finish (&keeper);
  }
}
