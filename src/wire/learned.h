/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an application named while it was learned: a bounded set of names, and the file that it is written to. libc
 * only.
 *
 * The names come from inside of the sandbox and may be any bytes. Whoever reads the file judges them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What was done with a name, or tried; bits. */
typedef enum {
  SBX_USE_LOOK = 1 << 0,    /* stat, access, readlink */
  SBX_USE_READ = 1 << 1,    /* opened for reading */
  SBX_USE_WRITE = 1 << 2,   /* opened for writing, renamed, removed */
  SBX_USE_MAKE = 1 << 3,    /* made: O_CREAT, mkdir, the new name of rename */
  SBX_USE_EXECUTE = 1 << 4, /* execve */
  SBX_USE_CONNECT = 1 << 5, /* connect */
} SbxLearnedUse;
#define SBX_USE_ALL ((SBX_USE_CONNECT << 1) - 1)

typedef enum {
  SBX_LEARNED_PATH,     /* absolute; "." and ".." taken out by their words */
  SBX_LEARNED_ABSTRACT, /* the name of an abstract socket */
  SBX_LEARNED_NETWORK,  /* an address of IP: "192.0.2.1 443" */
  /* Notes, without a name: what could not be learned */
  SBX_LEARNED_ELSEWHERE,  /* a process had a sandbox of its own inside, and its names mean other files */
  SBX_LEARNED_OWN_FILTER, /* a process has a filter of its own: what that refuses nobody hears of */
  SBX_LEARNED_UNREADABLE, /* a name could not be read */
  SBX_LEARNED_TOO_MANY,   /* there was no room for more names */
  SBX_LEARNED_OWN_ASKING, /* a process wanted to be asked about calls itself, and there is place for one who is */
  SBX_LEARNED_CUT,        /* who took it down was killed: what came then is not here */
  SBX_N_LEARNED
} SbxLearnedKind;

#define SBX_LEARNED_NAMES 8192          /* different ones */
#define SBX_LEARNED_BYTES (1u << 20)    /* of all of them */
#define SBX_LEARNED_NAME 4096           /* of one; PATH_MAX */
#define SBX_LEARNED_FILE_MAX (8u << 20) /* a name is written again whenever something new is done with it */

/* Before each name in the file. */
typedef struct {
  uint16_t kind, uses; /* SbxLearnedKind, SbxLearnedUse: all that there was until then */
  uint32_t length;     /* of the name, which follows without a NUL */
} SbxLearnedHead;

typedef struct SbxLearned SbxLearned;

/* An empty set, which writes to @file, the caller's. NULL with ENOMEM. */
SbxLearned *sbx_learned_new (int file);
void sbx_learned_free (SbxLearned *self);
/* Takes down that @uses were made of @name, of @length bytes; for a note both are 0. What is in the file already costs
 * nothing. A file that takes no more loses the rest, and nobody waits. */
void sbx_learned_add (SbxLearned *self, SbxLearnedKind kind, uint32_t uses, const char *name, size_t length);

/* Writes SBX_LEARNED_CUT behind all that is in @file, in the place of who wrote it. */
void sbx_learned_cut (int file);

/* Reads the row at *@at of the @size bytes of such a file, and goes on to the next: *@name points into @file. False at
 * the end, and where it is not one. */
bool sbx_learned_next (const void *file, size_t size, size_t *at, SbxLearnedHead *head, const char **name);

/* Puts @directory and @path together into @out, of SBX_LEARNED_NAME bytes with its NUL, as one absolute path without
 * "." and "..". @directory may be NULL for a @path that is absolute. Its length, or 0: too long, or not absolute. */
size_t sbx_learned_join (const char *directory, const char *path, char *out);

#ifdef __cplusplus
}
#endif
