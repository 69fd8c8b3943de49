/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/parts/doors.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/copy.h"
#include "keeper/gather.h"
#include "keeper/keeper.h"
#include "keeper/parts/doorway.h"
#include "wire/layer.h"

#define COPY_MAX ((off_t) 1 << 30) /* bytes */
#define COPY_MS 120000             /* what a slow disk takes for that */
#define TRIES 3
#define EVENTS (IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO)

/* One that is on its way, in a directory of the user's or of the application; each instance has its own. */
#define NEW_NAME ".sandbox-saving-"

typedef struct {
  SbxPartState head;
  SbxWatch events; /* inotify(7) */
  SbxDoorway *doors;
  size_t n, settled; /* those from here on come with a change that is being made */
  bool finished;
  char temporary[sizeof NEW_NAME + 16];
  SbxCopy copy; /* one at a time: … */
  size_t which; /* … of this door, … */
  struct stat st;
  bool in_stage; /* … of what is in its stage */
} SbxDoors;

static void
complain (const SbxDoorway *door, int error)
{
  struct pollfd polled = { STDERR_FILENO, POLLOUT, 0 };

  if (poll (&polled, 1, 0) > 0 && (polled.revents & POLLOUT))
    dprintf (STDERR_FILENO, "sandbox-keeper: %s has been saved inside, and cannot be outside: %s\n", door->name,
             strerror (error));
}

/* The copy of what @door has to be copied, if there is any; false: none has begun. */
static bool
begin_copy (SbxDoors *self, size_t which)
{
  SbxDoorway *door = &self->doors[which];
  int fd = sbx_doorway_find (door, &self->st, &self->in_stage), rc;

  door->is_wanted = false;
  if (fd < 0)
    return false;
  self->which = which;
  errno = EFBIG;
  rc = self->st.st_size > COPY_MAX
           ? -1
           : sbx_copy_begin (&self->copy, fd, &self->st, door->outside, self->temporary, COPY_MS);
  if (rc < 0)
    complain (door, errno);
  close (fd);
  return rc == 0;
}

static void
go_on (SbxDoors *self)
{
  for (size_t i = 0; i < self->settled && !sbx_copy_is_busy (&self->copy); i++)
    if (self->doors[i].is_wanted)
      (void) begin_copy (self, i);
}

static bool
is_saving (const SbxDoors *self)
{
  return sbx_copy_is_busy (&self->copy);
}

static void
copied (SbxCopy *copy, SbxCopied *made, int error)
{
  SbxDoors *self = SBX_OWNER (copy, SbxDoors, copy);
  SbxDoorway *door = &self->doors[self->which];
  bool settled = true;

  if (error == 0)
    settled = sbx_doorway_take (door, self->events.fd, made, &self->st, self->in_stage, self->temporary, &error);
  if (error != 0)
    complain (door, error);
  door->tries = settled ? 0 : door->tries + 1;
  door->is_wanted = door->is_wanted || (!settled && door->tries < TRIES);
  go_on (self);
}

static void
publish (SbxDoors *self, SbxDoorway *door)
{
  if (!sbx_doorway_link (door, self->events.fd, self->temporary) && errno != EXDEV && errno != EPERM && errno != EMLINK
      && errno != EOPNOTSUPP)
    complain (door, errno);
  sbx_doorway_tame (door);
  door->is_wanted = true;
  go_on (self);
}

/* Whether there is a door for it already: its stage and its link are the same. */
static bool
has_door (const SbxDoors *self, const SbxLayer *layer)
{
  char place[PATH_MAX];

  for (size_t i = 0; i < self->settled; i++) {
    const SbxDoorway *door = &self->doors[i];
    bool top = strcmp (door->place, "/") == 0;

    snprintf (place, sizeof place, "%s/%s", top ? "" : door->place, door->name);
    if (strcmp (place, layer->dest) == 0)
      return true;
  }
  return false;
}

/* One from the block; 0, or -1 with errno. */
static int
add_door (SbxDoors *self, const SbxLayer *layer, int root)
{
  SbxDoorway *doors = realloc (self->doors, (self->n + 1) * sizeof *doors);

  if (!doors)
    return -1;
  self->doors = doors;
  return sbx_doorway_open (&doors[self->n++], layer, root);
}

static int
add_doors (SbxDoors *self, const SbxBlock *block)
{
  SbxRecord record = { 0 };
  int root = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC), rc = root < 0 ? -1 : 0;

  while (rc == 0 && sbx_block_next (block, SBX_TAG_LAYER, &record)) {
    SbxLayer layer;

    if (!sbx_layer_read (&layer, record.value, record.length)) {
      errno = EBADMSG;
      rc = -1;
    } else if (layer.kind == SBX_LAYER_DOOR && !has_door (self, &layer)) {
      rc = add_door (self, &layer, root);
    }
  }
  if (root >= 0)
    close (root);
  return rc;
}

static int
furnish (void *state, const SbxBlock *block)
{
  SbxDoors *self = state;

  snprintf (self->temporary, sizeof self->temporary, NEW_NAME "%s", self->head.keeper->record.id);
  return add_doors (self, block);
}

static int
changing (void *state, const SbxBlock *block)
{
  return add_doors (state, block);
}

static int
watch_directory (const SbxDoors *self, int directory)
{
  char path[64];

  snprintf (path, sizeof path, "/proc/self/fd/%d", directory);
  return directory < 0 ? -1 : inotify_add_watch (self->events.fd, path, EVENTS | IN_ONLYDIR);
}

/* The root of the sandbox as the application finds it, or -1. */
static int
open_inside (const SbxDoors *self)
{
  const SbxInitLink *init = &self->head.keeper->init;
  struct pollfd alive = { .fd = init->end.fd, .events = POLLIN };
  char path[64];
  int root;

  snprintf (path, sizeof path, "/proc/%d/root", (int) init->pid);
  root = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root >= 0 && poll (&alive, 1, 0) != 0) { /* it died: the number may have been somebody else's */
    close (root);
    root = -1;
  }
  return root;
}

/* The places are looked up and watched from here on. What the application may have done in this moment is looked at
 * once. */
static void
settle (SbxDoors *self)
{
  int root = self->settled < self->n ? open_inside (self) : -1;

  if (self->settled < self->n && self->events.fd < 0) {
    int fd = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);

    if (fd >= 0)
      sbx_watch_open (&self->events, fd);
  }
  for (; self->settled < self->n; self->settled++) {
    SbxDoorway *door = &self->doors[self->settled];

    door->inside = root < 0 ? -1 : sbx_open_beneath (root, door->place);
    if (self->events.fd < 0)
      continue;
    door->stage_watch = watch_directory (self, door->stage);
    door->inside_watch = watch_directory (self, door->inside);
    publish (self, door);
  }
  if (root >= 0)
    close (root);
  go_on (self);
}

static void
started (void *state)
{
  settle (state);
}

static void
changed (void *state, bool done)
{
  SbxDoors *self = state;

  while (!done && self->n > self->settled)
    sbx_doorway_close (&self->doors[--self->n]);
  settle (self);
}

static void
serve_door (SbxDoors *self, SbxDoorway *door, const struct inotify_event *event)
{
  if (event->mask & IN_Q_OVERFLOW)
    publish (self, door);
  else if (event->wd == door->file_watch && (event->mask & IN_ATTRIB))
    sbx_doorway_tame (door);
  else if (event->len == 0 || strcmp (event->name, door->name) != 0)
    return;
  /* One that has just been made in the place is copied when it has been written */
  else if (event->wd == door->stage_watch || (event->wd == door->inside_watch && !(event->mask & IN_CREATE)))
    publish (self, door);
}

static void
serve_event (SbxDoors *self, const struct inotify_event *event)
{
  for (size_t i = 0; i < self->settled; i++)
    serve_door (self, &self->doors[i], event);
}

static void
serve (SbxWatch *watch)
{
  SbxDoors *self = SBX_OWNER (watch, SbxDoors, events);
  char bytes[4096] __attribute__ ((aligned (__alignof__(struct inotify_event))));
  ssize_t n = read (watch->fd, bytes, sizeof bytes);

  for (ssize_t at = 0; at < n;) {
    const struct inotify_event *event = (const struct inotify_event *) (const void *) (bytes + at);

    serve_event (self, event);
    at += (ssize_t) (sizeof *event + event->len);
  }
  if (n < 0 && errno != EAGAIN && errno != EINTR)
    sbx_watch_close (watch);
}

static int
set_up (void *state)
{
  SbxDoors *self = state;
  SbxLoop *loop = &self->head.keeper->loop;

  return sbx_loop_add (loop, &self->events, SBX_ORDER_PARTS, serve, NULL) < 0
                 || sbx_copy_set_up (&self->copy, loop, SBX_ORDER_PARTS, copied) < 0
             ? -1
             : 0;
}

static void
publish_all (SbxDoors *self)
{
  for (size_t i = 0; i < self->settled; i++)
    publish (self, &self->doors[i]);
}

/* Who waits for it is told when that is done, and may look at the file. */
static void
application_ended (void *state)
{
  publish_all (state);
}

static bool
delays_end (const void *state)
{
  return is_saving (state);
}

/* Nothing inside can write any more: what is there now is the last of it. */
static bool
is_gone (void *state)
{
  SbxDoors *self = state;

  if (self->head.keeper->init.dead && !self->finished) {
    self->finished = true;
    sbx_watch_close (&self->events);
    publish_all (self);
  }
  return !is_saving (self);
}

static bool
reaped (void *state, pid_t pid, int status)
{
  SbxDoors *self = state;

  return sbx_copy_reaped (&self->copy, pid);
}

/* One that waits for a disk in vain */
static bool
may_hang (const void *state, pid_t pid)
{
  const SbxDoors *self = state;

  return self->copy.child == pid;
}

const SbxPart sbx_part_doors = {
  .name = "doors",
  .step = SBX_STEP_FILES,
  .size = sizeof (SbxDoors),
  .set_up = set_up,
  .furnish = furnish,
  .started = started,
  .changing = changing,
  .changed = changed,
  .application_ended = application_ended,
  .delays_end = delays_end,
  .is_gone = is_gone,
  .reaped = reaped,
  .may_hang = may_hang,
};
