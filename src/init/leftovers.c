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

/* SIGCONT: who is stopped would not hear of it. One call reaches all of them at one moment (kill(2)), so that nobody
 * forks away from it. */
static void
tell (void)
{
  (void) kill (-1, SIGTERM);
  (void) kill (-1, SIGCONT);
}

static void
kill_them (void)
{
  (void) kill (-1, SIGKILL);
}

static const struct {
  int64_t ms; /* how long it lasts */
  void (*enter) (void);
} stages[SBX_N_LEFTOVERS] = {
  [SBX_LEFTOVERS_NONE] = { 0, NULL },    [SBX_LEFTOVERS_QUIET] = { 100, NULL },
  [SBX_LEFTOVERS_TOLD] = { 2000, tell }, [SBX_LEFTOVERS_KILLED] = { 500, kill_them },
  [SBX_LEFTOVERS_OVER] = { 0, NULL },
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
  if (stages[stage].enter)
    stages[stage].enter ();
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
sbx_leftovers_go_on (SbxLeftovers *self)
{
  if (is_under_way (self) && now () >= self->due)
    enter_stage (self, (SbxLeftoversStage) (self->stage + 1));
}

void
sbx_leftovers_count (SbxLeftovers *self)
{
  if (self->stage >= SBX_LEFTOVERS_TOLD && self->n_told < INT32_MAX)
    self->n_told++;
}
