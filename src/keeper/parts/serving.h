/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A sidecar that another one can take the place of while the instance runs, which is told other rules when it is
 * started:
 *
 *   CHANGE ──▶ the next one is started beside it, and listens in a directory of its own ──▶ is ready ──▶ … ──▶
 *   its sockets are moved to where those of the one before are ──▶ that one is killed, and with it every connection ──▶
 *   all of it is dead
 *
 * So nobody who connects finds nothing there, and nobody is served by the old rules when it is done. A change may also
 * end it for good. */
#pragma once

#include "keeper/parts/sidecar.h"

/* The state of its part, or the beginning of that. */
typedef struct {
  SbxPartState head;
  SbxSidecar slots[2];
  unsigned current; /* the one that serves; the other is the next one, or the one before */
  bool has_next;    /* a change is being made in which it is replaced … */
  bool ends;        /* … or ended */
  bool has_effect;  /* it is done, when the other one is dead */
  bool is_staged;   /* the directory of the next one has been made */
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
