/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes by their numbers, and numbers of things. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe/try.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* "PID:NAME": the number outside. Here it may be somebody else's, or nobody's. */
static pid_t
read_target (const char *what, const char **name)
{
  char *end;
  long pid = strtol (what, &end, 10);

  *name = *end == ':' ? end + 1 : "";
  return (pid_t) pid;
}

/* Whether the process with this number is another one than @name: only if its name can be read, and is another. */
static int
is_another (pid_t pid, const char *name)
{
  char path[64], comm[64] = "";
  int fd;
  ssize_t n;

  snprintf (path, sizeof path, "/proc/%d/comm", (int) pid);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  n = read (fd, comm, sizeof comm - 1);
  close (fd);
  if (n <= 0)
    return 0;
  comm[strcspn (comm, "\n")] = '\0';
  return strcmp (comm, name) != 0;
}

/* @result is what it came to with that process. */
static Outcome
outcome_with (const char *what, long result)
{
  int error = errno;
  const char *name;
  pid_t pid = read_target (what, &name);

  if (result >= 0 && is_another (pid, name))
    return outcome_no ("the number is another process's");
  errno = error;
  return outcome_of (result);
}

Outcome
try_kill (const char *what)
{
  const char *name;

  return outcome_with (what, kill (read_target (what, &name), 0));
}

/* It is let go when we have ended. */
Outcome
try_trace (const char *what)
{
  const char *name;

  return outcome_with (what, ptrace (PTRACE_SEIZE, read_target (what, &name), NULL, NULL));
}

/* Whether there is anything at that address is not what is asked. */
Outcome
try_memory (const char *what)
{
  static char byte;
  const char *name;
  struct iovec local = { &byte, 1 }, remote = { &byte, 1 };
  long result = process_vm_readv (read_target (what, &name), &local, 1, &remote, 1, 0);

  return outcome_with (what, result < 0 && errno == EFAULT ? 0 : result);
}

Outcome
try_pidfd (const char *what)
{
  const char *name;

  return outcome_with (what, syscall (SYS_pidfd_open, read_target (what, &name), 0));
}

/* A child that is there until we have ended. */
static pid_t
add_process (void)
{
  pid_t child = fork ();

  if (child == 0) {
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
      pause ();
  }
  return child;
}

Outcome
try_processes (const char *most)
{
  long n = strtol (most, NULL, 10), made = 0;
  pid_t *children = calloc ((size_t) n + 1, sizeof *children);
  int error = ENOMEM;

  while (children && made <= n) {
    children[made] = add_process ();
    error = errno;
    if (children[made] < 0)
      break;
    made++;
  }
  for (long i = 0; i < made; i++)
    kill (children[i], SIGKILL);
  for (long i = 0; i < made; i++)
    waitpid (children[i], NULL, 0);
  free (children);
  return made > n ? outcome_yes ("%ld at once", made) : outcome_no ("%ld at once: %s", made, strerror (error));
}

Outcome
try_descriptors (const char *most)
{
  rlim_t n = strtoul (most, NULL, 10);
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
    return outcome_of (-1);
  if (limit.rlim_cur > n)
    return outcome_yes ("%lu", (unsigned long) limit.rlim_cur);
  limit.rlim_cur = n + 1;
  if (limit.rlim_max < limit.rlim_cur)
    limit.rlim_max = limit.rlim_cur;
  return outcome_of (setrlimit (RLIMIT_NOFILE, &limit));
}
