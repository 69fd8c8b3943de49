/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/ending.h"

#include <errno.h>
#include <signal.h>

#include "keeper/reach.h"

/* How long a handler that was killed waits for its target to be known as dead, to tell why it ended */
#define TARGET_END_MS 300

static size_t
sweep_nothing (const SbxJoin *join)
{
  return 0;
}

static size_t
sweep_mounts (const SbxJoin *join)
{
  return sbx_reach_kill (join->own_mounts);
}

/* In a process of the pid namespace. One call reaches all of them at one moment, so that none can fork away from it. */
static int
kill_all (void *data)
{
  return kill (-1, SIGKILL) < 0 && errno != ESRCH ? errno : 0;
}

/* One by one first, which needs no process of ours: where there is room for none, this makes some. */
static size_t
sweep_domain (const SbxJoin *join)
{
  size_t n = sbx_reach_kill_in_domain (join->pid);

  if (n > 0)
    (void) sbx_enter_pid (join->owner, join->pid, kill_all, NULL);
  return n;
}

static bool
is_never_lost (const SbxJoin *join)
{
  return false;
}

static bool
has_lost_target (const SbxJoin *join)
{
  return sbx_join_target_has_ended (join, TARGET_END_MS);
}

typedef struct {
  size_t (*sweep) (const SbxJoin *join);
  bool (*is_lost) (const SbxJoin *join);
  SbxCulprit lost;
  bool outlives_bwrap;
} Ending;

static const Ending endings[SBX_N_JOINS] = {
  [SBX_JOIN_NOTHING] = { sweep_nothing, is_never_lost, SBX_CULPRIT_INIT, false },
  [SBX_JOIN_TARGET] = { sweep_mounts, has_lost_target, SBX_CULPRIT_TARGET, true },
  [SBX_JOIN_SESSION] = { sweep_domain, sbx_join_session_has_ended, SBX_CULPRIT_SESSION, true },
};

size_t
sbx_ending_sweep (const SbxJoin *join)
{
  return endings[join->kind].sweep (join);
}

bool
sbx_ending_outlives_bwrap (const SbxJoin *join)
{
  return endings[join->kind].outlives_bwrap;
}

bool
sbx_ending_is_lost (const SbxJoin *join, SbxCulprit *culprit)
{
  if (!endings[join->kind].is_lost (join))
    return false;
  *culprit = endings[join->kind].lost;
  return true;
}
