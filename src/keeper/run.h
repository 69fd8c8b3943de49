/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A keeper from its start to its end. */
#pragma once

#include <stddef.h>

#include "keeper/keeper.h"

/* Sets up @keeper, which is zeroed, for the service at the other end of @launcher, with the @n_parts parts of @parts.
 * Makes the process a child subreaper and changes how it takes signals. 0, or -1 with errno. */
int sbx_keeper_set_up (SbxKeeper *keeper, int launcher, const SbxPart *const *parts, size_t n_parts);
/* Serves the instance until it is over. 0; or -1 with errno, when it cannot be served any more. A launch that fails
 * ends the process instead: sbx_keeper_fail (). */
int sbx_keeper_run (SbxKeeper *keeper);
