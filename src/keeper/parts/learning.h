/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keeper's side of the learner (learner.h): its end, and what is done without it. Zero: nothing is learned. */
#pragma once

#include "keeper/parts/learner.h"
#include "wire/block.h"

typedef struct {
  SbxPathCall *calls;
  size_t n_calls;
  pid_t learner; /* or 0 */
  SbxLearnerShared *shared;
} SbxLearning;

/* Takes what START says of it. */
void sbx_learning_plan (SbxLearning *self, const SbxBlock *block);
/* Starts the learner at @listener, which stays the caller's, and which writes to @file. The caller's socket over which
 * struct seccomp_notif come, of those questions that are the caller's to answer; -1 with errno. */
int sbx_learning_begin (SbxLearning *self, const struct sock_filter *program, size_t n_instructions, int listener,
                        int file);
/* The learner has ended before its time, and nothing more is learned: the question that it was busy with, the caller's
 * to answer now; NULL: none. */
const struct seccomp_notif *sbx_learning_unfinished (const SbxLearning *self);
/* Whether @question, which has come to us, is about a call that is allowed and only asked about to learn. */
bool sbx_learning_goes_on (const SbxLearning *self, const struct sock_filter *program, size_t n_instructions,
                           const struct seccomp_notif *question);
/* False: @pid is not the learner's. */
bool sbx_learning_reaped (SbxLearning *self, pid_t pid);
/* Ends it, if it has not. May be called again. */
void sbx_learning_end (SbxLearning *self);
bool sbx_learning_is_gone (const SbxLearning *self);
