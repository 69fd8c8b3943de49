/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Boxes that wait: made ahead for the kinds of launches that came last, as many of each, and used by the next launch
 * with the same skeleton, whoever starts what in it. A waiting box holds nothing of the user's and nobody's yes; it has
 * no id, no record and no caller, which come with FURNISH and START.
 *
 *   a launch has gone out ──▶ its kind is wanted ──some seconds without a launch──▶ MAKING ──READY──▶ WAITING ──▶ taken
 *                                                                                     │                  │
 *                            memory is short, a fact has changed, it is not wanted    ◀┴──────────────────┘
 *                            any more, its keeper has ended: it is dropped
 *
 * Its keeper takes everything down when our end of the socket closes: also when this process is killed. */
#pragma once

#include "plan/skeleton.h"

#include <sys/types.h>

G_BEGIN_DECLS

typedef struct _SbxPool SbxPool;

/* What the pool does not do itself. */
typedef struct {
  /* Starts a keeper and sends it PREPARE. Returns its socket and number, or -1 with an error. */
  int (*start) (gpointer data, const SbxSkeleton *skeleton, pid_t *keeper, GError **error);
  /* A text that changes when a box with that skeleton would be made otherwise now; g_free. */
  char *(*facts) (gpointer data, const SbxSkeleton *skeleton);
  gboolean (*is_pressed) (gpointer data); /* for memory */
  gboolean (*is_busy) (gpointer data);    /* with launches */
} SbxPoolFunctions;

/* @room: how many boxes may wait; 0: none ever. @refill_ms: after the last launch. @look_seconds: how often those that
 * wait are looked at. */
SbxPool *sbx_pool_new (const SbxPoolFunctions *functions, gpointer data, guint room, guint refill_ms,
                       guint look_seconds);
/* Drops all that wait. */
void sbx_pool_free (SbxPool *self);

/* A box with @skeleton that is as a new one would be: the socket to its keeper, which is the caller's, and its number
 * in *@keeper; -1: there is none. */
int sbx_pool_take (SbxPool *self, const SbxSkeleton *skeleton, pid_t *keeper);
/* A launch with @skeleton has gone out: this kind is wanted again. */
void sbx_pool_want (SbxPool *self, SbxSkeleton *skeleton);
/* Drops all that wait, and makes no more. */
void sbx_pool_close (SbxPool *self);

/* How many boxes are waiting to be taken. */
guint sbx_pool_count (const SbxPool *self);
/* A row of the property Features (machine.h), with how many wait (waiting, u), how many may (room, u), and how many
 * bytes of memory they take (memory, t): a{sv}, floating. */
GVariant *sbx_pool_describe (const SbxPool *self);

G_END_DECLS
