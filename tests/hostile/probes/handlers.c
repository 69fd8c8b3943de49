/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A handler that may look at its target and not touch it (the tier dumper), tried by a handler that is somebody else's
 * by now; and an application that reaches for its handlers. "target": the other one's number inside. What is written is
 * what was there, so that a control leaves its target as it was. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"

static pid_t
target_of (const Given *all)
{
  return (pid_t) given_number (all, "target");
}

/* Opens @path for writing, in which each "@" stands for the target's number. */
static Finding
opens_for_writing (const Given *all, const char *path)
{
  const char *number = given (all, "target");
  char full[128] = "";

  for (; *path && strlen (full) + strlen (number) + 1 < sizeof full; path++)
    strncat (full, *path == '@' ? number : path, *path == '@' ? strlen (number) : 1);
  return judge (open (full, O_WRONLY | O_CLOEXEC));
}

#define WRITES(name, path)                                                                                             \
  static Finding name (const Given *all)                                                                               \
  {                                                                                                                    \
    return opens_for_writing (all, path);                                                                              \
  }
WRITES (try_mem, "/proc/@/mem")
WRITES (try_root_mem, "/proc/@/root/proc/@/mem")
WRITES (try_root_file, "/proc/@/root/tmp/note")
WRITES (try_cwd_file, "/proc/@/cwd/note")
WRITES (try_task_file, "/proc/@/task/@/cwd/note")
WRITES (try_descriptor, "/proc/@/fd/9")
WRITES (try_core_filter, "/proc/@/coredump_filter")
WRITES (try_root_core_filter, "/proc/@/root/proc/@/coredump_filter")
WRITES (try_badness, "/proc/@/oom_score_adj")
WRITES (try_name, "/proc/@/comm")
WRITES (try_clear_refs, "/proc/@/clear_refs")
WRITES (try_autogroup, "/proc/@/autogroup")

/* The target's files as a handler has them: "tree" is the directory above its /tmp. */
static Finding
try_target_tree (const Given *all)
{
  char path[256];

  snprintf (path, sizeof path, "%s/tmp/note", given (all, "tree"));
  return judge (open (path, O_WRONLY | O_CLOEXEC));
}

static Finding
try_take_descriptor (const Given *all)
{
  int pidfd = (int) syscall (SYS_pidfd_open, target_of (all), 0);

  return judge (pidfd < 0 ? -1 : syscall (SYS_pidfd_getfd, pidfd, 9, 0));
}

static Finding
try_write_memory (const Given *all)
{
  char copy[4];
  struct iovec local = { copy, sizeof copy }, remote = { bystander_secret, sizeof copy };

  if (process_vm_readv (target_of (all), &local, 1, &remote, 1, 0) < 0)
    return refused (errno);
  return judge (process_vm_writev (target_of (all), &local, 1, &remote, 1, 0));
}

/* Stops the target, does one thing with ptrace, and lets it go on. */
static Finding
while_stopped (const Given *all, long (*act) (pid_t pid))
{
  pid_t pid = target_of (all);

  if (ptrace (PTRACE_SEIZE, pid, NULL, NULL) < 0)
    return refused (errno);
  if (ptrace (PTRACE_INTERRUPT, pid, NULL, NULL) < 0 || waitpid (pid, NULL, __WALL) != pid)
    return refused (errno);
  long result = act (pid);
  Finding finding = judge (result);
  ptrace (PTRACE_DETACH, pid, NULL, NULL);
  return finding;
}

static long
poke (pid_t pid)
{
  errno = 0;
  long word = ptrace (PTRACE_PEEKDATA, pid, bystander_secret, NULL);

  return errno != 0 ? -1 : ptrace (PTRACE_POKEDATA, pid, bystander_secret, (void *) word);
}

static long
set_registers (pid_t pid)
{
  struct user_regs_struct registers;
  struct iovec set = { &registers, sizeof registers };

  return ptrace (PTRACE_GETREGSET, pid, (void *) 1, &set) < 0 ? -1 : ptrace (PTRACE_SETREGSET, pid, (void *) 1, &set);
}

static long
set_signal_mask (pid_t pid)
{
  uint64_t mask;

  return ptrace (PTRACE_GETSIGMASK, pid, (void *) sizeof mask, &mask) < 0
             ? -1
             : ptrace (PTRACE_SETSIGMASK, pid, (void *) sizeof mask, &mask);
}

static Finding
try_poke (const Given *all)
{
  return while_stopped (all, poke);
}

static Finding
try_set_registers (const Given *all)
{
  return while_stopped (all, set_registers);
}

static Finding
try_set_signal_mask (const Given *all)
{
  return while_stopped (all, set_signal_mask);
}

static Finding
try_attach (const Given *all)
{
  return judge (ptrace (PTRACE_SEIZE, target_of (all), NULL, NULL));
}

static Finding
try_affinity (const Given *all)
{
  cpu_set_t set;

  if (sched_getaffinity (target_of (all), sizeof set, &set) < 0)
    return refused (errno);
  return judge (sched_setaffinity (target_of (all), sizeof set, &set));
}

static Finding
try_priority (const Given *all)
{
  return judge (setpriority (PRIO_PROCESS, (id_t) target_of (all), 19));
}

static Finding
try_io_priority (const Given *all)
{
  return judge (syscall (SYS_ioprio_set, 1, target_of (all), 2 << 13 | 7));
}

static Finding
try_policy (const Given *all)
{
  struct sched_param parameters = { 0 };

  return judge (sched_setscheduler (target_of (all), SCHED_BATCH, &parameters));
}

static Finding
sets_limit (const Given *all, int resource)
{
  struct rlimit limit;

  if (syscall (SYS_prlimit64, target_of (all), resource, NULL, &limit) < 0)
    return refused (errno);
  return judge (syscall (SYS_prlimit64, target_of (all), resource, &limit, NULL));
}

static Finding
try_file_limit (const Given *all)
{
  return sets_limit (all, RLIMIT_FSIZE);
}

static Finding
try_process_limit (const Given *all)
{
  return sets_limit (all, RLIMIT_NPROC);
}

/* Where its pages lie. */
static Finding
try_move_pages (const Given *all)
{
  void *pages[1] = { (void *) ((uintptr_t) bystander_secret & ~4095UL) };
  int nodes[1] = { 0 }, status[1];

  return judge (syscall (SYS_move_pages, target_of (all), 1, pages, nodes, status, 0));
}

static Finding
try_listed (const Given *all)
{
  char path[32];

  snprintf (path, sizeof path, "/proc/%d", (int) target_of (all));
  return judge (access (path, F_OK));
}

static Finding
try_read_memory (const Given *all)
{
  char copy[4];
  struct iovec local = { copy, sizeof copy }, remote = { bystander_secret, sizeof copy };

  if (process_vm_readv (target_of (all), &local, 1, &remote, 1, 0) >= 0 || errno == EFAULT)
    return breach ("its memory can be read");
  return refused (errno);
}

static Finding
try_signal (const Given *all)
{
  return judge (kill (target_of (all), 0));
}

const Probe handler_probes[] = {
  { "listed", try_listed },
  { "read-memory", try_read_memory },
  { "attach", try_attach },
  { "signal", try_signal },
  { "mem", try_mem },
  { "root-mem", try_root_mem },
  { "root-file", try_root_file },
  { "cwd-file", try_cwd_file },
  { "task-file", try_task_file },
  { "target-tree", try_target_tree },
  { "descriptor", try_descriptor },
  { "take-descriptor", try_take_descriptor },
  { "core-filter", try_core_filter },
  { "root-core-filter", try_root_core_filter },
  { "oom-score", try_badness },
  { "name", try_name },
  { "clear-refs", try_clear_refs },
  { "autogroup", try_autogroup },
  { "write-memory", try_write_memory },
  { "poke", try_poke },
  { "set-registers", try_set_registers },
  { "set-signal-mask", try_set_signal_mask },
  { "affinity", try_affinity },
  { "priority", try_priority },
  { "io-priority", try_io_priority },
  { "policy", try_policy },
  { "file-limit", try_file_limit },
  { "process-limit", try_process_limit },
  { "move-pages", try_move_pages },

  { 0 },
};
