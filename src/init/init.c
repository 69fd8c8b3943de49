/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/confine.h"
#include "init/inherit.h"
#include "init/leftovers.h"
#include "init/spawn.h"
#include "init/worker.h"
#include "wire/message.h"
#include "wire/sys.h"

#define MAX_JOBS 256
#define MAX_REAPED 256 /* at a time: who forks without end does not keep us from anything else */

typedef struct {
  uint32_t job;
  pid_t pid;  /* 0: a free row */
  bool keeps; /* the instance stays while it runs, also when the application has ended */
} Job;

typedef struct {
  int control; /* socket to the keeper */
  int signals;
  int oom;      /* sbx_init_oom_open () */
  bool started; /* START has come: from here on nothing runs outside the app domain and the filter */
  bool linger;  /* SBX_START_LINGER */
  bool sweep;   /* SBX_START_SWEEP, and the domain is there */
  bool held;    /* HOLD */
  bool main_ended;
  bool childless;       /* as of the last time that something was reaped */
  bool unreaped;        /* there may be more of them */
  SbxInitWorker worker; /* where there is a sweep: it is in the application's domain, and we are not */
  SbxLeftovers leftovers;
  bool over;  /* nothing more is done */
  int status; /* … and this is what init ends with */
  Job jobs[MAX_JOBS];
  uint64_t most[SBX_RESOURCES]; /* LIMIT */
} Init;

/* The first reason counts. */
static void
end (Init *init, int status)
{
  if (!init->over)
    init->status = status;
  init->over = true;
}

static void
say (Init *init, uint32_t type, uint32_t job, int32_t value, int32_t detail)
{
  SbxMessage message = { .type = type, .job = job, .value = value, .detail = detail };

  if (sbx_message_send (init->control, &message, NULL, 0) < 0)
    end (init, 1); /* the keeper is gone, and with it the instance */
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

/* Confines this process, and hands over where its filter asks: before there is a child, which may have to ask while
 * vfork (2) holds us up. Call rules are for all calls but the one that this takes (plan/filter/syscall-filter.c). */
static int
confine (Init *init, const SbxBlock *block, uint32_t *enforced, SbxInitFailure *failure)
{
  const SbxMessage asks = { .type = SBX_MSG_ASKS };
  int questions, rc;

  if (sbx_init_confine (block, enforced, &questions, failure) < 0)
    return -1;
  if (questions < 0)
    return 0;
  rc = sbx_message_send (init->control, &asks, &questions, 1);
  if (rc < 0)
    *failure = (SbxInitFailure){ SBX_STEP_SECCOMP, errno };
  close (questions);
  return rc;
}

/* What START or EXEC asks for, and what came of it. */
typedef struct {
  Init *init;
  const SbxBlock *block;
  const SbxInitJob *job;
  uint32_t *enforced;
  SbxInitFailure *failure;
  pid_t pid; /* or -1 */
} Errand;

/* That of START also confines this thread, and so all that it starts. */
static void
confine_and_spawn (void *data)
{
  Errand *errand = data;

  if (errand->job->number != 0 || confine (errand->init, errand->block, errand->enforced, errand->failure) == 0)
    errand->pid = sbx_init_spawn (errand->block, errand->job, errand->failure);
}

static int
read_flags (Init *init, const SbxBlock *block, SbxInitFailure *failure)
{
  uint32_t flags = sbx_block_u32 (block, SBX_TAG_FLAGS, 0);

  init->linger = flags & SBX_START_LINGER;
  if (!(flags & SBX_START_SWEEP) || sbx_init_worker_start (&init->worker) == 0)
    return 0;
  *failure = (SbxInitFailure){ SBX_STEP_FORK, errno };
  return -1;
}

/* The command of the block @fd. */
static pid_t
carry_out (Init *init, int fd, const SbxInitJob *job, uint32_t *enforced, SbxInitFailure *failure)
{
  bool first = job->number == 0;
  SbxBlock block;
  Errand errand = { init, &block, job, enforced, failure, -1 };

  if (sbx_block_open (&block, fd, first ? SBX_BLOCK_START : SBX_BLOCK_EXEC) < 0) {
    *failure = (SbxInitFailure){ SBX_STEP_PROTOCOL, errno };
    return -1;
  }
  if (!first || read_flags (init, &block, failure) == 0)
    sbx_init_worker_run (&init->worker, confine_and_spawn, &errand);
  init->sweep |= first && init->worker.started && (*enforced & SBX_ENFORCED_APP_DOMAIN);
  sbx_block_close (&block);
  return errand.pid;
}

/* Does what START or EXEC asks for. */
static void
run (Init *init, const SbxMessage *message, const int *fds, size_t n)
{
  bool first = message->type == SBX_MSG_START, gated = (message->value & SBX_START_GATE) != 0;
  size_t before = gated ? 2 : 1; /* the block, the gate */
  SbxInitFailure failure = { SBX_STEP_PROTOCOL, EBADMSG };
  Job *row = free_row (init);
  uint32_t enforced = 0;
  pid_t pid = -1;

  /* EXEC before START, START twice, or as an EXEC what only START may be: the keeper never does that */
  if (first == init->started || first != (message->job == 0)) {
    end (init, 1);
    return;
  }
  init->started = true;
  if (!row) {
    failure = (SbxInitFailure){ SBX_STEP_FORK, EAGAIN };
  } else if (n >= before) {
    SbxInitJob job = {
      message->job, init->control, gated ? fds[1] : -1, init->oom, fds + before, n - before, init->most
    };

    pid = carry_out (init, fds[0], &job, &enforced, &failure);
  }
  if (pid > 0) {
    *row = (Job){ message->job, pid, (message->value & SBX_START_KEEPS) != 0 };
    say (init, SBX_MSG_STARTED, message->job, 0, (int32_t) enforced);
  } else {
    say (init, SBX_MSG_FAILED, message->job, failure.error, failure.step);
    if (first)
      end (init, 1);
  }
}

static bool
is_kept (const Init *init)
{
  for (size_t i = 0; i < MAX_JOBS; i++)
    if (init->jobs[i].pid > 0 && init->jobs[i].keeps)
      return true;
  return init->held;
}

/* Whether all that it can signal is its own instance's. In the namespace of a handler's target there are others; what
 * a handler leaves the keeper sweeps. */
static bool
ends_others (const Init *init)
{
  return getpid () == 1 || init->sweep;
}

/* Ends if the application has ended, nothing keeps the instance, and what was left has had its time. */
static void
end_when_done (Init *init)
{
  bool done = init->main_ended && !is_kept (init);

  if (!done || (init->linger && !init->childless)) {
    sbx_leftovers_forget (&init->leftovers);
    return;
  }
  if (!init->childless && ends_others (init) && init->leftovers.stage != SBX_LEFTOVERS_OVER) {
    sbx_leftovers_begin (&init->leftovers);
    return;
  }
  if (init->leftovers.n_told > 0)
    say (init, SBX_MSG_LEFTOVERS, 0, init->leftovers.n_told, 0);
  end (init, 0);
}

static void
forward_signal (Init *init, const SbxMessage *message)
{
  Job *job = find_job (init, message->job);

  if (job) /* every job leads a process group of its own */
    kill (message->detail ? -job->pid : job->pid, message->value);
}

/* One message from the keeper, or its end. */
static void
serve (Init *init)
{
  int fds[SBX_MESSAGE_FDS];
  SbxMessage message;
  size_t n;

  if (sbx_message_recv (init->control, SBX_CHANNEL_KEEPER_TO_INIT, &message, fds, &n, NULL) <= 0) {
    end (init, 1);
    return;
  }
  if (message.type == SBX_MSG_SIGNAL) {
    forward_signal (init, &message);
  } else if (message.type == SBX_MSG_LIMIT) {
    init->most[message.value] = message.limit; /* below SBX_RESOURCES: wire/message.c */
  } else if (message.type == SBX_MSG_HOLD) {
    init->held = message.value != 0;
    end_when_done (init);
  } else {
    run (init, &message, fds, n);
  }
  while (n > 0)
    close (fds[--n]);
}

/* A child has ended: ours, or one whose parent has ended before it. */
static void
tell_end (Init *init, pid_t pid, int status)
{
  for (size_t i = 0; i < MAX_JOBS; i++)
    if (init->jobs[i].pid == pid) {
      init->jobs[i].pid = 0;
      init->main_ended |= init->jobs[i].job == 0;
      say (init, SBX_MSG_EXITED, init->jobs[i].job, status, 0);
    }
}

static void
reap (Init *init)
{
  struct signalfd_siginfo info;
  int status, n;
  pid_t pid = 0;

  if (read (init->signals, &info, sizeof info) < 0 && errno != EAGAIN && errno != EINTR) {
    end (init, 1);
    return;
  }
  for (n = 0; n < MAX_REAPED && (pid = waitpid (-1, &status, WNOHANG)) > 0; n++) {
    sbx_leftovers_count (&init->leftovers);
    tell_end (init, pid, status);
  }
  init->unreaped = n == MAX_REAPED;
  init->childless = pid < 0 && errno == ECHILD;
  end_when_done (init);
}

/* Closes everything but the socket: bwrap's own descriptors and our program file are of no use any more. */
static int
tidy_descriptors (int control)
{
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);

  for (int fd = 0; null >= 0 && fd <= 2; fd++)
    dup2 (null, fd);
  if ((control > 3 && sbx_sys_close_range (3, (unsigned) control - 1, 0) < 0)
      || sbx_sys_close_range ((unsigned) control + 1, ~0U, 0) < 0)
    return -1;
  return fcntl (control, F_SETFD, FD_CLOEXEC);
}

/* All are blocked: what the kernel keeps from PID 1 is kept from one that is not PID 1 as well, but for SIGKILL and
 * SIGSTOP. */
static int
open_signals (void)
{
  sigset_t chld, all;

  sigfillset (&all);
  sigprocmask (SIG_SETMASK, &all, NULL);
  sigemptyset (&chld);
  sigaddset (&chld, SIGCHLD);
  return signalfd (-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* What the kernel does for PID 1: nobody outlives us, handlers included. The scope of the instance's Landlock domain,
 * which we have from the keeper, keeps it to our own; nobody is asked, who may have ended. */
static int
leave (const Init *init, int status)
{
  if (init->sweep)
    (void) kill (-1, SIGKILL);
  return status;
}

static void
go_on_ending (Init *init)
{
  if (!is_kept (init))
    sbx_leftovers_go_on (&init->leftovers, &init->worker);
  end_when_done (init);
}

int
sbx_init_run (int control)
{
  Init init = { .control = control };
  struct pollfd polled[2];

  if (tidy_descriptors (control) < 0)
    return 1;
  for (size_t i = 0; i < SBX_RESOURCES; i++)
    init.most[i] = RLIM_INFINITY;
  prctl (PR_SET_NAME, "sandbox-init");
  prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* a handler's is not PID 1 */
  init.signals = open_signals ();
  init.oom = sbx_init_oom_open ();
  if (init.signals < 0)
    return 1;
  say (&init, SBX_MSG_READY, 0, 0, 0);
  polled[0] = (struct pollfd){ init.control, POLLIN, 0 };
  polled[1] = (struct pollfd){ init.signals, POLLIN, 0 };
  while (!init.over) {
    if (poll (polled, 2, init.unreaped ? 0 : sbx_leftovers_timeout (&init.leftovers)) < 0 && errno != EINTR)
      return leave (&init, 1);
    if (polled[1].revents || init.unreaped)
      reap (&init);
    if (polled[0].revents && !init.over)
      serve (&init);
    if (init.leftovers.stage != SBX_LEFTOVERS_NONE && !init.over)
      go_on_ending (&init);
  }
  return leave (&init, init.status);
}
