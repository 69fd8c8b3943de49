/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A share of a processor, for work that others cause: what a storm of it may take of our time, on any machine. A bucket
 * of processor time that fills with 1/SBX_SHARE_PART of the time that passes, up to SBX_SHARE_BURST_US. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define SBX_SHARE_PART 32        /* 3.1 % */
#define SBX_SHARE_BURST_US 50000 /* some thousand questions at once */
#define SBX_SHARE_DEBT_US                                                                                              \
  (-2000) /* not more is kept of what was used too much: 64 ms until there is something again                          \
           */

typedef struct {
  int64_t left;      /* us of a processor; below 0: too much was used */
  int64_t now, used; /* as of the last look */
} SbxShare;

/* A full bucket. @now: monotonic us; @used: us of a processor that this process has had (CLOCK_PROCESS_CPUTIME_ID). */
void sbx_share_begin (SbxShare *self, int64_t now, int64_t used);
/* What both clocks say now. Returns whether there is something left. */
bool sbx_share_look (SbxShare *self, int64_t now, int64_t used);
/* Milliseconds, 1 or more, until there is something left. */
int64_t sbx_share_wait_ms (const SbxShare *self);
/* What @clock says, in us. */
int64_t sbx_share_read_clock (clockid_t clock);
