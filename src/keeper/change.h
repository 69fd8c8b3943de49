/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a running instance loses, and what it gets: one change at a time. libc only.
 *
 *   CHANGE ──▶ the new info file is written beside the old one ──▶ parts start what is to serve it from now on ──▶ a
 * child does all that is mounts ──▶ parts end what has served it until now ──▶ the new file takes the place of the old
 * one ──▶ POLICY to every service, APPLIED to the one that has asked
 *
 * A child that fails has undone what it did, and NOT_APPLIED is told. One that is killed in the middle has a successor,
 * which goes on; after three of them the instance is ended: it is never left with half of a change. */
#pragma once

#include "keeper/keeper.h"

/* Adds its watch. 0, or -1 with ENOSPC. */
int sbx_change_set_up (SbxKeeper *keeper);
/* CHANGE of @service with its descriptor, which is set to -1 when it is kept. */
void sbx_change_take (SbxKeeper *keeper, SbxServiceLink *service, const SbxMessage *message, int *fds);
/* Goes on when no part waits any more; called after each round. */
void sbx_change_go_on (SbxKeeper *keeper);
/* @service has gone: nobody is told the end any more. */
void sbx_change_forget_service (SbxKeeper *keeper, const SbxServiceLink *service);
