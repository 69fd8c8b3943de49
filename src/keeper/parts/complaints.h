/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a sidecar writes to its standard error, in the log: the keeper's own standard error, which is the service's. An
 * application can make its proxy complain, and choose some of the words; so they come through wire/log-lines.h. */
#pragma once

#include "keeper/loop.h"
#include "wire/log-lines.h"

typedef struct {
  SbxWatch watch;
  SbxLogLines lines;
} SbxComplaints;

/* 0, or -1 with what sbx_loop_add () says. */
int sbx_complaints_set_up (SbxComplaints *self, SbxLoop *loop, int order);
/* Reads from the pipe @fd, and owns it, until its other end is closed. Lines begin with "sandbox-keeper: @id: @who: ".
 */
void sbx_complaints_open (SbxComplaints *self, int fd, const char *id, const char *who);
/* Puts what is there so far. Nothing when it is closed. */
void sbx_complaints_read (SbxComplaints *self);
/* Puts what is there, and closes. Nothing when it is closed already. */
void sbx_complaints_close (SbxComplaints *self);
