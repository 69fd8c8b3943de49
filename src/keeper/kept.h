/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stays as it is in a place that becomes read-only: lifted out before that is covered, and laid upon it
 * afterwards. libc only. */
#pragma once

#include "keeper/area.h"
#include "keeper/mounts.h"

/* Zero at first. */
typedef struct {
  struct {
    char *path;
    int tree;
  } lifted[SBX_NARROW_AREAS];
  size_t n;
  int laid[SBX_NARROW_AREAS]; /* mounts, in the namespace that we are in: their place may lie in a second cover */
  size_t n_laid;
} SbxKept;

/* Clones what lies below @place. @rows: what was mounted in the namespace that we are in, whose root is @root. @proc: a
 * procfs that shows the caller. 0, or -1 with errno: sbx_kept_lay () has to follow all the same. */
int sbx_kept_lift (SbxKept *self, const SbxNarrowing *shared, const SbxMountRows *rows, int root, int proc,
                   const char *place);
/* Lays all of it where it was. 0; or -1 with errno, and none is left either. */
int sbx_kept_lay (SbxKept *self, int root, int proc);
