/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which numbers of the session's pid namespace are of this instance: what an application, or a handler, may know that
 * it is there. libc only.
 *
 * Of this instance is what a signal of ours reaches, which has the instance's Landlock domain: that stops it at others.
 * To an application its handlers and its sandbox-init are others as well; to a handler they are not. A number may be
 * somebody else's by the time that the answer is used: architecture/session-mode.md says what comes of that. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

typedef struct {
  int pids;        /* the pid namespace in which the numbers are; the caller's */
  int stranger;    /* a pidfd of a process there that is never ours; the caller's */
  pid_t init;      /* on the host, whose own number is nobody's, or 0 */
  bool below_init; /* only what is below it: somebody else is in the domain */
} SbxBelonging;

/* Whether @number is that of a process or thread of ours. For one that is not it takes the same calls to say so,
 * whether somebody has the number or nobody. */
bool sbx_belongs_process (const SbxBelonging *self, pid_t number);
/* Whether a process of ours is in the group @number, or has that number. */
bool sbx_belongs_group (const SbxBelonging *self, pid_t number);
