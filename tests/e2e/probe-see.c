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

/* What the command line of see says. */
typedef struct {
  void *address;               /* --at=HEX: where the others have memory of theirs */
  int only, waiting, as_child; /* --only: no number but those named; --wait; --as-child */
  int n_pids;
  pid_t pids[64];
} Options;

static void
add_pids (Options *options, char *words)
{
  char *rest = words, *word;

  while ((word = strtok_r (rest, " \n", &rest)))
    if (options->n_pids < (int) (sizeof options->pids / sizeof *options->pids))
      options->pids[options->n_pids++] = atoi (word);
}

static void
parse (Options *options, int argc, char **argv)
{
  for (int i = 0; i < argc; i++)
    if (strncmp (argv[i], "--at=", 5) == 0)
      options->address = (void *) (uintptr_t) strtoull (argv[i] + 5, NULL, 16);
    else if (strcmp (argv[i], "--only") == 0)
      options->only = 1;
    else if (strcmp (argv[i], "--wait") == 0)
      options->waiting = 1;
    else if (strcmp (argv[i], "--as-child") == 0)
      options->as_child = 1;
    else
      add_pids (options, argv[i]);
}

static int
is_asked (const Options *options, pid_t pid)
{
  for (int i = 0; i < options->n_pids; i++)
    if (options->pids[i] == pid)
      return 1;
  return 0;
}

static void
print_sights (const Options *options)
{
  const char *separator = "";

  printf ("\"sights\": {");
  for (pid_t pid = 1; pid <= 70000 && !options->only; pid++)
    if (!is_asked (options, pid) && exists (pid)) {
      Sight sight = { .listed = is_listed (pid) };

      look (pid, options->address, &sight);
      print_sight (pid, &sight, separator);
      separator = ", ";
    }
  for (int i = 0; i < options->n_pids; i++) {
    Sight sight = { .listed = is_listed (options->pids[i]) };

    look (options->pids[i], options->address, &sight);
    print_sight (options->pids[i], &sight, separator);
    separator = ", ";
  }
  printf ("}}\n");
  fflush (stdout);
}

static pid_t
start_child (void)
{
  pid_t child = fork ();

  if (child == 0) {
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
      pause ();
  }
  return child;
}

/* see [--at=HEX] [--only] [--wait] [--as-child] PID…: those, and whatever else answers among the first 70,000 numbers.
 * {"self":, "child":, "listing": [], "sights": {pid: {}}}
 * --wait: says "ready" and its number, reads a line of more numbers, looks, and stays until its input ends.
 * --as-child: a child of the program looks, and the program waits for it. */
int
probe_see (int argc, char **argv)
{
  Options options = { .address = here };
  char line[512];
  pid_t child;
  int status;

  parse (&options, argc, argv);
  if (options.as_child && (child = fork ()) != 0)
    return waitpid (child, &status, 0) == child && WIFEXITED (status) ? WEXITSTATUS (status) : 2;
  child = start_child ();
  if (options.waiting) {
    printf ("ready %d\n", (int) getpid ());
    fflush (stdout);
    if (fgets (line, sizeof line, stdin))
      add_pids (&options, line);
  }
  printf ("{\"self\": %d, \"child\": %d, \"ppid\": %d, \"address\": \"%llx\",\n", (int) getpid (), (int) child,
          (int) getppid (), (unsigned long long) (uintptr_t) here);
  print_listing ();
  print_sights (&options);
  while (options.waiting && fgets (line, sizeof line, stdin))
    ;
  kill (child, SIGKILL);
  waitpid (child, NULL, 0);
  return 0;
}

/* Reads from a pipe what a child has to say about ptrace. */
static int
read_result (int fd)
{
  int error = -1;

  return read (fd, &error, sizeof error) == (ssize_t) sizeof error ? error : EIO;
}

/* In a child: tries to trace @pid when it is told to, and says how that went. */
static pid_t
start_tracer (pid_t pid, int go, int result)
{
  pid_t child = fork ();
  char byte;

  if (child == 0) {
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    int error = read (go, &byte, 1) == 1 ? try_ptrace (pid) : EIO;
    _exit (write (result, &error, sizeof error) == (ssize_t) sizeof error ? 0 : 1);
  }
  return child;
}

/* A crash handler as Breakpad and Crashpad have it: a child traces its parent. @allow: who PR_SET_PTRACER names. */
static int
try_handler (int allow)
{
  int go[2], result[2], error;
  pid_t child;

  if (pipe (go) < 0 || pipe (result) < 0)
    return errno;
  child = start_tracer (getpid (), go[0], result[1]);
  if (allow)
    prctl (PR_SET_PTRACER, child, 0, 0, 0); /* fails without Yama, and then nobody has to be named */
  if (write (go[1], "g", 1) != 1)
    return EIO;
  error = read_result (result[0]);
  waitpid (child, NULL, 0);
  prctl (PR_SET_PTRACER, 0, 0, 0, 0);
  for (int i = 0; i < 2; i++) {
    close (go[i]);
    close (result[i]);
  }
  return error;
}

/* handlers: who may trace whom among an application's own processes. {"child":, "named-handler":, "unnamed-handler":}
 */
int
probe_handlers (int argc, char **argv)
{
  pid_t child = start_child ();

  printf ("{\"child\": \"%s\", ", probe_outcome (try_ptrace (child)));
  printf ("\"named-handler\": \"%s\", ", probe_outcome (try_handler (1)));
  printf ("\"unnamed-handler\": \"%s\"}\n", probe_outcome (try_handler (0)));
  kill (child, SIGKILL);
  waitpid (child, NULL, 0);
  return 0;
}
