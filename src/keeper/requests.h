/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What services and callers ask for. */
#pragma once

#include "keeper/keeper.h"

/* @launcher is the socket to the service that launches. 0, or -1 with ENOSPC. */
int sbx_requests_set_up (SbxKeeper *keeper, int launcher);
