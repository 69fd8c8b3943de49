/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the keeper checks after each round, whatever has happened in it. */
#pragma once

#include <stdbool.h>

#include "keeper/keeper.h"

/* Has bwrap ended? Can START go on? Is everything gone? True when it is: the end is written down and everybody has
 * been told; there is nothing left to do. */
bool sbx_keeper_settle (SbxKeeper *keeper);
