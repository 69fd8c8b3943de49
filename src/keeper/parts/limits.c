/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/parts/limits.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "keeper/keeper.h"

typedef struct {
  SbxPartState head;
  uint64_t most[SBX_RESOURCES], before[SBX_RESOURCES]; /* RLIM_INFINITY: nothing was said */
  bool changes, settled;                               /* a change is under way; what it says is in force already */
} SbxLimits;

static int
set_up (void *state)
{
  SbxLimits *self = state;

  for (size_t i = 0; i < SBX_RESOURCES; i++)
    self->most[i] = RLIM_INFINITY;
  return 0;
}

/* It is behind what was started before, and before what is started from now on. */
static int
tell (const SbxLimits *self, size_t resource)
{
  const SbxMessage message = { .type = SBX_MSG_LIMIT, .value = (int32_t) resource, .limit = self->most[resource] };

  return sbx_message_send_now (self->head.keeper->init.link.fd, &message, NULL, 0);
}

static int
changing (void *state, const SbxBlock *block)
{
  SbxLimits *self = state;
  SbxRecord record = { 0 };
  uint64_t row[3];

  memcpy (self->before, self->most, sizeof self->before);
  while (sbx_block_next (block, SBX_TAG_RLIMIT, &record)) {
    memcpy (row, record.value, sizeof row);
    if (row[0] >= SBX_RESOURCES) {
      errno = EBADMSG;
      return -1;
    }
    self->changes = true;
    if (row[2] < self->most[row[0]])
      self->most[row[0]] = row[2];
    if (tell (self, row[0]) < 0)
      return -1;
  }
  return 0;
}

/* What init has not begun yet nobody sees. */
static int
change_waits (const void *state)
{
  const SbxLimits *self = state;

  return self->changes && !self->settled && sbx_jobs_are_beginning (&self->head.keeper->jobs);
}

/* What is started from now on is within the new limits, so nothing is waited for any more. */
static void
take_effect (void *state)
{
  SbxLimits *self = state;

  self->settled = true;
}

static void
changed (void *state, bool done)
{
  SbxLimits *self = state;

  for (size_t i = 0; self->changes && !done && i < SBX_RESOURCES; i++)
    if (self->most[i] != self->before[i]) {
      self->most[i] = self->before[i];
      (void) tell (self, i); /* at worst a limit is lower than it has to be */
    }
  self->changes = self->settled = false;
}

const SbxPart sbx_part_limits = {
  .name = "limits",
  .step = SBX_STEP_LIMITS,
  .size = sizeof (SbxLimits),
  .set_up = set_up,
  .changing = changing,
  .change_waits = change_waits,
  .take_effect = take_effect,
  .changed = changed,
};
