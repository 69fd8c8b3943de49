/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bwrap that makes the instance's namespaces and mounts, and executes sandbox-init in them. libc only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "keeper/join.h"
#include "keeper/loop.h"
#include "wire/block.h"
#include "wire/message.h"

typedef struct {
  pid_t pid; /* or 0 */
  bool reaped;
  int status;                      /* as of wait(2), when it has been reaped */
  SbxWatch output;                 /* what it prints */
  char said[SBX_MESSAGE_TEXT + 1]; /* the beginning of that, NUL-terminated */
  size_t n_said;
} SbxBwrap;

/* 0, or -1 with ENOSPC. */
int sbx_bwrap_set_up (SbxBwrap *self, SbxLoop *loop, int order);

/* Starts the command line of PREPARE's @block: with nothing on 0 and 1, a pipe on 2, a socket to us on
 * SBX_INIT_CONTROL_FD, @init, the open program, on SBX_INIT_PROGRAM_FD, what @join has for a handler, and the @n_files
 * descriptors of @files where FDMAP says. It ends with us. Returns our end of the socket, which passes credentials on;
 * or -1 with errno: EBADMSG when FDMAP does not fit, or what socketpair, pipe2, calloc and vfork say. */
int sbx_bwrap_start (SbxBwrap *self, const SbxBlock *block, const SbxJoin *join, int init, const int *files,
                     size_t n_files);

/* Takes in what it has printed so far. */
void sbx_bwrap_read (SbxBwrap *self);
/* Why it has ended before anything was executed, and what to tell. It complains before it fails itself; without a
 * complaint it passes on how sandbox-init ended, a signal as 128 and its number, as shells do. Returns EINTR when a
 * signal has ended it, else 0. */
int sbx_bwrap_explain (SbxBwrap *self);
