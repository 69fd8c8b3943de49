/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What still runs when the application has ended, and what becomes of it. libc only.
 *
 *   NONE ──application ends──▶ QUIET ──100 ms──▶ TOLD (SIGTERM) ──2 s──▶ KILLED (SIGKILL) ──500 ms──▶ over
 *
 * Many end by themselves as soon as their parent is gone: those are not counted. Some have to write down what they know
 * first (wineserver the registry, databases their pages), upon SIGTERM. When the last one has gone, or at the end of
 * the last stage, init ends, and the kernel kills whoever is there still. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "init/worker.h"

typedef enum {
  SBX_LEFTOVERS_NONE,
  SBX_LEFTOVERS_QUIET,
  SBX_LEFTOVERS_TOLD,
  SBX_LEFTOVERS_KILLED,
  SBX_LEFTOVERS_OVER,
  SBX_N_LEFTOVERS
} SbxLeftoversStage;

typedef struct {
  SbxLeftoversStage stage;
  int64_t due;    /* milliseconds of CLOCK_MONOTONIC, when the next stage begins */
  int32_t n_told; /* how many have ended since they were told to, at most INT32_MAX */
} SbxLeftovers;

/* The application has ended and others have not; only if it is NONE. */
void sbx_leftovers_begin (SbxLeftovers *self);
/* Somebody came whom the instance stays for: what is there goes on. */
void sbx_leftovers_forget (SbxLeftovers *self);
/* How long to wait for the next stage: milliseconds for poll(2), or -1. */
int sbx_leftovers_timeout (const SbxLeftovers *self);
/* Goes on to the next stage when its time has come: has @worker signal every process of the pid namespace, or of its
 * Landlock domain, but this one. One call reaches all of them at one moment (kill(2)), so that nobody forks away from
 * it. */
void sbx_leftovers_go_on (SbxLeftovers *self, SbxInitWorker *worker);
/* One has ended. */
void sbx_leftovers_count (SbxLeftovers *self);
