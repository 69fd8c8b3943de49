/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals: children that have ended, and those that ask us to end. */
#pragma once

#include "keeper/keeper.h"

/* Blocks the signals that are read from now on, and ignores those that only tell of a failed write. 0, or -1 with
 * errno.
 */
int sbx_children_set_up (SbxKeeper *keeper);
