/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/parts/numbers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "keeper/belonging.h"
#include "keeper/parts/handlers.h"
#include "wire/sys.h"

/* include/linux/posix-timers.h */
#define CLOCK_OF_THREAD 4u
#define CLOCK_OF_DESCRIPTOR 3u
#define CLOCK_KIND 7u

typedef struct {
  SbxBelonging belonging;
  int pids; /* the pid namespace of the caller: one that it has made is below that of the session, and has its own alone
             */
  bool nested;
  pid_t caller; /* a thread, on the host */
} Case;

/* What the word at @address says in the memory of the caller; 0, or an errno. */
static int
read_memory (pid_t caller, uint64_t address, void *data, size_t size)
{
  struct iovec here = { data, size }, there = { (void *) (uintptr_t) address, size };
  ssize_t n = process_vm_readv (caller, &here, 1, &there, 1, 0);

  return n == (ssize_t) size ? 0 : EFAULT;
}

static int
write_memory (pid_t caller, uint64_t address, void *data, size_t size)
{
  struct iovec here = { data, size }, there = { (void *) (uintptr_t) address, size };

  return process_vm_writev (caller, &here, 1, &there, 1, 0) == (ssize_t) size ? 0 : EFAULT;
}

static bool
has_process (const Case *self, pid_t number)
{
  return number <= 0 || self->nested || sbx_belongs_process (&self->belonging, number);
}

static bool
has_group (const Case *self, pid_t number)
{
  return number <= 0 || self->nested || sbx_belongs_group (&self->belonging, number);
}

static bool
has_target (const Case *self, pid_t number)
{
  if (number >= -1 || number == INT_MIN)
    return has_process (self, number);
  return has_group (self, -number);
}

static bool
has_owner (const Case *self, pid_t number)
{
  return number == INT_MIN || (number < 0 ? has_group (self, -number) : has_process (self, number));
}

static bool
has_clock (const Case *self, uint32_t clock)
{
  if ((clock & CLOCK_KIND) == CLOCK_OF_DESCRIPTOR || (clock & CLOCK_OF_THREAD))
    return true;
  return has_process (self, (pid_t) ~((int32_t) clock >> 3));
}

/* The kernel reads it once more, and what it reads may be another one by then: number-table.c. */
static bool
has_group_at (const Case *self, uint64_t address)
{
  int32_t number = 0;

  return read_memory (self->caller, address, &number, sizeof number) != 0 || has_group (self, number);
}

/* How many words of each set a version of capget(2) has; 0: there is no such version. */
static size_t
count_words (uint32_t version)
{
  static const struct {
    uint32_t version;
    size_t words;
  } rows[] = { { _LINUX_CAPABILITY_VERSION_1, _LINUX_CAPABILITY_U32S_1 },
               { _LINUX_CAPABILITY_VERSION_2, _LINUX_CAPABILITY_U32S_2 },
               { _LINUX_CAPABILITY_VERSION_3, _LINUX_CAPABILITY_U32S_3 } };

  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].version == version)
      return rows[i].words;
  return 0;
}

static void
name_namespace (char *path, size_t size, pid_t caller)
{
  snprintf (path, size, "/proc/%d/ns/pid", (int) caller);
}

/* The thread @number of the caller's pid namespace as the host numbers it, or 0. */
static pid_t
find_thread (const Case *self, pid_t number)
{
  char path[64];
  int pids, pid;

  if (number == 0)
    return self->caller;
  name_namespace (path, sizeof path, self->caller);
  pids = has_process (self, number) ? open (path, O_RDONLY | O_CLOEXEC) : -1;
  if (pids < 0)
    return 0;
  pid = ioctl (pids, SBX_NS_GET_PID_FROM_PIDNS, number);
  close (pids);
  return pid > 0 ? pid : 0;
}

/* capget(2) in its place, since whom it asks for is in memory. In the order in which the kernel does it
 * (kernel/capability.c). Returns an errno, or 0. */
static int
get_capabilities (const Case *self, uint64_t header, uint64_t data, int nobody)
{
  struct __user_cap_header_struct asked = { 0 };
  struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { 0 };
  size_t words;

  if (read_memory (self->caller, header, &asked, sizeof asked) != 0)
    return EFAULT;
  words = count_words (asked.version);
  if (words == 0) {
    asked.version = _LINUX_CAPABILITY_VERSION_3;
    if (write_memory (self->caller, header, &asked.version, sizeof asked.version) != 0)
      return EFAULT;
    return data ? EINVAL : 0;
  }
  if (!data || asked.pid < 0)
    return data ? EINVAL : 0;
  asked.version = _LINUX_CAPABILITY_VERSION_3;
  asked.pid = find_thread (self, asked.pid);
  if (asked.pid == 0 || syscall (SYS_capget, &asked, sets) < 0)
    return nobody;
  return write_memory (self->caller, data, sets, words * sizeof *sets);
}

static bool
has_subject (const Case *self, SbxCallSubject subject, uint64_t value)
{
  switch (subject) {
  case SBX_SUBJECT_PROCESS:
    return has_process (self, (pid_t) value);
  case SBX_SUBJECT_TARGET:
    return has_target (self, (pid_t) value);
  case SBX_SUBJECT_OWNER:
    return has_owner (self, (pid_t) value);
  case SBX_SUBJECT_GROUP:
    return has_group (self, (pid_t) value);
  case SBX_SUBJECT_CLOCK:
    return has_clock (self, (uint32_t) value);
  case SBX_SUBJECT_GROUP_AT:
    return has_group_at (self, value);
  case SBX_SUBJECT_CAPABILITIES: /* done, not looked at */
  case SBX_SUBJECT_NONE:
  case SBX_N_SUBJECTS:
    break;
  }
  return false;
}

/* False: the caller is gone, or cannot be looked at. */
static bool
begin_case (Case *self, SbxKeeper *keeper, const struct seccomp_notif *question)
{
  const SbxJoin *join = &keeper->join;
  bool of_handler = join->kind == SBX_JOIN_TARGET;
  struct stat ours, theirs;
  char path[64];

  *self = (Case){ .caller = (pid_t) question->pid };
  self->belonging = (SbxBelonging){ join->pid, join->init, of_handler ? 0 : keeper->init.pid,
                                    !of_handler && sbx_handlers_are_there (keeper) };
  name_namespace (path, sizeof path, self->caller);
  if (fstat (join->pid, &ours) < 0 || stat (path, &theirs) < 0)
    return false;
  self->nested = ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev;
  return true;
}

static SbxNumbersAnswer
judge (const Case *self, const SbxCallRule *rule, const uint64_t *arguments, int *error)
{
  if (rule->subject == SBX_SUBJECT_CAPABILITIES) {
    *error = get_capabilities (self, arguments[0], arguments[1], (int) rule->error);
    return SBX_NUMBERS_ERROR;
  }
  if (has_subject (self, (SbxCallSubject) rule->subject, arguments[rule->about]))
    return SBX_NUMBERS_GO_ON;
  *error = (int) rule->error;
  return SBX_NUMBERS_ERROR;
}

SbxNumbersAnswer
sbx_numbers_answer (SbxKeeper *keeper, const SbxCallRule *rules, size_t n, const struct seccomp_notif *question,
                    int *error)
{
  const struct seccomp_data *call = &question->data;
  SbxNumbersAnswer answer = SBX_NUMBERS_NONE;
  uint64_t arguments[6];
  Case asked = { 0 };

  for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++)
    arguments[i] = call->args[i];
  for (size_t i = 0; i < n && answer != SBX_NUMBERS_ERROR; i++) {
    if (rules[i].subject == SBX_SUBJECT_NONE
        || !sbx_call_rule_matches (&rules[i], call->arch, (uint32_t) call->nr, arguments))
      continue;
    *error = (int) rules[i].error;
    if (answer == SBX_NUMBERS_NONE && !begin_case (&asked, keeper, question))
      return SBX_NUMBERS_ERROR;
    answer = judge (&asked, &rules[i], arguments, error);
  }
  return answer;
}
