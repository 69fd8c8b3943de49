/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of an instance, what it is told by, and what is written down of it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "keeper/keeper.h"

/* Changes the state, and tells everybody whom the new one concerns: the services, the status file, the parts. Each
 * state follows the one before, in the order of SbxKeeperState. False, and nothing is changed, when @state is not the
 * next one. */
bool sbx_keeper_enter_state (SbxKeeper *keeper, SbxKeeperState state);
/* Tells the services that the sandbox is there, unless START is here too: STARTED follows then. */
void sbx_keeper_tell_ready (SbxKeeper *keeper);
/* A service has come: tells it what has happened so far. */
void sbx_keeper_tell_so_far (SbxKeeper *keeper, SbxServiceLink *service);

/* The @bits are in force from now on, or are not any more. Writes it down and tells the services when the instance is
 * RUNNING; in its end what was in force stays written. */
void sbx_keeper_set_enforced (SbxKeeper *keeper, uint32_t bits, bool on);
/* Writes the status file; fills in what @status leaves out. */
void sbx_keeper_write_status (SbxKeeper *keeper, SbxStatus *status);
/* Tells init whether it has to stay when the application has ended: whether a part holds it. */
void sbx_keeper_update_hold (SbxKeeper *keeper);

/* Microseconds since 1970. */
int64_t sbx_keeper_wall_clock (void);
