/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was made of the place of a mount where an application runs, so that it can be undone: by descriptor, never by
 * name, since whoever runs there may rename it, and put something of its own there. libc only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int parent, object; /* the directory that it was made in, and itself */
} SbxMadeOne;

/* Zero has nothing. */
typedef struct {
  SbxMadeOne *all;
  size_t n, room;
} SbxMade;

/* Notes that @object was made in @parent; both stay the caller's. 0, or -1 with errno. */
int sbx_made_note (SbxMade *self, int parent, int object);
#define SBX_MADE_NAME 24

/* A name that nobody can expect, for what has to be opened before anybody can rename it. 0, or -1 with errno. */
int sbx_made_name (char name[SBX_MADE_NAME]);
/* Removes all of it, the last one first, wherever it is by now; a directory only if it is empty. To be called where
 * nothing is mounted there. @proc: a procfs that shows the caller. True: nothing of it is left. */
bool sbx_made_undo (SbxMade *self, int proc);
/* It stays. */
void sbx_made_forget (SbxMade *self);

#ifdef __cplusplus
}
#endif
