/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loop of the keeper: one list of watches, one poll(2). libc only.
 *
 * A watch is embedded in what owns it, waits for one descriptor, for one moment, or for both, and calls its owner:
 *
 *   ready (): something can be read from fd, or its other end is closed        timer (): due has come
 *
 * Both may remove, open, close and add any watch, their own included: one that is removed, or whose descriptor is
 * another one by then, is not called any more in this round, and one that is added is served in the next. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SBX_LOOP_WATCHES 512 /* at once */

/* The @type that has the member @member at @pointer */
#define SBX_OWNER(pointer, type, member) ((type *) (void *) ((char *) (pointer) -offsetof (type, member)))

typedef struct SbxLoop SbxLoop;
typedef struct SbxWatch SbxWatch;
typedef void (*SbxWatchFunction) (SbxWatch *self);

struct SbxWatch {
  int fd;      /* or -1 */
  bool paused; /* the descriptor is open and not waited for now */
  int64_t due; /* milliseconds as of sbx_loop_now (), or 0: never; is 0 again when timer () is called */
  /* Below here is the loop's */
  SbxWatchFunction ready, timer;
  int order;
  SbxLoop *loop; /* NULL: in none */
  SbxWatch *next, *previous;
  size_t slot; /* its place in the round that is served, counted from 1; 0: none */
};

/* Zero is a loop without watches. */
struct SbxLoop {
  SbxWatch *first, *last;
  size_t n;
  SbxWatch *next_timer; /* while timers are called: the one to be looked at next */
  struct pollfd polled[SBX_LOOP_WATCHES];
  SbxWatch *slots[SBX_LOOP_WATCHES];
};

/* Monotonic milliseconds, the clock of every due. */
int64_t sbx_loop_now (void);

/* Adds @self, whose descriptor is not open and which is not due. In a round a lower @order is served first; among
 * equal ones, the one that was added first. @ready and @timer may be NULL for a watch that is never open, or never
 * due. Returns 0, or -1 with ENOSPC: @self is in no loop then, and the other functions here still accept it. */
int sbx_loop_add (SbxLoop *loop, SbxWatch *self, int order, SbxWatchFunction ready, SbxWatchFunction timer);

/* Waits for @fd from now on, and owns it. */
void sbx_watch_open (SbxWatch *self, int fd);
/* Closes the descriptor if it is open; the watch stays where it is. */
void sbx_watch_close (SbxWatch *self);
/* Takes it out of its loop and closes its descriptor. Removing it again does nothing. */
void sbx_watch_remove (SbxWatch *self);
/* Makes it due at @due (0: never) if that is sooner than before. */
void sbx_watch_due_by (SbxWatch *self, int64_t due);

/* Waits until something is ready or due, and serves all that is. 0, or -1 with what poll(2) says, EINTR excepted. */
int sbx_loop_round (SbxLoop *loop);
