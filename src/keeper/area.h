/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is taken away, where a mount shows it, and trees that are laid there. libc only. */
#pragma once

#include <limits.h>

#include "keeper/mounts.h"
#include "wire/message.h"
#include "wire/narrow.h"

#define SBX_NARROW_AREAS 256
#define SBX_NARROW_PLACES 4096 /* in all namespaces together */
#define SBX_NARROW_SOCKETS 64
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

/* A socket that is gone. */
typedef struct {
  unsigned major, minor;
  unsigned long long inode;
  size_t path; /* offset in the text */
} SbxNarrowSocket;

/* Shared between the processes that take part. Zero at first. */
typedef struct {
  SbxChangeFault fault;
  int error;
  char what[PATH_MAX]; /* the path that fault is about */
  bool begun;          /* something has been mounted and not been undone */
  bool found;          /* the areas are known */
  unsigned lowered;    /* of lower.h: limits that were higher, in the last pass */
  int under;           /* of give.h: the mount that was on top of the place, or 0 */
  size_t n_areas, n_places, n_sockets, n_text;
  SbxNarrowSocket sockets[SBX_NARROW_SOCKETS];
  SbxNarrowArea areas[SBX_NARROW_AREAS];
  SbxNarrowPlace places[SBX_NARROW_PLACES];
  char text[SBX_NARROW_TEXT];
} SbxNarrowing;

/* @top and what of @path lies below @above, as a path; the caller's, or NULL with errno. */
char *sbx_area_graft (const char *top, const char *path, const char *above);
/* Whether the area is of the file system of @mount. */
bool sbx_area_is_of (const SbxNarrowArea *area, const SbxMountRow *mount);
/* The place at which @mount shows @area of @shared, or a part of it, the caller's; NULL: nowhere, or with errno. */
char *sbx_area_place (const SbxNarrowing *shared, const SbxNarrowArea *area, const SbxMountRow *mount);
/* A clone of what is open as @at and of all that is mounted in it, which is nowhere yet; -1 with errno. */
int sbx_area_clone (int at);
/* Mounts @tree, which it takes, on top of @at. 0, or -1 with errno. */
int sbx_area_put (int tree, int at);
