/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which processes can be seen and reached, and how. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

static const char *const files[] = {
  "status", "stat", "cmdline", "environ", "maps", "mem", "exe", "root", "cwd", "fd"
};
#define N_FILES (sizeof files / sizeof *files)

typedef struct {
  int listed; /* its directory is in /proc's listing */
  int file[N_FILES];
  int kill, ptrace, read, write, pidfd, getfd, pidfd_signal, sched;
} Sight;

/* Lies at the same address in every process that is forked from this one, so that reading it is a fair test there. */
static char here[16] = "probe";

static int
try_file (pid_t pid, const char *name)
{
  char path[64], byte[64];
  int fd;

  snprintf (path, sizeof path, "/proc/%d/%s", (int) pid, name);
  if (strcmp (name, "exe") == 0 || strcmp (name, "root") == 0 || strcmp (name, "cwd") == 0)
    return readlink (path, byte, sizeof byte) < 0 ? errno : 0;
  fd = open (path, (strcmp (name, "mem") == 0 ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  if (fd < 0)
    return errno;
  errno = 0;
  if (strcmp (name, "mem") != 0 && strcmp (name, "fd") != 0 && read (fd, byte, sizeof byte) >= 0)
    errno = 0;
  int error = errno;
  close (fd);
  return error;
}

static int
try_ptrace (pid_t pid)
{
  if (ptrace (PTRACE_SEIZE, pid, NULL, NULL) < 0)
    return errno;
  if (ptrace (PTRACE_INTERRUPT, pid, NULL, NULL) == 0)
    waitpid (pid, NULL, __WALL);
  ptrace (PTRACE_DETACH, pid, NULL, NULL);
  return 0;
}

/* Writing puts back what was read: a probe that sees too much shall do no harm. */
static int
try_memory (pid_t pid, void *address, int writing)
{
  char copy[4];
  struct iovec local = { copy, sizeof copy }, remote = { address, sizeof copy };

  if (process_vm_readv (pid, &local, 1, &remote, 1, 0) < 0)
    return errno;
  return writing && process_vm_writev (pid, &local, 1, &remote, 1, 0) < 0 ? errno : 0;
}

static void
look (pid_t pid, void *address, Sight *sight)
{
  int pidfd;

  for (size_t i = 0; i < N_FILES; i++)
    sight->file[i] = try_file (pid, files[i]);
  sight->kill = kill (pid, 0) < 0 ? errno : 0;
  sight->sched = syscall (SYS_sched_getaffinity, pid, sizeof (uint64_t) * 64, (uint64_t[64]){ 0 }) < 0 ? errno : 0;
  sight->ptrace = pid == getpid () ? 0 : try_ptrace (pid);
  sight->read = try_memory (pid, address, 0);
  sight->write = try_memory (pid, address, 1);
  pidfd = (int) syscall (SYS_pidfd_open, pid, 0);
  sight->pidfd = pidfd < 0 ? errno : 0;
  sight->getfd = sight->pidfd_signal = sight->pidfd;
  if (pidfd < 0)
    return;
  int got = (int) syscall (SYS_pidfd_getfd, pidfd, 0, 0);
  sight->getfd = got < 0 ? errno : 0;
  sight->pidfd_signal = syscall (SYS_pidfd_send_signal, pidfd, 0, NULL, 0) < 0 ? errno : 0;
  if (got >= 0)
    close (got);
  close (pidfd);
}

static int
is_listed (pid_t pid)
{
  DIR *dir = opendir ("/proc");
  struct dirent *entry;
  int found = 0;

  while (dir && (entry = readdir (dir)))
    found |= isdigit ((unsigned char) *entry->d_name) && atoi (entry->d_name) == pid;
  if (dir)
    closedir (dir);
  return found;
}

static void
print_sight (pid_t pid, const Sight *sight, const char *separator)
{
  printf ("%s\"%d\": {\"listed\": %s", separator, (int) pid, sight->listed ? "true" : "false");
  for (size_t i = 0; i < N_FILES; i++)
    printf (", \"%s\": \"%s\"", files[i], probe_outcome (sight->file[i]));
  printf (", \"kill\": \"%s\", \"ptrace\": \"%s\", \"process_vm_readv\": \"%s\", \"process_vm_writev\": \"%s\"",
          probe_outcome (sight->kill), probe_outcome (sight->ptrace), probe_outcome (sight->read),
          probe_outcome (sight->write));
  printf (", \"pidfd_open\": \"%s\", \"pidfd_getfd\": \"%s\", \"pidfd_send_signal\": \"%s\", \"sched\": \"%s\"}\n",
          probe_outcome (sight->pidfd), probe_outcome (sight->getfd), probe_outcome (sight->pidfd_signal),
          probe_outcome (sight->sched));
}

static void
print_listing (void)
{
  DIR *dir = opendir ("/proc");
  struct dirent *entry;
  const char *separator = "";

  printf ("\"listing\": [");
  while (dir && (entry = readdir (dir)))
    if (isdigit ((unsigned char) *entry->d_name)) {
      printf ("%s%s", separator, entry->d_name);
      separator = ", ";
    }
  printf ("],\n");
  if (dir)
    closedir (dir);
}

/* A number that answers to nothing at all is not worth printing. */
static int
exists (pid_t pid)
{
  char path[64];

  snprintf (path, sizeof path, "/proc/%d", (int) pid);
  return kill (pid, 0) == 0 || errno != ESRCH || syscall (SYS_getsid, pid) >= 0 || errno != ESRCH
         || access (path, F_OK) == 0;
}

/* see [--at=HEX] PID…: those, and whatever else answers among the first 70,000 numbers.
 * {"self":, "child":, "listing": [], "sights": {pid: {}}} */
int
probe_see (int argc, char **argv)
{
  void *address = here;
  const char *separator = "";
  pid_t child;

  if (argc > 0 && strncmp (argv[0], "--at=", 5) == 0) {
    address = (void *) (uintptr_t) strtoull (argv[0] + 5, NULL, 16);
    argc--;
    argv++;
  }
  child = fork ();
  if (child == 0) {
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
      pause ();
  }
  printf ("{\"self\": %d, \"child\": %d, \"ppid\": %d, \"address\": \"%llx\",\n", (int) getpid (), (int) child,
          (int) getppid (), (unsigned long long) (uintptr_t) here);
  print_listing ();
  printf ("\"sights\": {");
  for (pid_t pid = 1; pid <= 70000; pid++) {
    int asked = 0;
    Sight sight;

    for (int i = 0; i < argc; i++)
      asked |= atoi (argv[i]) == pid;
    if (!asked && !exists (pid))
      continue;
    sight.listed = is_listed (pid);
    look (pid, address, &sight);
    print_sight (pid, &sight, separator);
    separator = ", ";
  }
  for (int i = 0; i < argc; i++)
    if (atoi (argv[i]) > 70000) {
      Sight sight = { .listed = is_listed (atoi (argv[i])) };

      look (atoi (argv[i]), address, &sight);
      print_sight (atoi (argv[i]), &sight, separator);
      separator = ", ";
    }
  printf ("}}\n");
  kill (child, SIGKILL);
  waitpid (child, NULL, 0);
  return 0;
}
