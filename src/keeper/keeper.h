/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One instance, seen from the host. libc only, single-threaded: entering a user namespace needs that (setns(2)).
 *
 *   WAITING ──PREPARE──▶ PREPARING ──init: READY──▶ READY ──START──▶ STARTING ──init: STARTED──▶ RUNNING ──▶ ENDING
 *
 * PREPARE makes a box, which may wait for as long as the service likes and has no name, no record and nothing of the
 * user's. FURNISH, before READY or after it, makes it the box of one instance; START follows it. A START that comes
 * early is kept until READY, and until no part waits. ENDING begins when the application has ended,
 * when something kills bwrap or init, or on STOP; it is over when bwrap has been reaped, init's pidfd says that it is
 * dead, and every part is gone. Whatever fails before RUNNING leaves nothing behind, the record directory included. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keeper/bwrap.h"
#include "keeper/changing.h"
#include "keeper/denying.h"
#include "keeper/enter.h"
#include "keeper/jobs.h"
#include "keeper/join.h"
#include "keeper/loop.h"
#include "keeper/part.h"
#include "keeper/record.h"
#include "keeper/services.h"
#include "wire/message.h"

typedef enum {
  SBX_KEEPER_WAITING,
  SBX_KEEPER_PREPARING,
  SBX_KEEPER_READY,
  SBX_KEEPER_STARTING,
  SBX_KEEPER_RUNNING,
  SBX_KEEPER_ENDING,
  SBX_KEEPER_N_STATES
} SbxKeeperState;

/* The order in a round: what a process has said last comes before its end, and what a service wants before what its
 * absence means. */
typedef enum {
  SBX_ORDER_BWRAP,
  SBX_ORDER_INIT,
  SBX_ORDER_PARTS,
  SBX_ORDER_SIGNALS,
  SBX_ORDER_SERVICES, /* and those that connect after them */
  SBX_ORDER_LIFELINES = SBX_ORDER_SERVICES + 2,
  SBX_ORDER_HANDLERS,
} SbxOrder;

/* sandbox-init of this instance. */
typedef struct {
  SbxWatch link; /* socket to it */
  SbxWatch end;  /* its pidfd; waited for when the instance is ENDING */
  pid_t pid;     /* on the host, or 0 */
  bool dead;     /* its pidfd has said so */
} SbxInitLink;

/* A START that has come and has not gone to init yet. */
typedef struct {
  bool kept;
  int32_t flags; /* SBX_START_*, of its message */
  int fds[SBX_MESSAGE_FDS];
  size_t n_fds;
  int learned; /* where what the application names is written to, or -1 */
} SbxKeptStart;

/* The core. What a part has to remember is in the part. */
struct SbxKeeper {
  SbxKeeperState state; /* changed by sbx_keeper_enter_state () alone */
  SbxLoop loop;
  SbxServices services;
  SbxJobs jobs;
  SbxParts parts;
  SbxKeeperRecord record;
  SbxBwrap bwrap;
  SbxInitLink init;
  SbxJoin join;   /* when this is a handler itself */
  bool furnished; /* FURNISH has come */
  SbxKeptStart start;
  SbxChange change;
  SbxDenied denied;
  SbxNamespaces namespaces; /* while mounts are made */
  SbxWatch signals;
  SbxWatch kill;      /* due: when everything gets SIGKILL */
  int gate;           /* its closing lets the application be executed, or -1 */
  uint32_t enforced;  /* SbxEnforced */
  int64_t start_time; /* microseconds since 1970 */
  bool main_ended;    /* the application has ended, as main_status says */
  int main_status;    /* as of wait(2) */
  bool end_told;      /* EXITED has been told of it */
  int32_t leftovers;  /* how many processes init has ended then */
  SbxCulprit why;     /* STOPPED or CALLER when we were the ones to end it, else APPLICATION */
};
