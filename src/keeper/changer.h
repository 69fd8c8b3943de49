/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The child of the keeper that makes a change. libc only. */
#pragma once

#include <sys/types.h>

#include "keeper/narrow.h"

typedef struct {
  const char *id; /* of the instance */
  pid_t init;     /* the instance's, with its pidfd */
  int init_pidfd;
  int block;               /* the memfd of CHANGE */
  int held;                /* gets what cannot be taken back: held.h */
  SbxNarrowing *narrowing; /* shared with whoever waits for us; of a child before us, if it has been killed */
} SbxChanger;

/* Takes away what the block says in every mount namespace that processes of the instance are in, until there is no new
 * one. 0; or -1 with the fault in the narrowing. */
int sbx_changer_run (const SbxChanger *self);
