/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every system call that takes the number of a process, a thread, a group or a clock of one: what it says of each
 * number. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

#define NS(number) _IOR (0xb7, number, int)
#define P(pointer) (long) (uintptr_t) (pointer)
#define CLOCK_OF(pid) (long) (int) ((~(unsigned) (pid) << 3) | 2) /* CPUCLOCK_SCHED, include/linux/posix-timers.h */

/* In a row: the number, or a clock of it */
#define PID 0x7e570001
#define CLOCK 0x7e570002

static int control_terminal = -1, pid_namespace = -1;

static char scratch[1024], zeros[128];
static unsigned long ones[16] = { [0 ... 15] = ~0UL };
static struct iovec range = { scratch, 1 };

/* What is told by registers alone */
static const struct {
  const char *name;
  long number;
  long arguments[6];
} plain_calls[] = {
  { "kill", SYS_kill, { PID, 0 } },
  { "tkill", SYS_tkill, { PID, 0 } },
  { "tgkill", SYS_tgkill, { PID, PID, 0 } },
  { "getparam", SYS_sched_getparam, { PID, P (scratch) } },
  { "setparam", SYS_sched_setparam, { PID, P (zeros) } },
  { "getscheduler", SYS_sched_getscheduler, { PID } },
  { "setscheduler", SYS_sched_setscheduler, { PID, SCHED_OTHER, P (zeros) } },
  { "getattr", SYS_sched_getattr, { PID, P (scratch), 128, 0 } },
  { "getaffinity", SYS_sched_getaffinity, { PID, sizeof scratch, P (scratch) } },
  { "setaffinity", SYS_sched_setaffinity, { PID, sizeof ones, P (ones) } },
  { "rr_interval", SYS_sched_rr_get_interval, { PID, P (scratch) } },
  { "getpriority", SYS_getpriority, { PRIO_PROCESS, PID } },
  { "getpriority_group", SYS_getpriority, { PRIO_PGRP, PID } },
  { "setpriority", SYS_setpriority, { PRIO_PROCESS, PID, 0 } },
  { "setpriority_group", SYS_setpriority, { PRIO_PGRP, PID, 0 } },
  { "ioprio_get", SYS_ioprio_get, { 1, PID } },
  { "ioprio_get_group", SYS_ioprio_get, { 2, PID } },
  { "ioprio_set", SYS_ioprio_set, { 1, PID, 0 } },
  { "ioprio_set_group", SYS_ioprio_set, { 2, PID, 0 } },
  { "getpgid", SYS_getpgid, { PID } },
  { "getsid", SYS_getsid, { PID } },
  { "setpgid", SYS_setpgid, { PID, 0 } },
  { "setpgid_into", SYS_setpgid, { 0, PID } },
  { "prlimit", SYS_prlimit64, { PID, RLIMIT_CORE, 0, P (scratch) } },
  { "ptrace_peek", SYS_ptrace, { PTRACE_PEEKDATA, PID, P (scratch), P (scratch) } },
  { "vm_readv", SYS_process_vm_readv, { PID, P (&range), 1, P (&range), 1, 0 } },
  { "vm_writev", SYS_process_vm_writev, { PID, P (&range), 1, P (&range), 1, 0 } },
  { "migrate", SYS_migrate_pages, { PID, 8, P (ones), P (ones) } },
  { "robust_list", SYS_get_robust_list, { PID, P (scratch), P (scratch + 8) } },
  { "clock_gettime", SYS_clock_gettime, { CLOCK, P (scratch) } },
  { "clock_getres", SYS_clock_getres, { CLOCK, P (scratch) } },
  { "clock_nanosleep", SYS_clock_nanosleep, { CLOCK, TIMER_ABSTIME, P (zeros) } },
  { "set_ptracer", SYS_prctl, { PR_SET_PTRACER, PID } },
  { "sched_core", SYS_prctl, { 62, 0, PID, 0, P (scratch) } },
  { "wait", SYS_wait4, { PID, 0, WNOHANG, 0 } },
  { "waitid", SYS_waitid, { P_PID, PID, 0, WNOHANG | WEXITED, 0 } },
  { "waitid_group", SYS_waitid, { P_PGID, PID, 0, WNOHANG | WEXITED, 0 } },
};

static long
do_plain (size_t row, pid_t pid)
{
  long a[6];

  for (size_t i = 0; i < sizeof a / sizeof *a; i++) {
    long argument = plain_calls[row].arguments[i];

    a[i] = argument == PID ? pid : argument == CLOCK ? CLOCK_OF (pid) : argument;
  }
  return syscall (plain_calls[row].number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static long
call (long number, long a, long b, long c, long d)
{
  return syscall (number, a, b, c, d, 0, 0);
}

static long
do_kill_group (pid_t pid)
{
  errno = ESRCH; /* -1 is everybody, and no group */
  return pid == 1 ? -1 : call (SYS_kill, -pid, 0, 0, 0);
}

static long
do_sigqueue (pid_t pid)
{
  siginfo_t info = { .si_code = SI_QUEUE };

  return call (SYS_rt_sigqueueinfo, pid, 0, P (&info), 0);
}

static long
do_tgsigqueue (pid_t pid)
{
  siginfo_t info = { .si_code = SI_QUEUE };

  return call (SYS_rt_tgsigqueueinfo, pid, pid, 0, P (&info));
}

static long
do_pidfd_open (pid_t pid)
{
  long fd = call (SYS_pidfd_open, pid, 0, 0, 0);

  if (fd >= 0)
    close ((int) fd);
  return fd;
}

static long
do_setattr (pid_t pid)
{
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t others[3];
  } attr = { .size = 48 };

  return call (SYS_sched_setattr, pid, P (&attr), 0, 0);
}

static long
do_ptrace_seize (pid_t pid)
{
  long rc = call (SYS_ptrace, PTRACE_SEIZE, pid, 0, 0);

  if (rc == 0 && ptrace (PTRACE_INTERRUPT, pid, NULL, NULL) == 0)
    waitpid (pid, NULL, __WALL);
  if (rc == 0)
    ptrace (PTRACE_DETACH, pid, NULL, NULL);
  return rc;
}

static long
do_ptrace_attach (pid_t pid)
{
  long rc = call (SYS_ptrace, PTRACE_ATTACH, pid, 0, 0);

  if (rc == 0)
    waitpid (pid, NULL, __WALL);
  if (rc == 0)
    ptrace (PTRACE_DETACH, pid, NULL, NULL);
  return rc;
}

static long
do_kcmp (pid_t pid)
{
  return syscall (SYS_kcmp, getpid (), pid, 1, 0, 0);
}

static long
do_kcmp_first (pid_t pid)
{
  return syscall (SYS_kcmp, pid, getpid (), 1, 0, 0);
}

static long
do_move_pages (pid_t pid)
{
  int status;
  void *page = &pid_namespace;

  return syscall (SYS_move_pages, pid, 1, &page, NULL, &status, 0);
}

static long
do_perf (pid_t pid)
{
  struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
                                  .size = sizeof attr,
                                  .config = PERF_COUNT_SW_TASK_CLOCK,
                                  .exclude_kernel = 1,
                                  .exclude_hv = 1 };
  long fd = syscall (SYS_perf_event_open, &attr, pid, -1, -1, 0);

  if (fd >= 0)
    close ((int) fd);
  return fd;
}

static long
do_capget (pid_t pid)
{
  struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, pid };
  struct __user_cap_data_struct sets[2];

  return call (SYS_capget, P (&header), P (sets), 0, 0);
}

static long
do_capset (pid_t pid)
{
  struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, pid };
  struct __user_cap_data_struct sets[2] = { 0 };

  return pid == getpid () ? 0 : call (SYS_capset, P (&header), P (sets), 0, 0);
}

static long
do_timer_create (pid_t pid)
{
  struct sigevent event = { .sigev_notify = SIGEV_NONE };
  int timer;
  long rc = call (SYS_timer_create, CLOCK_OF (pid), P (&event), P (&timer), 0);

  if (rc == 0)
    call (SYS_timer_delete, timer, 0, 0, 0);
  return rc;
}

static long
do_setown (pid_t pid)
{
  return call (SYS_fcntl, pid_namespace, F_SETOWN, pid, 0);
}

static long
do_setown_group (pid_t pid)
{
  return call (SYS_fcntl, pid_namespace, F_SETOWN, -pid, 0);
}

static long
do_setown_ex (pid_t pid)
{
  struct f_owner_ex owner = { F_OWNER_PID, pid };

  return call (SYS_fcntl, pid_namespace, F_SETOWN_EX, P (&owner), 0);
}

static long
do_fiosetown (pid_t pid)
{
  int sock = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), number = pid;
  long rc = call (SYS_ioctl, sock, 0x8901, P (&number), 0);
  int saved = errno;

  close (sock);
  errno = saved;
  return rc;
}

static long
do_terminal (pid_t pid)
{
  int number = pid;

  return call (SYS_ioctl, control_terminal, TIOCSPGRP, P (&number), 0);
}

static long
do_ns_from (pid_t pid)
{
  return call (SYS_ioctl, pid_namespace, NS (6), pid, 0);
}

static long
do_ns_tgid_from (pid_t pid)
{
  return call (SYS_ioctl, pid_namespace, NS (7), pid, 0);
}

static long
do_ns_in (pid_t pid)
{
  return call (SYS_ioctl, pid_namespace, NS (8), pid, 0);
}

static long
do_ns_tgid_in (pid_t pid)
{
  return call (SYS_ioctl, pid_namespace, NS (9), pid, 0);
}

static long
do_futex (pid_t pid)
{
  uint32_t word = (uint32_t) pid;

  return pid == getpid () ? 0 : call (SYS_futex, P (&word), FUTEX_TRYLOCK_PI | FUTEX_PRIVATE_FLAG, 0, 0);
}

static long
do_credentials (pid_t pid)
{
  struct ucred who = { pid, getuid (), getgid () };
  char byte = 0, control[CMSG_SPACE (sizeof who)] = { 0 };
  struct iovec vector = { &byte, 1 };
  struct msghdr message = {
    .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
  };
  struct cmsghdr *header = CMSG_FIRSTHDR (&message);
  int pair[2], saved;
  long rc;

  *header = (struct cmsghdr){ CMSG_LEN (sizeof who), SOL_SOCKET, SCM_CREDENTIALS };
  memcpy (CMSG_DATA (header), &who, sizeof who);
  if (socketpair (AF_UNIX, SOCK_DGRAM, 0, pair) < 0)
    return -1;
  rc = sendmsg (pair[0], &message, 0);
  saved = errno;
  close (pair[0]);
  close (pair[1]);
  errno = saved;
  return rc;
}

static long
do_clone3 (pid_t pid)
{
  uint64_t arguments[11] = { 0 };
  pid_t tid = pid;
  long child;

  arguments[4] = SIGCHLD;
  arguments[8] = (uint64_t) (uintptr_t) &tid;
  arguments[9] = 1;
  child = syscall (SYS_clone3, arguments, sizeof arguments);
  if (child == 0)
    _exit (0);
  if (child > 0)
    waitpid ((pid_t) child, NULL, 0);
  return child;
}

#define ROW(name)                                                                                                      \
  {                                                                                                                    \
#name, do_##name                                                                                                   \
  }

static const struct {
  const char *name;
  long (*run) (pid_t pid);
} calls[] = {
  ROW (kill_group),    ROW (sigqueue),     ROW (tgsigqueue),   ROW (pidfd_open),   ROW (setattr),    ROW (ptrace_seize),
  ROW (ptrace_attach), ROW (kcmp),         ROW (kcmp_first),   ROW (move_pages),   ROW (perf),       ROW (capget),
  ROW (capset),        ROW (timer_create), ROW (setown),       ROW (setown_group), ROW (setown_ex),  ROW (fiosetown),
  ROW (terminal),      ROW (ns_from),      ROW (ns_tgid_from), ROW (ns_in),        ROW (ns_tgid_in), ROW (futex),
  ROW (credentials),   ROW (clone3),
};

/* A controlling terminal of its own, where there is none: a session of its own makes way for it. */
static void
open_terminal (void)
{
  int master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);

  if (master < 0 || grantpt (master) < 0 || unlockpt (master) < 0)
    return;
  control_terminal = open (ptsname (master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (control_terminal >= 0)
    ioctl (control_terminal, TIOCSCTTY, 0);
}

static void
print_answers (const char *word)
{
  pid_t pid = (pid_t) atoi (word);

  printf ("\"%s\": {", word);
  for (size_t i = 0; i < sizeof plain_calls / sizeof *plain_calls; i++) {
    errno = 0;
    printf ("\"%s\": \"%s\", ", plain_calls[i].name, probe_outcome (do_plain (i, pid) < 0 ? errno : 0));
  }
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    long rc;

    errno = 0;
    rc = calls[i].run (pid);
    printf ("%s\"%s\": \"%s\"", i > 0 ? ", " : "", calls[i].name, probe_outcome (rc < 0 ? errno : 0));
  }
  printf ("}");
}

/* numbers PID…: what each call says of each of them, of a child ("child"), and of a group whose leader is gone
 * ("orphans"). {PID: {call: outcome}} */
int
probe_numbers (int argc, char **argv)
{
  char number[16];
  pid_t child = fork ();

  if (child == 0) { /* in a group of its own, and in this process's session */
    setpgid (0, 0);
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
      pause ();
  }
  setpgid (child, child);
  setsid ();
  open_terminal ();
  pid_namespace = open ("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
  printf ("{\"number\": %d, ", (int) child);
  for (int i = 0; i < argc; i++) {
    print_answers (argv[i]);
    printf (", ");
  }
  snprintf (number, sizeof number, "%d", (int) child);
  print_answers (number);
  printf ("}\n");
  kill (child, SIGKILL);
  waitpid (child, NULL, 0);
  return 0;
}

/* numbers-cost COUNT: microseconds of a call about a number of one's own, of one about 0, and of one that names nobody.
 */
int
probe_numbers_cost (int argc, char **argv)
{
  long count = argc > 0 ? atol (argv[0]) : 1000;
  const pid_t whom[] = { getpid (), 0 };
  const char *const names[] = { "number", "zero" };

  for (size_t i = 0; i < sizeof whom / sizeof *whom; i++) {
    struct timespec begin, end;

    clock_gettime (CLOCK_MONOTONIC, &begin);
    for (long n = 0; n < count; n++)
      syscall (SYS_getpgid, whom[i]);
    clock_gettime (CLOCK_MONOTONIC, &end);
    printf ("%s\"%s\": %.3f", i > 0 ? ", " : "{", names[i],
            ((double) (end.tv_sec - begin.tv_sec) * 1e6 + (double) (end.tv_nsec - begin.tv_nsec) / 1e3)
                / (double) count);
  }
  printf ("}\n");
  return 0;
}
