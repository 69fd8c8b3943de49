/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/loop.h"

#include <errno.h>
#include <limits.h>
#include <time.h>
#include <unistd.h>

int64_t
sbx_loop_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int
sbx_loop_add (SbxLoop *loop, SbxWatch *self, int order, SbxWatchFunction ready, SbxWatchFunction timer)
{
  SbxWatch *before = loop->last;

  *self = (SbxWatch){ .fd = -1, .ready = ready, .timer = timer, .order = order };
  if (loop->n == SBX_LOOP_WATCHES) {
    errno = ENOSPC;
    return -1;
  }
  while (before && before->order > order)
    before = before->previous;
  self->loop = loop;
  self->previous = before;
  self->next = before ? before->next : loop->first;
  *(self->next ? &self->next->previous : &loop->last) = self;
  *(before ? &before->next : &loop->first) = self;
  loop->n++;
  return 0;
}

/* What the round has seen of its descriptor is not true any more. */
static void
forget_slot (SbxWatch *self)
{
  if (self->slot != 0 && self->loop)
    self->loop->slots[self->slot - 1] = NULL;
  self->slot = 0;
}

void
sbx_watch_open (SbxWatch *self, int fd)
{
  forget_slot (self);
  self->fd = fd;
}

void
sbx_watch_close (SbxWatch *self)
{
  int saved = errno;

  forget_slot (self);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  errno = saved;
}

void
sbx_watch_remove (SbxWatch *self)
{
  SbxLoop *loop = self->loop;

  if (!loop)
    return;
  sbx_watch_close (self);
  if (loop->next_timer == self)
    loop->next_timer = self->next;
  *(self->previous ? &self->previous->next : &loop->first) = self->next;
  *(self->next ? &self->next->previous : &loop->last) = self->previous;
  loop->n--;
  self->loop = NULL;
  self->next = self->previous = NULL;
  self->due = 0;
}

void
sbx_watch_due_by (SbxWatch *self, int64_t due)
{
  if (self->due == 0 || (due != 0 && due < self->due))
    self->due = due;
}

/* Fills in what is to be polled, only what is open: poll(2) takes no more rows than there may be descriptors, and
 * RLIMIT_NOFILE may be low. Returns how many. */
static nfds_t
collect (SbxLoop *loop, int64_t *due)
{
  nfds_t n = 0;

  *due = 0;
  for (SbxWatch *watch = loop->first; watch; watch = watch->next) {
    watch->slot = 0;
    if (watch->due != 0 && (*due == 0 || watch->due < *due))
      *due = watch->due;
    if (watch->fd < 0 || watch->paused)
      continue;
    loop->polled[n] = (struct pollfd){ .fd = watch->fd, .events = POLLIN };
    loop->slots[n++] = watch;
    watch->slot = n;
  }
  return n;
}

static int
timeout_until (int64_t due)
{
  int64_t wait = due == 0 ? -1 : due - sbx_loop_now ();

  if (due != 0 && wait < 0)
    return 0;
  return wait > INT_MAX ? INT_MAX : (int) wait;
}

static void
serve_timers (SbxLoop *loop)
{
  int64_t now = 0;

  for (SbxWatch *watch = loop->first; watch; watch = loop->next_timer) {
    loop->next_timer = watch->next;
    if (watch->due == 0)
      continue;
    if (now == 0)
      now = sbx_loop_now ();
    if (now < watch->due)
      continue;
    watch->due = 0;
    watch->timer (watch);
  }
  loop->next_timer = NULL;
}

int
sbx_loop_round (SbxLoop *loop)
{
  int64_t due;
  nfds_t n = collect (loop, &due);
  int rc = poll (loop->polled, n, timeout_until (due));

  if (rc < 0 && errno != EINTR)
    return -1;
  for (nfds_t i = 0; rc > 0 && i < n; i++) {
    SbxWatch *watch = loop->slots[i];

    if (loop->polled[i].revents != 0 && watch && !watch->paused)
      watch->ready (watch);
  }
  serve_timers (loop);
  return 0;
}
