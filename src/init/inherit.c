/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "init/inherit.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WHO_PROCESS 1 /* IOPRIO_WHO_PROCESS */

static void
ignore_signals (const SbxRecord *record)
{
  struct sigaction ignore = { .sa_handler = SIG_IGN };
  uint64_t set;

  memcpy (&set, record->value, sizeof set);
  for (int signo = 1; signo <= 64; signo++)
    if (set >> (signo - 1) & 1)
      sigaction (signo, &ignore, NULL); /* EINVAL for those that cannot be ignored */
}

void
sbx_init_inherit (const SbxBlock *block)
{
  const uint32_t none = UINT32_MAX;
  uint32_t mask = sbx_block_u32 (block, SBX_TAG_UMASK, none), nice = sbx_block_u32 (block, SBX_TAG_NICE, none);
  uint32_t scheduler = sbx_block_u32 (block, SBX_TAG_SCHEDULER, none);
  uint32_t io = sbx_block_u32 (block, SBX_TAG_IO_PRIORITY, none);
  SbxRecord record = { 0 };

  if (mask != none)
    umask ((mode_t) mask);
  if (sbx_block_next (block, SBX_TAG_IGNORED, &record))
    ignore_signals (&record);
  if (scheduler != none)
    (void) syscall (SYS_sched_setscheduler, 0, scheduler, &(struct sched_param){ 0 }); /* musl has none */
  if (nice != none)
    (void) setpriority (PRIO_PROCESS, 0, (int) nice - 20);
  if (io != none)
    (void) syscall (SYS_ioprio_set, WHO_PROCESS, 0, io);
  record = (SbxRecord){ 0 };
  if (sbx_block_next (block, SBX_TAG_CPUS, &record))
    (void) syscall (SYS_sched_setaffinity, 0, record.length, record.value);
}

int
sbx_init_oom_open (void)
{
  return open ("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
}

static bool
write_number (int fd, int number)
{
  char text[16];
  int n = snprintf (text, sizeof text, "%d", number);

  return pwrite (fd, text, (size_t) n, 0) == n;
}

int
sbx_init_oom_raise (int fd, const SbxBlock *block)
{
  int wanted = (int) sbx_block_u32 (block, SBX_TAG_OOM, 0), before;
  char text[16] = "";

  if (fd < 0 || wanted == 0 || pread (fd, text, sizeof text - 1, 0) <= 0)
    return -1;
  before = atoi (text);
  return before >= 0 && wanted > before && write_number (fd, wanted) ? before : -1;
}

void
sbx_init_oom_restore (int fd, int before)
{
  if (before >= 0)
    (void) write_number (fd, before);
}
