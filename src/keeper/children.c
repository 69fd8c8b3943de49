/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/children.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/end.h"
#include "keeper/ending.h"

#define GRACE_ON_SIGTERM 3000 /* ms */

static void
bwrap_has_ended (SbxKeeper *keeper, int status)
{
  keeper->bwrap.reaped = true;
  keeper->bwrap.status = status;
  if (keeper->state >= SBX_KEEPER_RUNNING && sbx_ending_outlives_bwrap (&keeper->join))
    sbx_keeper_kill_all (keeper);
}

static void
reap (SbxKeeper *keeper)
{
  int status;
  pid_t pid;

  while ((pid = waitpid (-1, &status, WNOHANG)) > 0)
    if (pid == keeper->bwrap.pid && !keeper->bwrap.reaped)
      bwrap_has_ended (keeper, status);
    else /* or an orphan that was handed to us */
      (void) sbx_parts_reaped (&keeper->parts, pid, status);
}

static void
serve (SbxWatch *watch)
{
  SbxKeeper *keeper = SBX_OWNER (watch, SbxKeeper, signals);
  struct signalfd_siginfo info;

  while (read (watch->fd, &info, sizeof info) == (ssize_t) sizeof info)
    if (info.ssi_signo != SIGCHLD)
      sbx_keeper_stop (keeper, SBX_CULPRIT_STOPPED, GRACE_ON_SIGTERM);
  reap (keeper);
}

int
sbx_children_set_up (SbxKeeper *keeper)
{
  static const int wanted[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP };
  sigset_t set;
  int fd;

  sigemptyset (&set);
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
    sigaddset (&set, wanted[i]);
  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN); /* EFBIG, with words, and not our end */
  sigprocmask (SIG_SETMASK, &set, NULL);
  fd = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0 || sbx_loop_add (&keeper->loop, &keeper->signals, SBX_ORDER_SIGNALS, serve, NULL) < 0)
    return -1;
  sbx_watch_open (&keeper->signals, fd);
  return 0;
}
