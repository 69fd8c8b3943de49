/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandbox-init: PID 1 of an instance.
 *
 *   READY ──START──▶ confine ──▶ spawn job 0 ──▶ serve: EXEC, SIGNAL, reaping ──▶ job 0 has ended: EXITED, exit
 *
 * Its end is the end of the instance: the kernel kills every other process of the pid namespace (pid_namespaces(7)).
 * So it also ends when the keeper's socket is closed, whatever the reason. It handles no signals: those sent by the
 * application are dropped by the kernel, which protects PID 1 from what it has no handler for. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/init.h"
#include "wire/layout.h"
#include "wire/sys.h"

#define MAX_JOBS 256

typedef struct {
  uint32_t job;
  pid_t pid; /* 0: a free row */
} Job;

typedef struct {
  int control;
  int signals;
  bool started; /* confined: from here on nothing runs outside the app domain and the filter */
  bool linger;
  bool held;
  bool main_ended;
  bool childless; /* as of the last time that something was reaped */
  Job jobs[MAX_JOBS];
} Init;

static void
say (Init *init, uint32_t type, uint32_t job, int32_t value, int32_t detail)
{
  SbxMessage message = { .type = type, .job = job, .value = value, .detail = detail };

  if (sbx_message_send (init->control, &message, NULL, 0) < 0)
    _exit (1); /* the keeper is gone, and with it the instance */
}

static Job *
find_job (Init *init, uint32_t job)
{
  for (size_t i = 0; i < MAX_JOBS; i++)
    if (init->jobs[i].pid > 0 && init->jobs[i].job == job)
      return &init->jobs[i];
  return NULL;
}

static Job *
free_row (Init *init)
{
  for (size_t i = 0; i < MAX_JOBS; i++)
    if (init->jobs[i].pid == 0)
      return &init->jobs[i];
  return NULL;
}

/* Runs what START or EXEC asks for; the first one also confines this process and so all of its children. */
static void
run (Init *init, const SbxMessage *message, const int *fds, size_t n)
{
  bool first = message->type == SBX_MSG_START;
  SbxInitFailure failure = { SBX_STEP_PROTOCOL, EBADMSG };
  Job *row = free_row (init);
  bool gated = (message->value & SBX_START_GATE) != 0;
  size_t before = gated ? 2 : 1; /* the block, the gate */
  const SbxInitJob job = { message->job, init->control, gated ? fds[1] : -1, fds + before, n - before };
  uint32_t enforced = 0;
  SbxBlock block;
  pid_t pid = -1;

  if (first == init->started) /* EXEC before START, or START twice: the keeper never does that */
    _exit (1);
  init->started = true;
  if (n < before) {
    failure.error = EBADMSG;
  } else if (!row) {
    failure = (SbxInitFailure){ SBX_STEP_FORK, EAGAIN };
  } else if (sbx_block_open (&block, fds[0], first ? SBX_BLOCK_START : SBX_BLOCK_EXEC) < 0) {
    failure.error = errno;
  } else {
    if (first)
      init->linger = sbx_block_u32 (&block, SBX_TAG_FLAGS, 0) & SBX_START_LINGER;
    if (!first || sbx_init_confine (&block, &enforced, &failure) == 0)
      pid = sbx_init_spawn (&block, &job, &failure);
    sbx_block_close (&block);
  }
  if (pid < 0) {
    say (init, SBX_MSG_FAILED, message->job, failure.error, failure.step);
    if (first)
      _exit (1);
    return;
  }
  *row = (Job){ message->job, pid };
  say (init, SBX_MSG_STARTED, message->job, 0, (int32_t) enforced);
}

/* The application has ended, and nothing keeps us. */
static void
leave_when_done (Init *init, bool childless)
{
  if (init->main_ended && !init->held && (!init->linger || childless))
    _exit (0);
}

static void
forward_signal (Init *init, const SbxMessage *message)
{
  Job *job = find_job (init, message->job);

  if (job) /* every job leads a process group of its own */
    kill (message->detail ? -job->pid : job->pid, message->value);
}

/* One message from the keeper. */
static void
serve (Init *init)
{
  int fds[SBX_MESSAGE_FDS];
  SbxMessage message;
  size_t n;

  if (sbx_message_recv (init->control, SBX_CHANNEL_KEEPER_TO_INIT, &message, fds, &n, NULL) <= 0)
    _exit (1);
  if (message.type == SBX_MSG_SIGNAL) {
    forward_signal (init, &message);
  } else if (message.type == SBX_MSG_HOLD) {
    init->held = message.value != 0;
    leave_when_done (init, init->childless);
  } else {
    run (init, &message, fds, n);
  }
  while (n > 0)
    close (fds[--n]);
}

static void
reap (Init *init)
{
  struct signalfd_siginfo info;
  int status;
  pid_t pid;

  if (read (init->signals, &info, sizeof info) < 0 && errno != EAGAIN && errno != EINTR)
    _exit (1);
  while ((pid = waitpid (-1, &status, WNOHANG)) > 0)
    for (size_t i = 0; i < MAX_JOBS; i++)
      if (init->jobs[i].pid == pid) {
        init->jobs[i].pid = 0;
        init->main_ended |= init->jobs[i].job == 0;
        say (init, SBX_MSG_EXITED, init->jobs[i].job, status, 0);
      }
  init->childless = pid < 0 && errno == ECHILD;
  leave_when_done (init, init->childless);
}

/* Only the socket stays: bwrap's own descriptors and our program file are nobody's business any more. */
static void
tidy_descriptors (void)
{
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);

  for (int fd = 0; null >= 0 && fd <= 2; fd++)
    dup2 (null, fd);
  if (sbx_sys_close_range (3, SBX_INIT_CONTROL_FD - 1, 0) < 0
      || sbx_sys_close_range (SBX_INIT_CONTROL_FD + 1, ~0U, 0) < 0)
    _exit (1);
  fcntl (SBX_INIT_CONTROL_FD, F_SETFD, FD_CLOEXEC);
}

int
main (void)
{
  static Init init = { .control = SBX_INIT_CONTROL_FD };
  struct pollfd polled[2];
  sigset_t chld;

  tidy_descriptors ();
  prctl (PR_SET_NAME, "sandbox-init");
  prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* a handler's is not PID 1 */
  sigemptyset (&chld);
  sigaddset (&chld, SIGCHLD);
  sigprocmask (SIG_SETMASK, &chld, NULL);
  init.signals = signalfd (-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
  if (init.signals < 0)
    return 1;
  say (&init, SBX_MSG_READY, 0, 0, 0);
  polled[0] = (struct pollfd){ init.control, POLLIN, 0 };
  polled[1] = (struct pollfd){ init.signals, POLLIN, 0 };
  for (;;) {
    if (poll (polled, 2, -1) < 0 && errno != EINTR)
      return 1;
    if (polled[1].revents)
      reap (&init);
    if (polled[0].revents)
      serve (&init);
  }
}
