/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process of its own at the border of a sandbox's network: it makes the interface inside, and carries frames between
 * that and the stack, as border.h lets them. It joins the sandbox's user and network namespace, and gives up every
 * capability there before it carries anything. libc only.
 *
 * It lives as long as its control socket: the keeper writes an SbxCrossingOrder to it at the start and whenever
 * that changes, and reads an SbxCrossingReport once the interface is there and after each order: no frame is carried by
 * an older one from then on. Others come when something was refused, four times a second at
 * most, or has crossed, once a second. When it ends, the
 * interface goes with it, and the sandbox has no network. */
#pragma once

#include <stdint.h>

#include "keeper/border.h"
#include "wire/message.h"

/* What the keeper tells it. */
typedef struct {
  uint32_t number; /* of this order; the report that follows has it */
  SbxBorder border;
} SbxCrossingOrder;

/* What was refused since the report before. */
typedef struct {
  SbxRefused what;
  uint32_t count; /* more than 0 */
} SbxCrossingRefused;
#define SBX_CROSSING_REFUSED 16

/* What making the interface, or an order, came to, and what has happened at the border. */
typedef struct {
  int32_t error;      /* errno, or 0: frames are carried from now on */
  uint32_t number;    /* of the order that frames are carried by; 0: there was none yet */
  char what[60];      /* what failed; NUL-terminated */
  SbxTraffic traffic; /* so far */
  uint32_t n, more;   /* rows; and how many were refused that none of them counts */
  SbxCrossingRefused rows[SBX_CROSSING_REFUSED];
  SbxAskedNames asked; /* that the resolver was asked for since the report before */
} SbxCrossingReport;

typedef struct {
  int user, network; /* namespaces */
  int stack;         /* a connected socket, one packet per frame */
  int control;       /* one packet per message */
} SbxCrossing;

/* In a child of the keeper's; does not return. */
void sbx_crossing_run (const SbxCrossing *self) __attribute__ ((noreturn));
