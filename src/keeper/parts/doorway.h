/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One of the doors of parts/doors.h: where its file is, and what has come of it outside. libc only. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "keeper/copy.h"
#include "wire/layer.h"

typedef struct {
  char *name;                                /* of the file */
  char *place;                               /* its directory inside */
  char *target;                              /* of the link there */
  int outside, stage, inside;                /* directories, or -1 */
  int stage_watch, inside_watch, file_watch; /* inotify(7), or -1 */
  struct stat published;                     /* the file that is outside as far as we know */
  bool copied;                               /* … or of which a copy is */
  bool is_privileged;                        /* it was setuid or the like from the beginning, as its user wants it */
  bool is_wanted;                            /* it is to be looked at, when it is its turn */
  unsigned tries;                            /* in a row, in which it changed while it was copied */
} SbxDoorway;

/* Opens the door of @layer, below @root; it is to be closed whatever this returns. 0, or -1 with errno. */
int sbx_doorway_open (SbxDoorway *self, const SbxLayer *layer, int root);
void sbx_doorway_close (SbxDoorway *self);

/* Links what is new in the stage to the outside, and watches it by @events for what makes it more than its content.
 * False with errno: it cannot be linked there. */
bool sbx_doorway_link (SbxDoorway *self, int events, const char *temporary);
/* What the file outside has got of setuid and the like since, it loses. */
void sbx_doorway_tame (const SbxDoorway *self);
/* Opens what has to be copied to the outside, from the place, or from the stage where that cannot be linked. A
 * descriptor, with what it is like; or -1: nothing. */
int sbx_doorway_find (const SbxDoorway *self, struct stat *st, bool *in_stage);
/* Such a copy is done: it gets its name outside, and what was in the place becomes a link again. @st is what was
 * copied. False: something else is in the place by now. -1 in @error, or an errno when it could not be named. */
bool sbx_doorway_take (SbxDoorway *self, int events, SbxCopied *copied, const struct stat *st, bool in_stage,
                       const char *temporary, int *error);
