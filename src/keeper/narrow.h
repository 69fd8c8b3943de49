/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes paths away from mount namespaces, by the objects that are there: under whatever names a namespace shows them.
 * libc only.
 *
 * Nothing is unmounted, and no mount changes: over each place lies a cover. For what is gone that is an empty directory
 * or /dev/null, for what becomes read-only a clone of itself. So nothing below can be seen by taking the cover away
 * alone, a file that is open for writing is no obstacle (EBUSY), and everything can be undone when a step fails. */
#pragma once

#include <limits.h>

#include "keeper/mounts.h"
#include "wire/message.h"
#include "wire/narrow.h"

#define SBX_NARROW_AREAS 256
#define SBX_NARROW_PLACES 4096 /* in all namespaces together */
#define SBX_NARROW_TEXT (1u << 20)

/* An object with all that is in it: of the file system major:minor what is at or below @root. */
typedef struct {
  SbxNarrowKind kind;
  unsigned major, minor;
  size_t root; /* offset in the text */
} SbxNarrowArea;

/* A place where a namespace showed something of an area: of the mount @mount what is at or below @point. */
typedef struct {
  int mount;
  bool read_only; /* else it is gone */
  size_t point;   /* offset in the text */
} SbxNarrowPlace;

/* Shared between the processes that take part. Zero at first. */
typedef struct {
  SbxChangeFault fault;
  int error;
  char what[PATH_MAX]; /* the path that fault is about */
  bool begun;          /* something has been mounted and not been undone */
  bool found;          /* the areas are known */
  int under;           /* of give.h: the mount that was on top of the place, or 0 */
  size_t n_areas, n_places, n_text;
  SbxNarrowArea areas[SBX_NARROW_AREAS];
  SbxNarrowPlace places[SBX_NARROW_PLACES];
  char text[SBX_NARROW_TEXT];
} SbxNarrowing;

/* In a process that has joined the user namespace which owns the mount namespace @main: finds the areas of the @n @rows
 * in that, unless they are known, and covers them in each of the @n_namespaces. @proc: a procfs that shows the caller.
 * 0; or -1 with the fault, and what was mounted is unmounted again. */
int sbx_narrow (SbxNarrowing *self, const SbxNarrow *rows, size_t n, int main, const int *namespaces,
                size_t n_namespaces, int proc);
/* The place at which @mount shows @area, or a part of it, the caller's; NULL: nowhere, or with errno. */
char *sbx_narrow_find_place (const SbxNarrowing *self, const SbxNarrowArea *area, const SbxMountRow *mount);
/* A clone of what is open as @at and of all that is mounted in it, which is nowhere yet; -1 with errno. */
int sbx_narrow_clone (int at);
/* Mounts the clone @tree, which it takes, on top of @at. 0, or -1 with errno. */
int sbx_narrow_put (int tree, int at);
/* Fails with @fault about @what. -1 with errno @error. */
int sbx_narrow_fail (SbxNarrowing *self, SbxChangeFault fault, int error, const char *what);
