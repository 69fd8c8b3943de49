/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a process has from its caller: umask, ignored signals, priorities, processors. Its limits are spawn.c's. */
#pragma once

#include "wire/block.h"

/* For the child, after its signals have been reset; allocates nothing. What the kernel refuses (a higher priority,
 * processors that this cgroup does not have) stays as it is: that is no protection. */
void sbx_init_inherit (const SbxBlock *block);

/* Opens this process's own oom_score_adj, or returns -1. It has to be done before the process becomes one that is not
 * dumpable, whose files in /proc are root's. */
int sbx_init_oom_open (void);
/* Raises it to what @block says, if that is more. Returns the value before, which the caller puts back with
 * sbx_init_oom_restore () once the child, which has it from us, has been made; or -1: nothing was changed. */
int sbx_init_oom_raise (int fd, const SbxBlock *block);
void sbx_init_oom_restore (int fd, int before);
