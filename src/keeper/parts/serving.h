/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A sidecar that another one can take the place of while the instance runs, which is told other rules when it is
 * started:
 *
 *   CHANGE ──▶ the next one is started beside it, and listens in a directory of its own ──▶ is ready ──▶ … ──▶
 *   its sockets are moved to where those of the one before are ──▶ that one is killed, and with it every connection ──▶
 *   all of it is dead
 *
 * So nobody who connects finds nothing there, and nobody is served by the old rules when it is done. A change may also
 * end it for good. One that only gives something lets the one before stay for those who are connected to it: they have
 * less than what is allowed now. It ends when nobody is, or with the next change that takes something away. */
#pragma once

#include "keeper/parts/sidecar.h"

/* The one that serves, those before it that stay, and room for another one, so that something can always be taken away.
 */
#define SBX_SERVING_SLOTS 6

/* The state of its part, or the beginning of that. */
typedef struct {
  SbxPartState head;
  SbxSidecar slots[SBX_SERVING_SLOTS];
  unsigned listening[SBX_SERVING_SLOTS]; /* of one that stays: at how many sockets it has listened; 0: it does not */
  unsigned current, next;                /* the one that serves, and that which is to */
  SbxWatch sweep;                        /* when to look whether those that stay have anybody to serve */
  bool settles;                          /* clients that have just connected are being let in */
  bool has_next;                         /* a change is being made in which it is replaced … */
  bool ends;                             /* … or ended … */
  bool stays;                            /* … and the one before goes on with those who are connected to it */
  bool has_effect;                       /* it is done, when all that do not stay are dead */
  bool is_staged;                        /* the directory of the next one has been made */
} SbxServing;

/* The one that serves. */
SbxSidecar *sbx_serving_current (SbxServing *self);

/* The functions of the row of such a part. */
int sbx_serving_set_up (void *self);
int sbx_serving_start (void *self, const SbxBlock *records);
bool sbx_serving_waits (const void *self);
int sbx_serving_changing (void *self, const SbxBlock *block);
int sbx_serving_change_waits (const void *self);
void sbx_serving_take_effect (void *self);
void sbx_serving_changed (void *self, bool done);
bool sbx_serving_reaped (void *self, pid_t pid, int status);
void sbx_serving_end (void *self);
bool sbx_serving_is_gone (void *self);

/* What no kind has its own of; end is to be named by the row. */
#define SBX_SERVING_FUNCTIONS(KIND)                                                                                    \
  .step = SBX_STEP_##KIND, .is_sidecar = true, .kind = SBX_SIDECAR_##KIND, .enforced = SBX_ENFORCED_##KIND,            \
  .set_up = sbx_serving_set_up, .start = sbx_serving_start, .waits = sbx_serving_waits,                                \
  .changing = sbx_serving_changing, .change_waits = sbx_serving_change_waits, .take_effect = sbx_serving_take_effect,  \
  .changed = sbx_serving_changed, .reaped = sbx_serving_reaped, .is_gone = sbx_serving_is_gone
