/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/parts/learning.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "wire/call-program.h"

void
sbx_learning_plan (SbxLearning *self, const SbxBlock *block)
{
  SbxRecord record = { 0 };
  size_t n = 0;

  while (sbx_block_next (block, SBX_TAG_PATH_CALL, &record))
    n++;
  if (n == 0)
    return;
  self->calls = calloc (n, sizeof *self->calls);
  record = (SbxRecord){ 0 };
  while (self->calls && sbx_block_next (block, SBX_TAG_PATH_CALL, &record))
    if (sbx_path_call_read (&self->calls[self->n_calls], record.value, record.length))
      self->n_calls++;
}

int
sbx_learning_begin (SbxLearning *self, const struct sock_filter *program, size_t n_instructions, int listener, int file)
{
  const SbxLearnerSetup setup = { listener, file, program, n_instructions, self->calls, self->n_calls };
  int link;

  if (file < 0) {
    errno = EBADF;
    return -1;
  }
  self->learner = sbx_learner_start (&setup, &link, &self->shared);
  if (self->learner > 0)
    return link;
  self->learner = 0;
  self->shared = NULL;
  return -1;
}

const struct seccomp_notif *
sbx_learning_unfinished (const SbxLearning *self)
{
  return self->shared && self->shared->asking ? &self->shared->question : NULL;
}

bool
sbx_learning_goes_on (const SbxLearning *self, const struct sock_filter *program, size_t n_instructions,
                      const struct seccomp_notif *question)
{
  return self->n_calls > 0 && sbx_learner_is_path (self->calls, self->n_calls, question)
         && sbx_filter_run (program, n_instructions, &question->data) == SECCOMP_RET_USER_NOTIF;
}

bool
sbx_learning_reaped (SbxLearning *self, pid_t pid)
{
  if (self->learner == 0 || self->learner != pid)
    return false;
  self->learner = 0;
  return true;
}

void
sbx_learning_end (SbxLearning *self)
{
  if (self->learner > 0)
    (void) kill (self->learner, SIGKILL);
  if (self->shared)
    sbx_learner_unmap (self->shared);
  self->shared = NULL;
}

bool
sbx_learning_is_gone (const SbxLearning *self)
{
  return self->learner == 0;
}
