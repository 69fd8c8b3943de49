/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "init/leftovers.h"

#include <signal.h>
#include <time.h>

static int64_t
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return (int64_t) time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* SIGCONT: who is stopped would not hear of SIGTERM; in whichever order, both are pending by the time that it runs. */
static const struct {
  int64_t ms;     /* how long it lasts */
  int signals[2]; /* with which it begins; 0: none */
} stages[SBX_N_LEFTOVERS] = {
  [SBX_LEFTOVERS_QUIET] = { .ms = 100 },
  [SBX_LEFTOVERS_TOLD] = { 2000, { SIGTERM, SIGCONT } },
  [SBX_LEFTOVERS_KILLED] = { 500, { SIGKILL } },
};

static bool
is_under_way (const SbxLeftovers *self)
{
  return self->stage > SBX_LEFTOVERS_NONE && self->stage < SBX_LEFTOVERS_OVER;
}

static void
enter_stage (SbxLeftovers *self, SbxLeftoversStage stage)
{
  self->stage = stage;
  self->due = now () + stages[stage].ms;
}

void
sbx_leftovers_begin (SbxLeftovers *self)
{
  if (self->stage == SBX_LEFTOVERS_NONE)
    enter_stage (self, SBX_LEFTOVERS_QUIET);
}

void
sbx_leftovers_forget (SbxLeftovers *self)
{
  *self = (SbxLeftovers){ .stage = SBX_LEFTOVERS_NONE };
}

int
sbx_leftovers_timeout (const SbxLeftovers *self)
{
  int64_t left = self->due - now ();

  if (!is_under_way (self))
    return -1;
  return left > 0 ? (int) left : 0;
}

void
sbx_leftovers_go_on (SbxLeftovers *self, SbxInitWorker *worker)
{
  if (!is_under_way (self) || now () < self->due)
    return;
  enter_stage (self, (SbxLeftoversStage) (self->stage + 1));
  for (size_t i = 0; i < sizeof stages->signals / sizeof *stages->signals; i++)
    if (stages[self->stage].signals[i] != 0)
      sbx_init_worker_signal_all (worker, stages[self->stage].signals[i]);
}

void
sbx_leftovers_count (SbxLeftovers *self)
{
  if (self->stage >= SBX_LEFTOVERS_TOLD && self->n_told < INT32_MAX)
    self->n_told++;
}
