/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A system call that names a file, as who learns what an application uses reads it (keeper/parts/learner.h). libc only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* include/uapi/linux/seccomp.h and prctl.h: operations that install a filter, and the flag of who wants to be asked */
#define SBX_SECCOMP_SET_FILTER 1u
#define SBX_SECCOMP_NEW_LISTENER 8u
#define SBX_PRCTL_SET_SECCOMP 22u

#define SBX_NO_ARGUMENT 6u /* calls have six, from 0 */

typedef enum {
  SBX_PATH_PLAIN,      /* what is done with it is in @uses */
  SBX_PATH_OPEN,       /* … and in the flags of open(2), argument @more */
  SBX_PATH_OPEN_HOW,   /* … and in those of the struct open_how that argument @more points to */
  SBX_PATH_CONNECT,    /* argument @path points to an address of argument @more bytes */
  SBX_PATH_SOCKETCALL, /* connect(2) of a 32-bit program: let go on, and its address not read */
  /* These name no file: they say what will not be learned */
  SBX_PATH_SECCOMP, /* seccomp(2) that installs a filter */
  SBX_PATH_PRCTL,   /* … and prctl(2) that does */
  SBX_N_PATH_KINDS
} SbxPathKind;

typedef struct {
  uint32_t arch, number; /* as in struct seccomp_data */
  uint32_t kind;         /* SbxPathKind */
  uint32_t uses;         /* SbxLearnedUse (wire/learned.h) */
  uint32_t path;         /* the argument that points to the path */
  uint32_t directory;    /* the one that has the directory it is relative to; SBX_NO_ARGUMENT: the working one */
  uint32_t more;         /* or SBX_NO_ARGUMENT */
  uint32_t padding;      /* 0 */
} SbxPathCall;

/* Copies the row at @value. False if it is none: another size, a number out of range. */
bool sbx_path_call_read (SbxPathCall *self, const void *value, size_t size);
/* Whether @self is a row of the call @number of @arch with these six arguments. */
bool sbx_path_call_matches (const SbxPathCall *self, uint32_t arch, uint32_t number, const uint64_t *arguments);

#ifdef __cplusplus
}
#endif
