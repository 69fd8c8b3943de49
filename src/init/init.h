/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PID 1 of an instance, in pieces. libc only; nothing here allocates before it has been told to start. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/block.h"
#include "wire/message.h"

/* What went wrong in init or in a child of it. */
typedef struct {
  int32_t step;  /* SbxStep */
  int32_t error; /* errno */
} SbxInitFailure;

/* Enters the app domain, becomes non-dumpable and installs the system-call filter, as the block of START says.
 * Adds what is in force to @enforced (SbxEnforced). Returns 0, or -1 with @failure. */
int sbx_init_confine (const SbxBlock *block, uint32_t *enforced, SbxInitFailure *failure);

/* What START or EXEC brings beside the block. */
typedef struct {
  uint32_t number;
  int control;    /* for HELLO */
  int gate;       /* what has to be at its end of file before the command is executed, or -1 */
  const int *fds; /* at the numbers that the block's FDMAP says */
  size_t n_fds;
} SbxInitJob;

/* Forks and executes the command of @block in a session of its own. The child says HELLO first. Returns its pid
 * (inside) once it has been executed, or -1 with @failure; nothing is left of it then. */
pid_t sbx_init_spawn (const SbxBlock *block, const SbxInitJob *job, SbxInitFailure *failure);
