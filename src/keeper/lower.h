/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lowers the limits of every process of an instance. They cannot be raised again by an ordinary user, so this comes
 * last in a change. libc only. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keeper/enter.h"
#include "keeper/narrow.h"

typedef struct {
  int resource; /* of setrlimit(2) */
  uint64_t most;
} SbxLowerRow;

/* Looks whether the limits of all processes of @init, but for @init, may be changed. 0, or -1 with the fault. */
int sbx_lower_check (SbxNarrowing *shared, const SbxNamespaces *own, pid_t init);
/* Lowers those of the @n @rows, soft and hard ones, until none is found that is higher: a process has those that its
 * parent had when it was made. By a child in the instance's pid namespace; where others are in that too
 * (pidns=session), each number is looked at once more right before. 0, or -1 with the fault. */
int sbx_lower (SbxNarrowing *shared, const SbxLowerRow *rows, size_t n, const SbxNamespaces *own, pid_t init);
