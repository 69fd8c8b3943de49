/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/run.h"

#include <sys/prctl.h>

#include "keeper/change.h"
#include "keeper/children.h"
#include "keeper/denied.h"
#include "keeper/end.h"
#include "keeper/init-link.h"
#include "keeper/requests.h"
#include "keeper/settle.h"

int
sbx_keeper_set_up (SbxKeeper *keeper, int launcher, const SbxPart *const *parts, size_t n_parts)
{
  keeper->record = (SbxKeeperRecord){ .parent = -1, .directory = -1, .status = -1 };
  keeper->namespaces = (SbxNamespaces) SBX_NAMESPACES_NONE;
  keeper->join.own_mounts = keeper->gate = keeper->start.learned = -1;
  if (sbx_children_set_up (keeper) < 0 || sbx_bwrap_set_up (&keeper->bwrap, &keeper->loop, SBX_ORDER_BWRAP) < 0
      || sbx_init_link_set_up (keeper) < 0 || sbx_change_set_up (keeper) < 0 || sbx_denied_set_up (keeper) < 0
      || sbx_loop_add (&keeper->loop, &keeper->kill, SBX_ORDER_SIGNALS, NULL, sbx_keeper_kill_timer) < 0
      || sbx_requests_set_up (keeper, launcher) < 0 || sbx_parts_set_up (&keeper->parts, parts, n_parts, keeper) < 0)
    return -1;
  return prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

int
sbx_keeper_run (SbxKeeper *keeper)
{
  do
    if (sbx_loop_round (&keeper->loop) < 0)
      return -1;
  while (!sbx_keeper_settle (keeper));
  return 0;
}
