/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes of the application that are about to die. */
#pragma once

#include <stdint.h>

#include "keeper/part.h"

extern const SbxPart sbx_part_crash;

/* A handler is about to be started for the crash @number. 0; or -1 with ESRCH when there is no such crash, or EALREADY
 * when it has one. */
int sbx_crash_claim (SbxKeeper *keeper, uint32_t number);
/* It has ended, or there will be none: the process gets its signal. Nothing when there is no such crash. */
void sbx_crash_handled (SbxKeeper *keeper, uint32_t number);
