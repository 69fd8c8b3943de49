/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that serves one instance from outside of it, in a bwrap of its own that is our child: the proxy of its
 * buses, its X server. libc only. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "wire/block.h"

typedef struct {
  pid_t pid; /* its bwrap, or 0 */
  int link;  /* what it says when it is ready, the end of file when it has ended; not blocking; or -1 */
  int log;   /* what it prints; not blocking; or -1 */
  bool ready;
} SbxSidecar;

#define SBX_SIDECAR_NONE                                                                                               \
  {                                                                                                                    \
    .link = -1, .log = -1                                                                                              \
  }

/* Starts the command line of @records, a group of a PREPARE block. SBX_SIDECAR_FILE_FD of it is a pipe with the bytes
 * of the file, if there is one, SBX_SIDECAR_LINK_FD the other end of link, SBX_SIDECAR_FILTER_FD a file with the
 * filter. With @errors its complaints go to the log as well, else to where ours go. 0, or -1 with errno: what calloc,
 * pipe2, memfd_create and vfork say. */
int sbx_sidecar_start (SbxSidecar *self, const SbxBlock *records, bool errors);

void sbx_sidecar_close_log (SbxSidecar *self);
/* Kills it; it has ended when our child @pid has been reaped. */
void sbx_sidecar_end (SbxSidecar *self);
