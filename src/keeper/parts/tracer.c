/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process of its own, since a tracer's waitpid(2) would take the keeper's children away from it, and so that its end
 * is harmless: the kernel lets go of what a dead tracer has traced.
 *
 *   tracee: running ──signal──▶ stopped ──not fatal, or the application's own handler has it──▶ running
 *                                  └──fatal──▶ SIGSTOP, let go of, told; the keeper delivers the signal in the end
 *
 * A process that one traces cannot be traced by another: so it is let go of before the handler comes. */
#include "keeper/parts/tracer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "wire/io.h"
#include "wire/layout.h"
#include "wire/message.h"
#include "wire/sys.h"

#define OPTIONS (PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC)
#define PASSES 16
#define THREAD_TRIES 1000 /* of a millisecond each, for a thread that sleeps in the kernel to stop */
#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP 128 /* include/uapi/linux/ptrace.h */
#endif

static bool
dumps_core (int signo)
{
  static const int all[] = { SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS };

  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i] == signo)
      return true;
  return false;
}

/* What /proc/TID/status says of the process. */
typedef struct {
  pid_t tgid, inner_tgid, inner_tid;
  uint64_t caught, ignored, blocked, pending; /* bit N-1 is signal N */
} Status;

static uint64_t
number_after (const char *text, const char *key, int base)
{
  const char *at = strstr (text, key);

  return at ? strtoull (at + strlen (key), NULL, base) : 0;
}

/* A line has one number for each pid namespace, from ours inwards. The handler is in the instance's, the second; what
 * the application has made below that has numbers that mean nothing, or another process, there. */
static pid_t
number_in_instance (const char *text, const char *key)
{
  const char *at = strstr (text, key);
  unsigned long number = 0;

  for (int i = 0; at && i < 2; i++) {
    char *next;

    at += i == 0 ? strlen (key) : 0;
    if (*at == '\n')
      break;
    number = strtoul (at, &next, 10);
    at = next;
  }
  return (pid_t) number;
}

static int
read_status (pid_t tid, Status *status)
{
  static char text[1 << 16]; /* "Groups:" may have thousands of numbers, and the signals come after that */
  char path[64];

  snprintf (path, sizeof path, "/proc/%d/status", (int) tid);
  if (sbx_read_text_at (path, text, sizeof text) <= 0)
    return -1;
  *status = (Status){ .tgid = (pid_t) number_after (text, "\nTgid:", 10),
                      .inner_tgid = number_in_instance (text, "\nNStgid:"),
                      .inner_tid = number_in_instance (text, "\nNSpid:"),
                      .caught = number_after (text, "\nSigCgt:", 16),
                      .ignored = number_after (text, "\nSigIgn:", 16),
                      .blocked = number_after (text, "\nSigBlk:", 16),
                      .pending = number_after (text, "\nSigPnd:", 16) | number_after (text, "\nShdPnd:", 16) };
  return status->tgid > 0 ? 0 : -1;
}

static bool
is_fatal (const Status *status, int signo)
{
  uint64_t bit = (uint64_t) 1 << (signo - 1);

  return !((status->caught | status->ignored) & bit);
}

static bool
will_crash (const Status *status)
{
  for (int signo = 1; signo < 32; signo++)
    if (((status->pending & ~status->blocked) >> (signo - 1) & 1) != 0 && dumps_core (signo)
        && is_fatal (status, signo))
      return true;
  return false;
}

/* Lets go of a thread of the crashed process that is in a stop. It goes on with the signal that had just come, if that
 * is not one more crash: this would end the process before a handler has seen it. A fault comes again when all go on.
 * False when the thread is still traced, since it has such a signal before it, and will stop there. */
static bool
let_go (pid_t tid, int status)
{
  bool group_stop = status >> 16 == PTRACE_EVENT_STOP && WSTOPSIG (status) != SIGTRAP;
  long signo = status >> 16 == 0 ? WSTOPSIG (status) : 0;
  Status process;

  if (read_status (tid, &process) == 0) {
    if (signo != 0 && dumps_core ((int) signo) && is_fatal (&process, (int) signo))
      signo = 0;
    if (!group_stop && will_crash (&process))
      return ptrace (PTRACE_CONT, tid, NULL, (void *) signo) < 0;
  }
  ptrace (PTRACE_DETACH, tid, NULL, (void *) signo);
  return true;
}

/* 1, or 0 when it is not traced (any more). */
static size_t
let_go_at_stop (pid_t tid)
{
  const struct timespec moment = { 0, 1000000 };
  int status;

  for (int i = 0; i < THREAD_TRIES; i++) {
    pid_t pid = waitpid (tid, &status, WNOHANG | __WALL);

    if (pid < 0 || (pid == tid && !WIFSTOPPED (status)))
      return 0;
    if (pid == tid && let_go (tid, status))
      return 1;
    if (pid == 0)
      nanosleep (&moment, NULL);
  }
  return 0;
}

/* Makes one more thread of the crashed process stop, and lets go of it there. */
static size_t
release_thread (pid_t tid)
{
  return ptrace (PTRACE_INTERRUPT, tid, NULL, NULL) < 0 ? 0 : let_go_at_stop (tid);
}

/* Returns how many there were. */
static size_t
release_listed_threads (pid_t tgid, pid_t but)
{
  struct dirent *entry;
  size_t n = 0;
  char path[64];
  DIR *dir;

  snprintf (path, sizeof path, "/proc/%d/task", (int) tgid);
  dir = opendir (path);
  if (!dir)
    return 0;
  while ((entry = readdir (dir)) != NULL) {
    pid_t tid = (pid_t) strtol (entry->d_name, NULL, 10);

    if (tid > 0 && tid != but)
      n += release_thread (tid);
  }
  closedir (dir);
  return n;
}

/* Again until there are no new ones: a thread that was on its way to stop may have started another. */
static void
release_other_threads (pid_t tgid, pid_t but)
{
  for (int i = 0; i < PASSES && release_listed_threads (tgid, but) > 0; i++)
    ;
}

static void
tell (int socket, pid_t tid, const Status *status, const siginfo_t *info, int pidfd)
{
  SbxMessage message = {
    .type = SBX_MSG_CRASHED, .pid = status->tgid, .value = info->si_signo, .detail = info->si_code
  };
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  message.crashed = (SbxCrashed){ .tid = tid,
                                  .inner_pid = status->inner_tgid,
                                  .inner_tid = status->inner_tid,
                                  .address = (uintptr_t) info->si_addr,
                                  .time = (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000 };
  (void) sbx_message_send (socket, &message, &pidfd, 1);
}

/* True when the signal is dealt with. */
static bool
take_crash (int socket, pid_t tid, int signo)
{
  siginfo_t info = { 0 };
  Status status;
  int pidfd;

  if (!dumps_core (signo) || read_status (tid, &status) < 0 || !is_fatal (&status, signo)
      || ptrace (PTRACE_GETSIGINFO, tid, NULL, &info) < 0)
    return false;
  pidfd = sbx_sys_pidfd_open (status.tgid);
  if (pidfd < 0)
    return false;
  info.si_signo = signo;
  /* First: each thread that is let go of then stops instead of running on */
  if (sbx_sys_pidfd_send_signal (pidfd, SIGSTOP) < 0) {
    close (pidfd);
    return false;
  }
  release_other_threads (status.tgid, tid);
  if (!let_go (tid, signo << 8 | 0x7f))
    let_go_at_stop (tid);
  tell (socket, tid, &status, &info, pidfd);
  close (pidfd);
  return true;
}

static void
serve_stop (int socket, pid_t tid, int status)
{
  int event = status >> 16, signo = WSTOPSIG (status);
  long deliver = 0;

  if (event == PTRACE_EVENT_STOP && signo != SIGTRAP) {
    ptrace (PTRACE_LISTEN, tid, NULL, NULL); /* a group-stop: it stays stopped until SIGCONT */
    return;
  }
  if (event == 0) {
    if (take_crash (socket, tid, signo))
      return;
    deliver = signo;
  }
  ptrace (PTRACE_CONT, tid, NULL, (void *) deliver);
}

/* Until there is nothing left to be traced, or the keeper is gone. */
static void __attribute__ ((noreturn)) trace (int socket, int signals)
{
  struct pollfd polled[2] = { { signals, POLLIN, 0 }, { socket, POLLIN, 0 } };

  for (;;) {
    struct signalfd_siginfo info;
    int status;
    pid_t tid;

    while ((tid = waitpid (-1, &status, WNOHANG | __WALL)) > 0)
      if (WIFSTOPPED (status))
        serve_stop (socket, tid, status);
    if (tid < 0 && errno == ECHILD)
      _exit (0);
    if (poll (polled, 2, -1) < 0 && errno != EINTR)
      _exit (1);
    if (polled[1].revents)
      _exit (0);
    while (read (signals, &info, sizeof info) == (ssize_t) sizeof info)
      ;
  }
}

static void __attribute__ ((noreturn)) run (pid_t pid, int socket)
{
  SbxMessage ready = { .type = SBX_MSG_READY };
  sigset_t chld;
  int signals;

  prctl (PR_SET_NAME, "sandbox-tracer");
  /* Only the socket: the keeper's descriptors are the keeper's, and our end must not hold its callers */
  if (dup2 (socket, SBX_TRACER_LINK_FD) != SBX_TRACER_LINK_FD
      || sbx_sys_close_range (SBX_TRACER_LINK_FD + 1, ~0U, 0) < 0)
    _exit (1);
  sigemptyset (&chld);
  sigaddset (&chld, SIGCHLD);
  sigprocmask (SIG_SETMASK, &chld, NULL);
  signals = signalfd (-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals < 0 || ptrace (PTRACE_SEIZE, pid, NULL, (void *) (long) OPTIONS) < 0
      || sbx_message_send (SBX_TRACER_LINK_FD, &ready, NULL, 0) < 0)
    _exit (errno);
  trace (SBX_TRACER_LINK_FD, signals);
}

pid_t
sbx_tracer_start (pid_t pid, int *socket)
{
  SbxMessage message;
  int pair[2], fds[SBX_MESSAGE_FDS], status = 0;
  size_t n;
  pid_t tracer;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    return -1;
  tracer = fork ();
  if (tracer == 0)
    run (pid, pair[1]);
  close (pair[1]);
  if (tracer > 0 && sbx_message_recv (pair[0], SBX_CHANNEL_TRACER_TO_KEEPER, &message, fds, &n, NULL) == 1) {
    *socket = pair[0];
    return tracer;
  }
  if (tracer > 0)
    waitpid (tracer, &status, 0);
  close (pair[0]);
  errno = tracer > 0 && WIFEXITED (status) && WEXITSTATUS (status) ? WEXITSTATUS (status) : EAGAIN;
  return -1;
}
