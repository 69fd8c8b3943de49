/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that are refused, one or a million of them, and what they cost. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

static double
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

/* Seconds that @count calls of @number take; *@error is that of the last. */
static double
repeat (long number, long argument, long count, int *error)
{
  double begin = now ();

  *error = 0;
  for (long i = 0; i < count; i++)
    *error = syscall (number, argument, 0, 0, 0) < 0 ? errno : 0;
  return now () - begin;
}

/* COUNT [NAME]: that many of a call that is refused, as a process of that name, and as many of one that is not. */
int
probe_refused (int argc, char **argv)
{
  long count = argc > 0 ? atol (argv[0]) : 1;
  double refused, allowed;
  int error, none;

  if (argc > 1)
    prctl (PR_SET_NAME, argv[1], 0, 0, 0);
  refused = repeat (SYS_setns, -1, count, &error);
  allowed = repeat (SYS_getppid, 0, count, &none);
  printf ("{\"error\": \"%s\", \"refused\": %.3f, \"allowed\": %.3f}\n", probe_outcome (error),
          refused * 1e6 / (double) count, allowed * 1e6 / (double) count);
  return 0;
}

static volatile sig_atomic_t n_signals;

static void
count_signal (int signo)
{
  n_signals++;
}

/* COUNT calls that are refused while a timer of 200 us interrupts, with SA_RESTART: how many got another error. */
int
probe_refused_under_signals (int argc, char **argv)
{
  const struct sigaction action = { .sa_handler = count_signal, .sa_flags = SA_RESTART };
  const struct itimerval often = { { 0, 200 }, { 0, 200 } }, never = { { 0, 0 }, { 0, 0 } };
  long count = argc > 0 ? atol (argv[0]) : 1, others = 0;

  sigaction (SIGALRM, &action, NULL);
  setitimer (ITIMER_REAL, &often, NULL);
  for (long i = 0; i < count; i++)
    others += syscall (SYS_setns, -1, 0) >= 0 || errno != EPERM;
  setitimer (ITIMER_REAL, &never, NULL);
  printf ("{\"signals\": %ld, \"others\": %ld}\n", (long) n_signals, others);
  return 0;
}

/* More kinds than anybody keeps, without end. */
static void *
storm (void *data)
{
  for (unsigned long i = 0;; i++) {
    syscall (SYS_socket, 4 + i % 40, 0, 0);
    syscall (SYS_setns, -1, 0);
    syscall (SYS_keyctl, i, 0, 0, 0, 0);
  }
  return data;
}

int
probe_storm (int argc, char **argv)
{
  pthread_t threads[4];

  puts ("begun");
  fflush (stdout);
  for (size_t i = 0; i < sizeof threads / sizeof *threads; i++)
    if (pthread_create (&threads[i], NULL, storm, NULL) != 0)
      return 2;
  pause ();
  return 0;
}

/* Asks to be asked about calls, as container engines do (seccomp_unotify(2)). */
int
probe_listener (int argc, char **argv)
{
  struct sock_filter allow[] = { { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW } };
  struct sock_fprog program = { 1, allow };
  long fd;

  prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  fd = syscall (SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  printf ("{\"listener\": \"%s\"", probe_outcome (fd < 0 ? errno : 0));
  fd = prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
  printf (", \"filter\": \"%s\"}\n", probe_outcome (fd < 0 ? errno : 0));
  return 0;
}

/* COUNT DISTINCT: that many questions about names that are not there, of which so many are different. */
int
probe_names (int argc, char **argv)
{
  long count = argc > 0 ? atol (argv[0]) : 1, distinct = argc > 1 ? atol (argv[1]) : 1, found = 0;
  char name[64];

  puts ("begun");
  fflush (stdout);
  for (long i = 0; i < count; i++) {
    snprintf (name, sizeof name, "/nowhere/%ld", i % distinct);
    found += access (name, F_OK) == 0;
  }
  printf ("found %ld of %ld\n", found, count);
  return 0;
}

/* Installs a filter of its own, by the call that is named, which refuses nothing but one file call; "listener": asks to
 * be asked. */
int
probe_own_filter (int argc, char **argv)
{
  struct sock_filter refuse[] = { { BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 },
                                  { BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_chroot },
                                  { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EACCES },
                                  { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW } };
  struct sock_fprog program = { sizeof refuse / sizeof *refuse, refuse };
  const char *how = argc > 0 ? argv[0] : "";
  long rc = 0;

  prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (strcmp (how, "prctl") == 0)
    rc = prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
  else if (strcmp (how, "seccomp") == 0)
    rc = syscall (SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
  else if (strcmp (how, "listener") == 0)
    rc = syscall (SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  else
    prctl (PR_GET_SECCOMP, 0, 0, 0, 0);
  printf ("%s\n", probe_outcome (rc < 0 ? errno : 0));
  return 0;
}
