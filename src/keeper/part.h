/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A part: a sidecar or a duty of the keeper, as a row of one table (parts/table.c). The core knows parts by this
 * interface alone and names none of them; a part uses the core. libc only.
 *
 * Every function may be NULL: nothing to do, no, or nothing of mine. @self is the part's own state, zeroed at first,
 * which begins with an SbxPartState. In the order in which they are called in an instance's life:
 *
 *   set_up ▸ start ▸ (bwrap) ▸ (READY) ▸ mount
 *                           ▸ (FURNISH) ▸ furnish ▸ (both) ▸ fill ▸ waits? ▸ gates? ▸ (START) ▸ started ▸ (HELLO) ▸
 * hold_back ▸ (STARTED) ▸ running ▸ … ▸ (EXITED) ▸ application_ended ▸ delays_end? ▸ (all is dead) ▸ end ▸ is_gone? ▸
 * explain
 *
 * READY and FURNISH come in either order: a box may have been waiting long before it is known what it is for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "keeper/services.h"
#include "wire/block.h"
#include "wire/message.h"

#define SBX_PARTS 16 /* in a table */

typedef struct SbxKeeper SbxKeeper; /* keeper.h */
typedef struct SbxPart SbxPart;

/* What every part's state begins with. */
typedef struct {
  const SbxPart *part;
  SbxKeeper *keeper;
} SbxPartState;

struct SbxPart {
  const char *name;
  SbxStep step; /* what a launch fails with when start, mount, furnish, fill or hold_back returns -1 */
  size_t size;  /* of its state */
  /* A sidecar: started with those records when the block has a group of that kind, and only then. */
  bool is_sidecar;
  SbxSidecarKind kind;
  uint32_t enforced; /* SbxEnforced, while it is ready and runs */
  /* More about it, for functions that several parts share. */
  const void *about;

  /* Each of these: 0, or -1 with errno. */
  int (*set_up) (void *self); /* adds its watches; nothing is known of the instance yet */
  /* Before bwrap is started, with the block of PREPARE. A sidecar: when FURNISH is here, with its own group of that. */
  int (*start) (void *self, const SbxBlock *records);
  int (*mount) (void *self);                          /* the sandbox is there, and nothing runs in it yet */
  int (*furnish) (void *self, const SbxBlock *block); /* FURNISH is here, with its block; bwrap may still work */
  int (*fill) (void *self);                           /* both; and still nothing runs in it */
  /* The process that is to become the application is there, and waits to be executed until this has returned. */
  int (*hold_back) (void *self, pid_t pid);

  bool (*waits) (const void *self); /* START has to wait for it */
  bool (*gates) (const void *self); /* hold_back has something to do: the application must not run before */
  bool (*holds) (const void *self); /* init has to stay when the application has ended */

  void (*planned) (void *self, const SbxBlock *block); /* START is here, with its block */
  void (*started) (void *self);                        /* START has gone to init */
  /* Init's filter asks over this descriptor. True: it is this part's now. */
  bool (*asked) (void *self, int questions);
  void (*running) (void *self); /* STARTED has been told */
  /* A change of what runs begins, with its block: opens what it takes. 0, or -1 with errno: it is refused. When no part
   * waits any more, the mounts are changed; then what can be done at once and cannot fail takes effect, and when no
   * part waits for that, it is written down. changed: how it has ended, which is called in every case. */
  int (*changing) (void *self, const SbxBlock *block);
  int (*change_waits) (const void *self); /* 1; 0: no; or -1 with errno: it cannot be made */
  void (*take_effect) (void *self);
  void (*changed) (void *self, bool done);
  void (*came) (void *self, SbxServiceLink *service);  /* a service has come, which knows nothing of this part yet */
  bool (*said) (void *self, const SbxMessage *message, /* a service has; false: it is no message for this part. The */
                const int *fds);                       /* descriptors stay the caller's */
  void (*application_ended) (void *self);              /* … as the keeper's main_status says */
  bool (*delays_end) (const void *self);               /* … and nobody is told yet; asked again after each round */
  bool (*reaped) (void *self, pid_t pid, int status);  /* a child of ours has ended; false: it is none of this part's */

  /* Everything inside is dead, or the launch is given up: kills what is outside. May be called again. */
  void (*end) (void *self);
  bool (*is_gone) (void *self);                     /* … and it has ended; asked again after each round */
  bool (*may_hang) (const void *self, pid_t pid);   /* that child cannot be waited for, even when it is killed */
  bool (*explain) (const void *self, SbxCulprit *); /* why the application has ended, if it is more than its status */
};

/* The table with the states. Zero has no parts. */
typedef struct {
  const SbxPart *rows[SBX_PARTS];
  void *states[SBX_PARTS];
  size_t n;
} SbxParts;

/* Makes the states of the @n parts of @rows, and sets each up. 0, or -1 with errno: ENOMEM, E2BIG for more than
 * SBX_PARTS, or what a part says. */
int sbx_parts_set_up (SbxParts *self, const SbxPart *const *rows, size_t n, SbxKeeper *keeper);
/* The state of @part, or NULL. */
void *sbx_parts_find (const SbxParts *self, const SbxPart *part);
/* The part of sidecars of that kind, or NULL. */
const SbxPart *sbx_parts_find_sidecar (const SbxParts *self, SbxSidecarKind kind);

/* Call the functions above for all parts in the order of the table. The first five stop at a part that fails and
 * return it, with errno; NULL: none has failed. */
const SbxPart *sbx_parts_start (const SbxParts *self, const SbxBlock *block); /* not sidecars */
const SbxPart *sbx_parts_mount (const SbxParts *self);
const SbxPart *sbx_parts_furnish (const SbxParts *self, const SbxBlock *block);
const SbxPart *sbx_parts_fill (const SbxParts *self);
const SbxPart *sbx_parts_hold_back (const SbxParts *self, pid_t pid);
/* Starts one sidecar. NULL, or @part with errno. */
const SbxPart *sbx_parts_start_sidecar (const SbxParts *self, const SbxPart *part, const SbxBlock *records);
/* Whether any does. */
bool sbx_parts_wait (const SbxParts *self);
bool sbx_parts_gate (const SbxParts *self);
bool sbx_parts_hold (const SbxParts *self);
void sbx_parts_planned (const SbxParts *self, const SbxBlock *block);
void sbx_parts_started (const SbxParts *self);
/* False: no part takes it. */
bool sbx_parts_asked (const SbxParts *self, int questions);
void sbx_parts_running (const SbxParts *self);
/* 0, or -1 with errno of the first part that refuses. */
int sbx_parts_changing (const SbxParts *self, const SbxBlock *block);
/* 1: one at least waits; 0: none; or -1 with errno. */
int sbx_parts_change_waits (const SbxParts *self);
void sbx_parts_take_effect (const SbxParts *self);
void sbx_parts_changed (const SbxParts *self, bool done);
void sbx_parts_came (const SbxParts *self, SbxServiceLink *service);
/* False: the message is for none. */
bool sbx_parts_said (const SbxParts *self, const SbxMessage *message, const int *fds);
void sbx_parts_application_ended (const SbxParts *self);
bool sbx_parts_delay_end (const SbxParts *self); /* whether any does */
/* False: the child was none of theirs. */
bool sbx_parts_reaped (const SbxParts *self, pid_t pid, int status);
void sbx_parts_end (const SbxParts *self);
bool sbx_parts_are_gone (const SbxParts *self); /* all of them */
bool sbx_parts_may_hang (const SbxParts *self, pid_t pid);
bool sbx_parts_explain (const SbxParts *self, SbxCulprit *culprit);
