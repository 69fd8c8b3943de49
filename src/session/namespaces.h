/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The namespaces that the instances of a login session share. libc only. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* What an instance joins, and what its keeper watches, in the order in which they are sent. */
typedef enum {
  SBX_SESSION_OWNER, /* the user namespace that owns the pid namespace; our uid is root there, as bwrap --dev wants it
                      */
  SBX_SESSION_PID,
  SBX_SESSION_FIRST, /* a pidfd of PID 1 */
  SBX_SESSION_N
} SbxSessionPlace;

typedef struct {
  int fds[SBX_SESSION_N];
  int host; /* the pid namespace that all of this was made from */
} SbxSessionSpace;

/* Makes them, and returns in PID 1 of the new pid namespace, which has no capability left, and is in a user namespace
 * of its own below the other, so that it owns none of the instances'; the process that has called ends with 0. Returns
 * 0; or -1 with errno and *@step, words for people, in the one process or the other. All descriptors are close-on-exec.
 */
int sbx_session_space_make (SbxSessionSpace *space, const char **step);
