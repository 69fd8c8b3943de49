/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The learner: a child of the keeper's between the filter of an instance that is learned and the keeper.
 *
 *   filter ──question──▶ learner ──a name──▶ file of the caller's; "go on" to who asks
 *                           └──anything else──▶ keeper, which answers as ever
 *
 * A process of its own, since reading the memory of another can wait for as long as that one likes (a page that a
 * userfaultfd(2) or a FUSE file system has to fill): that is then its own call, and nobody else's. libc only. */
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/types.h>

#include "wire/path-call.h"

/* In memory that both share: the question that the learner has read and not yet done with. Whoever comes after a
 * learner that was killed answers it, since the kernel tells it to nobody else. */
typedef struct {
  struct seccomp_notif question;
  bool asking; /* it is one */
} SbxLearnerShared;

typedef struct {
  int questions; /* the listener; both have it */
  int file;      /* wire/learned.h */
  const struct sock_filter *program;
  size_t n_instructions;
  const SbxPathCall *calls;
  size_t n_calls;
} SbxLearnerSetup;

/* Starts one. Its pid, *@link: a socket over which struct seccomp_notif come that it leaves to the keeper, and
 * *@shared, which are the caller's; or -1 with errno. It ends when nobody is left who could ask, and with the keeper.
 */
pid_t sbx_learner_start (const SbxLearnerSetup *setup, int *link, SbxLearnerShared **shared);
/* Gives back @shared. */
void sbx_learner_unmap (SbxLearnerShared *shared);
/* Lets the call of the question @id be made: for calls that are allowed anyway, and for no others. */
void sbx_learner_go_on (int questions, uint64_t id);
/* Whether @question is about a call of the @n @calls, which is allowed. */
bool sbx_learner_is_path (const SbxPathCall *calls, size_t n, const struct seccomp_notif *question);
