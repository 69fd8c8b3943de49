/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waits for processes that are being made. A child has what its parent had when fork(2) began (its limits, say), and is
 * not seen before the end of that: with many mappings that takes long, and under load it may be interrupted. libc
 * only. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* Returns when every fork(2) that one of the @n processes @pids had begun is over, so that its child is seen; or after
 * SBX_FORKS_MS. @proc: a procfs that numbers them so, and in which the caller may look at their mappings; where it may
 * not, only the time that they have been running counts. */
void sbx_forks_wait (int proc, const pid_t *pids, size_t n);

#define SBX_FORKS_MS 5000
