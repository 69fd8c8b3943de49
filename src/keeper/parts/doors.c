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

#include "keeper/gather.h"
#include "keeper/keeper.h"
#include "wire/layer.h"
#include "wire/layout.h"
#include "wire/sys.h"

#define COPY_MAX ((off_t) 1 << 30) /* bytes: the keeper does nothing else meanwhile */
#define TRIES 3
#define EVENTS (IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO)

/* One that is on its way, in a directory of the user's or of the application. */
#define NEW_NAME ".sandbox-saving"

typedef struct {
  char *name, *place; /* the place: its directory inside */
  char *target;       /* of the link there */
  int outside, stage, inside;
  int stage_watch, inside_watch;
  struct stat published; /* the file that is outside as far as we know */
} Door;

typedef struct {
  SbxPartState head;
  SbxWatch events; /* inotify(7) */
  Door *doors;
  size_t n, settled; /* those from here on come with a change that is being made */
  bool finished;
} SbxDoors;

static bool
is_same (const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static void
complain (const Door *door, const char *what)
{
  struct pollfd polled = { STDERR_FILENO, POLLOUT, 0 };

  if (poll (&polled, 1, 0) > 0 && (polled.revents & POLLOUT))
    dprintf (STDERR_FILENO, "sandbox-keeper: %s %s: %s\n", door->name, what, strerror (errno));
}

/* Gives the file @fd the name @name in @directory, in the place of what has it. */
static int
link_over (int fd, int directory, const char *name)
{
  char path[64];
  int rc;

  snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  (void) unlinkat (directory, NEW_NAME, 0);
  if (linkat (AT_FDCWD, path, directory, NEW_NAME, AT_SYMLINK_FOLLOW) < 0)
    return -1;
  rc = renameat (directory, NEW_NAME, directory, name);
  (void) unlinkat (directory, NEW_NAME, 0); /* rename(2) leaves two names of the same file as they are */
  return rc;
}

/* What there is in the stage, to the outside. */
static void
publish_stage (Door *door)
{
  int fd = openat (door->stage, door->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  struct stat st;

  if (fd >= 0 && fstat (fd, &st) == 0 && S_ISREG (st.st_mode) && !is_same (&st, &door->published)) {
    if (link_over (fd, door->outside, door->name) == 0)
      door->published = st;
    else
      complain (door, "has been saved inside, and cannot be outside");
  }
  if (fd >= 0)
    close (fd);
}

/* @left bytes at most: a file that grows meanwhile would have no end. It is looked at again afterwards. */
static int
copy_bytes (int from, int to, off_t left)
{
  char bytes[65536];
  ssize_t n = 1;

  for (; left > 0 && n > 0; left -= n > 0 ? n : 0)
    n = copy_file_range (from, NULL, to, NULL, (size_t) (left < 1 << 24 ? left : 1 << 24), 0);
  if (n >= 0)
    return 0;
  if (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS)
    return -1;
  for (; left > 0 && (n = read (from, bytes, left < (off_t) sizeof bytes ? (size_t) left : sizeof bytes)) > 0;
       left -= n)
    for (ssize_t at = 0, m; at < n; at += m)
      if ((m = write (to, bytes + at, (size_t) (n - at))) < 0)
        return -1;
  return n < 0 ? -1 : 0;
}

/* A copy of @from, which is like @st, that is as good as on the disk. -1 with errno: EFBIG for more than COPY_MAX. */
static int
copy_out (const Door *door, int from, const struct stat *st)
{
  int to, saved;

  if (st->st_size > COPY_MAX) {
    errno = EFBIG;
    return -1;
  }
  (void) unlinkat (door->outside, NEW_NAME, 0);
  to = openat (door->outside, NEW_NAME, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, st->st_mode & 0777);
  if (to < 0)
    return -1;
  if (copy_bytes (from, to, st->st_size) == 0 && fdatasync (to) == 0
      && renameat (door->outside, NEW_NAME, door->outside, door->name) == 0)
    return to;
  saved = errno;
  close (to);
  (void) unlinkat (door->outside, NEW_NAME, 0);
  errno = saved;
  return -1;
}

/* Puts the link in the place of the file that is like @st. False: there is another one by now. */
static bool
put_link (const Door *door, const struct stat *st)
{
  struct stat out;
  bool same;

  (void) unlinkat (door->inside, NEW_NAME, 0);
  if (symlinkat (door->target, door->inside, NEW_NAME) < 0)
    return true; /* the next one is copied as well */
  if (sbx_sys_renameat2 (door->inside, NEW_NAME, door->inside, door->name, SBX_RENAME_EXCHANGE) < 0) {
    (void) unlinkat (door->inside, NEW_NAME, 0);
    return true;
  }
  same = fstatat (door->inside, NEW_NAME, &out, AT_SYMLINK_NOFOLLOW) == 0 && is_same (&out, st)
         && out.st_size == st->st_size;
  if (!same)
    (void) sbx_sys_renameat2 (door->inside, NEW_NAME, door->inside, door->name, SBX_RENAME_EXCHANGE);
  (void) unlinkat (door->inside, NEW_NAME, 0);
  return same;
}

/* What there is in the place, if it is a file, to the outside. False: it has changed meanwhile. */
static bool
publish_place (Door *door)
{
  int from = openat (door->inside, door->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), to = -1;
  struct stat st;
  bool settled = true;

  if (from >= 0 && fstat (from, &st) == 0 && S_ISREG (st.st_mode) && !is_same (&st, &door->published)) {
    to = copy_out (door, from, &st);
    if (to < 0)
      complain (door, "has been saved inside, and cannot be outside");
    else if (door->stage >= 0 && link_over (to, door->stage, door->name) == 0 && fstat (to, &door->published) == 0)
      settled = put_link (door, &st);
    else
      door->published = st; /* it stays where it is, and is copied again when it is another one */
  }
  if (from >= 0)
    close (from);
  if (to >= 0)
    close (to);
  return settled;
}

static void
publish (Door *door)
{
  if (door->stage >= 0)
    publish_stage (door);
  for (int tries = 0; door->inside >= 0 && tries < TRIES && !publish_place (door); tries++)
    ;
}

/* One from the block; 0, or -1 with errno. */
static int
add_door (SbxDoors *self, const SbxLayer *layer, int root)
{
  const char *slash = strrchr (layer->dest, '/');
  Door *doors = realloc (self->doors, (self->n + 1) * sizeof *doors), *door;
  struct stat st;

  if (!doors)
    return -1;
  self->doors = doors;
  door = &doors[self->n];
  *door = (Door){ .outside = -1, .stage = -1, .inside = -1, .stage_watch = -1, .inside_watch = -1 };
  self->n++;
  door->name = strdup (slash + 1);
  door->place = strndup (layer->dest, slash == layer->dest ? 1 : (size_t) (slash - layer->dest));
  if (!door->name || !door->place
      || asprintf (&door->target, SBX_DOORS_PLACE "%s/%s", strrchr (layer->content, '/'), slash + 1) < 0)
    return -1;
  door->outside = sbx_layer_open_source (layer, root);
  if (door->outside < 0)
    return -1;
  door->stage = sbx_open_beneath (root, layer->content);
  if (door->stage >= 0 && fstatat (door->stage, door->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
    door->published = st;
  return 0;
}

/* Whether there is a door for it already: its stage and its link are the same. */
static bool
has_door (const SbxDoors *self, const SbxLayer *layer)
{
  char place[PATH_MAX];

  for (size_t i = 0; i < self->settled; i++) {
    const Door *door = &self->doors[i];
    bool top = strcmp (door->place, "/") == 0;

    snprintf (place, sizeof place, "%s/%s", top ? "" : door->place, door->name);
    if (strcmp (place, layer->dest) == 0)
      return true;
  }
  return false;
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
  return add_doors (state, block);
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
    Door *door = &self->doors[self->settled];

    door->inside = root < 0 ? -1 : sbx_open_beneath (root, door->place);
    if (self->events.fd < 0)
      continue;
    door->stage_watch = watch_directory (self, door->stage);
    door->inside_watch = watch_directory (self, door->inside);
    publish (door);
  }
  if (root >= 0)
    close (root);
}

static void
started (void *state)
{
  settle (state);
}

static void
close_door (Door *door)
{
  int fds[] = { door->outside, door->stage, door->inside };

  for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
    if (fds[i] >= 0)
      close (fds[i]);
  free (door->name);
  free (door->place);
  free (door->target);
}

static void
changed (void *state, bool done)
{
  SbxDoors *self = state;

  while (!done && self->n > self->settled)
    close_door (&self->doors[--self->n]);
  settle (self);
}

static void
serve_event (SbxDoors *self, const struct inotify_event *event)
{
  for (size_t i = 0; i < self->n; i++) {
    Door *door = &self->doors[i];

    if (event->mask & IN_Q_OVERFLOW)
      publish (door);
    else if (event->len == 0 || strcmp (event->name, door->name) != 0)
      continue;
    else if (event->wd == door->stage_watch)
      publish_stage (door);
    /* One that has just been made is copied when it has been written */
    if (event->wd == door->inside_watch && !(event->mask & IN_CREATE))
      publish (door);
  }
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

  return sbx_loop_add (&self->head.keeper->loop, &self->events, SBX_ORDER_PARTS, serve, NULL);
}

static void
publish_all (SbxDoors *self)
{
  for (size_t i = 0; i < self->n; i++)
    publish (&self->doors[i]);
}

/* Who waits for it is told next, and may look at the file. */
static void
application_ended (void *state)
{
  publish_all (state);
}

/* Nothing inside can write any more: what is there now is the last of it. */
static bool
is_gone (void *state)
{
  SbxDoors *self = state;

  if (!self->head.keeper->init.dead || self->finished)
    return true;
  self->finished = true;
  sbx_watch_close (&self->events);
  publish_all (self);
  return true;
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
  .is_gone = is_gone,
};
