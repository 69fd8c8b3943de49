/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* loops WHAT N: does one thing N times and prints the nanoseconds of each, for bench/crash and bench/numbers. */
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void
call_kernel (void)
{
  syscall (SYS_getppid);
}

static void
start_child (void)
{
  pid_t pid = fork ();

  if (pid == 0)
    _exit (0);
  waitpid (pid, NULL, 0);
}

static void
ignore_it (int signo)
{
}

static void
get_signal (void)
{
  kill (getpid (), SIGUSR1);
}

static void
name_itself_by_zero (void)
{
  syscall (SYS_getpgid, 0);
}

static void
name_itself (void)
{
  syscall (SYS_getpgid, getpid ());
}

/* As pthread_kill (3) does it */
static void
name_thread (void)
{
  syscall (SYS_tgkill, getpid (), getpid (), 0);
}

static void
wake_nobody (void)
{
  static unsigned word;

  syscall (SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static volatile unsigned sink;

static void
compute (void)
{
  for (unsigned i = 0; i < 1000; i++)
    sink = sink * 31 + i;
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*once) (void);
  } rows[] = {
    { "syscall", call_kernel },
    { "fork", start_child },
    { "signal", get_signal },
    { "compute", compute },
    { "own-zero", name_itself_by_zero },
    { "own-number", name_itself },
    { "thread", name_thread },
    { "futex", wake_nobody },
  };
  struct timespec from, to;
  long n = argc == 3 ? strtol (argv[2], NULL, 10) : 0;

  signal (SIGUSR1, ignore_it);
  for (size_t i = 0; n > 0 && i < sizeof rows / sizeof *rows; i++)
    if (strcmp (rows[i].name, argv[1]) == 0) {
      clock_gettime (CLOCK_MONOTONIC, &from);
      for (long k = 0; k < n; k++)
        rows[i].once ();
      clock_gettime (CLOCK_MONOTONIC, &to);
      printf ("%.1f\n", ((double) (to.tv_sec - from.tv_sec) * 1e9 + (double) (to.tv_nsec - from.tv_nsec)) / (double) n);
      return EXIT_SUCCESS;
    }
  fprintf (stderr, "usage: loops syscall|fork|signal|compute|own-zero|own-number|thread|futex N\n");
  return EXIT_FAILURE;
}
