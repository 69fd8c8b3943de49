/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes that are not the probe's own, and what procfs lets write of the machine. "targets": numbers of processes;
 * each probe tries all of them, and the first that it reaches is a breach. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"

/* 0: reached; else the errno. */
typedef int (*Attempt) (pid_t pid);

static Finding
try_targets (const Given *all, Attempt attempt)
{
  const char *rest = given (all, "targets");
  int error = EINVAL;
  long pid;

  while (next_number (&rest, &pid)) {
    error = attempt ((pid_t) pid);
    if (error == 0)
      return breach ("process %ld", pid);
  }
  return refused (error);
}

static int
open_of (pid_t pid, const char *name, int flags)
{
  char path[96];

  snprintf (path, sizeof path, "/proc/%d/%s", (int) pid, name);
  return open (path, flags | O_CLOEXEC);
}

static int
opens (pid_t pid, const char *name, int flags)
{
  int fd = open_of (pid, name, flags);

  if (fd < 0)
    return errno;
  close (fd);
  return 0;
}

/* Something can be read from it. */
static int
reads (pid_t pid, const char *name)
{
  int fd = open_of (pid, name, O_RDONLY);
  char bytes[64];

  if (fd < 0)
    return errno;
  ssize_t n = read (fd, bytes, sizeof bytes);
  int error = n < 0 ? errno : n == 0 ? ENODATA : 0;
  close (fd);
  return error;
}

static int
is_listed (pid_t pid)
{
  DIR *dir = opendir ("/proc");
  struct dirent *entry;
  int found = 0;

  while (dir && (entry = readdir (dir)))
    found |= atoi (entry->d_name) == pid;
  if (dir)
    closedir (dir);
  return found ? 0 : ENOENT;
}

static int
has_directory (pid_t pid)
{
  char path[32];

  snprintf (path, sizeof path, "/proc/%d", (int) pid);
  return access (path, F_OK) < 0 ? errno : 0;
}

/* Threads are found below the directory of any number, and listed nowhere. */
static int
has_thread_directory (pid_t pid)
{
  char path[48];

  snprintf (path, sizeof path, "self/task/../../%d/task/%d", (int) pid, (int) pid);
  int proc = open ("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  int error = faccessat (proc, path, F_OK, 0) < 0 ? errno : 0;
  close (proc);
  return error;
}

static int
environ_of (pid_t pid)
{
  return reads (pid, "environ");
}

static int
command_line_of (pid_t pid)
{
  return reads (pid, "cmdline");
}

static int
maps_of (pid_t pid)
{
  return reads (pid, "maps");
}

static int
stack_pointer_of (pid_t pid)
{
  return reads (pid, "auxv");
}

static int
memory_opened (pid_t pid)
{
  return opens (pid, "mem", O_RDWR);
}

static int
root_of (pid_t pid)
{
  return opens (pid, "root/.", O_RDONLY | O_DIRECTORY);
}

static int
cwd_of (pid_t pid)
{
  return opens (pid, "cwd/.", O_RDONLY | O_DIRECTORY);
}

static int
file_of (pid_t pid)
{
  return opens (pid, "fd/0", O_RDONLY | O_NONBLOCK);
}

static int
namespace_of (pid_t pid)
{
  return opens (pid, "ns/mnt", O_RDONLY);
}

/* Whether there is memory at that address is another question: EFAULT comes after the permission. */
static int
reach (long result)
{
  return result >= 0 || errno == EFAULT || errno == EIO ? 0 : errno;
}

static int
memory_read (pid_t pid)
{
  char copy[8];
  struct iovec local = { copy, sizeof copy }, remote = { bystander_secret, sizeof copy };

  return reach (process_vm_readv (pid, &local, 1, &remote, 1, 0));
}

static int
memory_written (pid_t pid)
{
  char copy[4];
  struct iovec local = { copy, sizeof copy }, remote = { bystander_secret, sizeof copy };

  /* What is there is written back: a control does no harm */
  if (process_vm_readv (pid, &local, 1, &remote, 1, 0) < 0)
    return reach (-1);
  return reach (process_vm_writev (pid, &local, 1, &remote, 1, 0));
}

static int
traced (pid_t pid)
{
  if (ptrace (PTRACE_SEIZE, pid, NULL, NULL) < 0)
    return errno;
  if (ptrace (PTRACE_INTERRUPT, pid, NULL, NULL) == 0)
    waitpid (pid, NULL, __WALL);
  ptrace (PTRACE_DETACH, pid, NULL, NULL);
  return 0;
}

static int
descriptor_taken (pid_t pid)
{
  int pidfd = (int) syscall (SYS_pidfd_open, pid, 0), fd;

  if (pidfd < 0)
    return errno;
  fd = (int) syscall (SYS_pidfd_getfd, pidfd, 0, 0);
  int error = fd < 0 ? errno : 0;
  close (pidfd);
  if (fd >= 0)
    close (fd);
  return error;
}

static int
compared (pid_t pid)
{
  return syscall (SYS_kcmp, getpid (), pid, KCMP_FILES, 0, 0) < 0 ? errno : 0;
}

/* PID 1 is in the same pid namespace and of the same uid, so that it may be signalled and is not harmed by it; who is
 * somewhere else does not exist. */
static int
signalled (pid_t pid)
{
  return pid != 1 && kill (pid, 0) == 0 ? 0 : errno;
}

static int
scheduled (pid_t pid)
{
  cpu_set_t set;

  if (pid == 1)
    return EPERM;
  return sched_getaffinity (pid, sizeof set, &set) < 0 ? errno : 0;
}

static int
limited (pid_t pid)
{
  struct rlimit limit;

  if (syscall (SYS_prlimit64, pid, RLIMIT_NOFILE, NULL, &limit) < 0)
    return errno;
  return syscall (SYS_prlimit64, pid, RLIMIT_NOFILE, &limit, NULL) < 0 ? errno : 0;
}

static int
badness_set (pid_t pid)
{
  int fd = open_of (pid, "oom_score_adj", O_WRONLY);

  if (fd < 0)
    return errno;
  int error = write (fd, "1000", 4) < 0 ? errno : 0;
  close (fd);
  return error;
}

#define TARGETS(name, attempt)                                                                                         \
  static Finding name (const Given *all)                                                                               \
  {                                                                                                                    \
    return try_targets (all, attempt);                                                                                 \
  }

TARGETS (try_listed, is_listed)
TARGETS (try_directory, has_directory)
TARGETS (try_thread_directory, has_thread_directory)
TARGETS (try_environ, environ_of)
TARGETS (try_command_line, command_line_of)
TARGETS (try_maps, maps_of)
TARGETS (try_auxv, stack_pointer_of)
TARGETS (try_mem, memory_opened)
TARGETS (try_root, root_of)
TARGETS (try_cwd, cwd_of)
TARGETS (try_fd, file_of)
TARGETS (try_ns, namespace_of)
TARGETS (try_read, memory_read)
TARGETS (try_write, memory_written)
TARGETS (try_trace, traced)
TARGETS (try_getfd, descriptor_taken)
TARGETS (try_kcmp, compared)
TARGETS (try_signal, signalled)
TARGETS (try_schedule, scheduled)
TARGETS (try_limits, limited)
TARGETS (try_badness, badness_set)

/* Whoever answers to any number at all, besides PID 1 and this process with its parent. */
static Finding
try_numbers (const Given *all)
{
  for (pid_t pid = 2; pid < 70000; pid++) {
    if (pid == getpid () || pid == getppid ())
      continue;
    if (kill (pid, 0) == 0 || errno != ESRCH || getsid (pid) >= 0 || has_directory (pid) == 0)
      return breach ("process %d", (int) pid);
  }
  return refused (ESRCH);
}

/* A signal to everybody: sent to this process's children and nobody else. */
static Finding
try_broadcast (const Given *all)
{
  /* 0 is no signal and asks only who could be sent one. The parent of this process is among them, so its group is left
   */
  errno = 0;
  if (kill (-1, 0) < 0)
    return refused (errno);
  for (pid_t pid = 2; pid < 70000; pid++)
    if (pid != getpid () && pid != getppid () && kill (pid, 0) == 0)
      return breach ("process %d too", (int) pid);
  return refused_because ("nobody else");
}

/* What /proc says of the machine and belongs to root: opened for writing, nothing is written. */
static const char *const machine_files[] = {
  "/proc/sys/kernel/core_pattern",
  "/proc/sys/kernel/modprobe",
  "/proc/sys/kernel/hotplug",
  "/proc/sys/vm/drop_caches",
  "/proc/sys/fs/binfmt_misc/register",
  "/proc/sysrq-trigger",
  "/proc/sys/kernel/panic",
  "/proc/sys/kernel/randomize_va_space",
  "/proc/irq/default_smp_affinity",
  "/proc/sys/kernel/yama/ptrace_scope",
};

static Finding
try_machine_files (const Given *all)
{
  int error = ENOENT;

  for (size_t i = 0; i < sizeof machine_files / sizeof *machine_files; i++) {
    int fd = open (machine_files[i], O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
      close (fd);
      return breach ("%s", machine_files[i]);
    }
    if (errno != ENOENT)
      error = errno;
  }
  return refused (error);
}

/* The same for every file below a directory. */
static int
find_writable (int parent, const char *name, int depth, char found[600])
{
  int dir = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *listing = dir < 0 ? NULL : fdopendir (dir);
  struct dirent *entry;
  int n = 0;

  while (listing && (entry = readdir (listing)) && n == 0) {
    if (*entry->d_name == '.')
      continue;
    if (entry->d_type == DT_DIR && depth < 6)
      n = find_writable (dir, entry->d_name, depth + 1, found);
    if (entry->d_type != DT_REG)
      continue;
    int fd = openat (dir, entry->d_name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) {
      snprintf (found, 600, "%.300s/%s", name, entry->d_name);
      close (fd);
      n = 1;
    }
  }
  if (listing)
    closedir (listing);
  return n;
}

static Finding
try_settings (const Given *all)
{
  char found[600];

  for (const char *const *top = (const char *const[]){ "/proc/sys/kernel", "/proc/sys/vm", "/proc/sys/fs",
                                                       "/proc/sys/dev", "/proc/sys/user", "/sys/kernel", NULL };
       *top; top++)
    if (find_writable (AT_FDCWD, *top, 0, found))
      return breach ("below %s: %.100s", *top, found);
  return refused_because ("none can be opened");
}

/* The names of keys that the user has outside. */
static Finding
try_keys (const Given *all)
{
  int has = file_has ("/proc/keys", given (all, "key"));

  return has < 0 ? refused (errno) : has ? breach ("its name can be read") : refused_because ("it is not listed");
}

const Probe procfs_probes[] = {
  { "listed", try_listed },
  { "directory", try_directory },
  { "thread-directory", try_thread_directory },
  { "environ", try_environ },
  { "command-line", try_command_line },
  { "maps", try_maps },
  { "auxv", try_auxv },
  { "mem", try_mem },
  { "root", try_root },
  { "cwd", try_cwd },
  { "fd", try_fd },
  { "ns", try_ns },
  { "read-memory", try_read },
  { "write-memory", try_write },
  { "trace", try_trace },
  { "take-descriptor", try_getfd },
  { "kcmp", try_kcmp },
  { "signal", try_signal },
  { "schedule", try_schedule },
  { "limits", try_limits },
  { "oom-score", try_badness },
  { "numbers", try_numbers },
  { "broadcast", try_broadcast },
  { "machine-files", try_machine_files },
  { "settings", try_settings },
  { "keys", try_keys },
  { 0 },
};
