/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "init/spawn.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/command.h"
#include "init/inherit.h"
#include "wire/message.h"
#include "wire/signals.h"

static int
set_limits (const SbxBlock *block)
{
  SbxRecord record = { 0 };

  while (sbx_block_next (block, SBX_TAG_RLIMIT, &record)) {
    uint64_t row[3];
    struct rlimit limit, now;

    memcpy (row, record.value, sizeof row);
    limit = (struct rlimit){ row[1], row[2] };
    if (getrlimit ((int) row[0], &now) < 0)
      return -1;
    if (limit.rlim_max > now.rlim_max) /* an ordinary user cannot raise it: what is lower already stays */
      limit.rlim_max = now.rlim_max;
    if (limit.rlim_cur > limit.rlim_max)
      limit.rlim_cur = limit.rlim_max;
    if (setrlimit ((int) row[0], &limit) < 0)
      return -1;
  }
  return 0;
}

/* What was taken away since the block was written. */
static int
keep_within (const uint64_t *most)
{
  for (int i = 0; i < SBX_RESOURCES; i++) {
    struct rlimit now;

    if (most[i] == RLIM_INFINITY)
      continue;
    if (getrlimit (i, &now) < 0)
      return -1;
    if (now.rlim_max > most[i])
      now.rlim_max = most[i];
    if (now.rlim_cur > now.rlim_max)
      now.rlim_cur = now.rlim_max;
    if (setrlimit (i, &now) < 0)
      return -1;
  }
  return 0;
}

static void __attribute__ ((noreturn)) give_up (SbxInitFailure *failure, SbxStep step)
{
  *failure = (SbxInitFailure){ (int32_t) step, errno };
  _exit (125);
}

/* Waits for the keeper to close its end. */
static int
pass_gate (int gate)
{
  char byte;
  ssize_t n;

  if (gate < 0)
    return 0;
  do
    n = read (gate, &byte, sizeof byte);
  while (n < 0 && errno == EINTR);
  return n < 0 ? -1 : 0;
}

static void __attribute__ ((noreturn))
child (const SbxBlock *block, SbxInitCommand *command, const SbxInitJob *job, SbxInitFailure *failure)
{
  SbxMessage hello = { .type = SBX_MSG_HELLO, .job = job->number };

  sbx_signals_reset ();
  if (setsid () < 0)
    give_up (failure, SBX_STEP_FORK);
  if (sbx_message_send (job->control, &hello, NULL, 0) < 0)
    give_up (failure, SBX_STEP_PROTOCOL);
  if (pass_gate (job->gate) < 0)
    give_up (failure, SBX_STEP_TRACE);
  if (sbx_fdmap_apply (job->fds, command->targets, job->n_fds, -1) < 0)
    give_up (failure, SBX_STEP_DESCRIPTORS);
  if ((command->flags & SBX_START_TTY) && ioctl (STDIN_FILENO, TIOCSCTTY, 0) < 0)
    give_up (failure, SBX_STEP_TERMINAL);
  if (sbx_init_command_enter_directory (command, block) < 0)
    give_up (failure, SBX_STEP_DIRECTORY);
  sbx_init_inherit (block);
  if (set_limits (block) < 0 || keep_within (job->most) < 0)
    give_up (failure, SBX_STEP_LIMITS);
  sbx_init_command_execute (command);
  give_up (failure, SBX_STEP_EXEC);
}

pid_t
sbx_init_spawn (const SbxBlock *block, const SbxInitJob *job, SbxInitFailure *failure)
{
  SbxInitCommand command;
  pid_t pid = -1;
  int oom;

  *failure = (SbxInitFailure){ SBX_STEP_NONE, 0 };
  if (sbx_init_command_read (&command, block, job->n_fds) < 0) {
    *failure = (SbxInitFailure){ SBX_STEP_PROTOCOL, errno };
  } else {
    /* vfork: quick, and what the child writes to @failure is there when we go on, which is after its exec or exit */
    oom = sbx_init_oom_raise (job->oom, block);
    pid = vfork ();
    if (pid == 0)
      child (block, &command, job, failure);
    sbx_init_oom_restore (job->oom, oom);
    if (pid < 0)
      *failure = (SbxInitFailure){ SBX_STEP_FORK, errno };
    if (pid > 0 && failure->step != SBX_STEP_NONE) {
      waitpid (pid, NULL, 0);
      pid = -1;
    }
  }
  sbx_init_command_clear (&command);
  return pid;
}
