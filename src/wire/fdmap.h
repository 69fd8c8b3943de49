/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors of a new process: exactly these numbers, nothing else. libc only. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SBX_FDMAP_MAX_TARGET 65535
#define SBX_FDMAP_MAX 256 /* more than one packet carries */

/* In a child that is about to exec: puts @fds[i] at number @targets[i] (distinct, 0…SBX_FDMAP_MAX_TARGET; sources may
 * repeat and may lie on other targets), not close-on-exec, opens /dev/null for what is missing of 0, 1, 2, and marks
 * every other descriptor close-on-exec. @keep (or -1) is an extra one that must stay open until exec; it may be moved:
 * its new number is returned. -1 with errno on error. */
int sbx_fdmap_apply (const int *fds, const int32_t *targets, size_t n, int keep);

#ifdef __cplusplus
}
#endif
