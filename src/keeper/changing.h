/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the keeper has of the change that is being made: change.h. libc only. */
#pragma once

#include <stdbool.h>

#include "keeper/loop.h"
#include "keeper/narrow.h"
#include "keeper/services.h"

typedef enum {
  SBX_CHANGE_NONE,
  SBX_CHANGE_PARTS,  /* parts wait: for what is to serve it from now on */
  SBX_CHANGE_MOUNTS, /* a child changes its mounts */
  SBX_CHANGE_EFFECT, /* parts wait: for the end of what has served it until now */
} SbxChangeStage;

typedef struct {
  SbxChangeStage stage;
  SbxWatch answer; /* a pipe from the child: open while there is one. Due: when it has taken too long */
  pid_t child;     /* or 0 */
  unsigned tries;
  uint32_t job;
  SbxServiceLink *service; /* who has asked; NULL: it has gone */
  int block;               /* the memfd of CHANGE */
  int held;                /* the memfd of APPLIED */
  SbxNarrowing *narrowing; /* shared with the child */
  bool has_changed;        /* once at least: the info file is another one than at the start */
} SbxChange;
