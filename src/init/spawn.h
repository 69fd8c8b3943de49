/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "init/failure.h"
#include "wire/block.h"
#include "wire/message.h"

/* What START or EXEC brings beside its block. */
typedef struct {
  uint32_t number;
  int control;    /* the socket over which the child says HELLO */
  int gate;       /* a pipe at whose end of file the command may be executed, or -1 */
  int oom;        /* of sbx_init_oom_open () */
  const int *fds; /* for the numbers that FDMAP names */
  size_t n_fds;
  const uint64_t *most; /* SBX_RESOURCES: of each resource of setrlimit(2), what LIMIT said; RLIM_INFINITY: nothing */
} SbxInitJob;

/* Starts the command of @block in a session of its own. The child says HELLO first, so that the kernel tells the keeper
 * which process it is. Returns its pid, as it is inside, once it has been executed; or -1 with @failure, and then
 * nothing is left of it. */
pid_t sbx_init_spawn (const SbxBlock *block, const SbxInitJob *job, SbxInitFailure *failure);
