/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/parts/doorway.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "keeper/gather.h"
#include "keeper/publish.h"
#include "wire/layout.h"
#include "wire/sys.h"

static bool
is_same (const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether what is like @st is outside already. */
static bool
is_published (const SbxDoorway *self, const struct stat *st)
{
  const struct stat *known = &self->published;

  return is_same (st, known)
         && (!self->copied
             || (st->st_size == known->st_size && st->st_mtim.tv_sec == known->st_mtim.tv_sec
                 && st->st_mtim.tv_nsec == known->st_mtim.tv_nsec));
}

int
sbx_doorway_open (SbxDoorway *self, const SbxLayer *layer, int root)
{
  const char *slash = strrchr (layer->dest, '/');
  int file;

  *self =
      (SbxDoorway){ .outside = -1, .stage = -1, .inside = -1, .stage_watch = -1, .inside_watch = -1, .file_watch = -1 };
  self->name = strdup (slash + 1);
  self->place = strndup (layer->dest, slash == layer->dest ? 1 : (size_t) (slash - layer->dest));
  if (!self->name || !self->place
      || asprintf (&self->target, SBX_DOORS_PLACE "%s/%s", strrchr (layer->content, '/'), slash + 1) < 0)
    return -1;
  self->outside = sbx_layer_open_source (layer, root);
  if (self->outside < 0)
    return -1;
  self->stage = sbx_open_beneath (root, layer->content);
  file = self->stage < 0 ? -1 : openat (self->stage, self->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (file >= 0) {
    self->is_privileged = fstat (file, &self->published) == 0 && sbx_publish_is_privileged (file, &self->published);
    close (file);
  }
  return 0;
}

void
sbx_doorway_close (SbxDoorway *self)
{
  int fds[] = { self->outside, self->stage, self->inside };

  for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
    if (fds[i] >= 0)
      close (fds[i]);
  free (self->name);
  free (self->place);
  free (self->target);
}

/* Not the name, which the application can make another file's. */
static void
watch_file (SbxDoorway *self, int events, int fd)
{
  char path[64];

  if (events < 0)
    return;
  if (self->file_watch >= 0)
    (void) inotify_rm_watch (events, self->file_watch);
  snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  self->file_watch = inotify_add_watch (events, path, IN_ATTRIB);
}

/* Watched first: whatever is done to it while it is linked is seen afterwards. */
static bool
link_file (SbxDoorway *self, int events, int fd, const struct stat *st, const char *temporary)
{
  watch_file (self, events, fd);
  if (is_published (self, st))
    return true;
  if (sbx_publish_tame (fd, self->outside, self->name) < 0
      || sbx_publish_link (fd, self->outside, temporary, self->name) < 0)
    return false;
  self->published = *st;
  self->copied = self->is_privileged = false;
  return true;
}

bool
sbx_doorway_link (SbxDoorway *self, int events, const char *temporary)
{
  int fd = self->stage < 0 ? -1 : openat (self->stage, self->name, O_PATH | O_NOFOLLOW | O_CLOEXEC), saved;
  struct stat st;
  bool done = true;

  if (fd < 0)
    return true;
  if (fstat (fd, &st) == 0 && S_ISREG (st.st_mode))
    done = link_file (self, events, fd, &st, temporary);
  saved = errno;
  close (fd);
  errno = saved;
  return done;
}

void
sbx_doorway_tame (const SbxDoorway *self)
{
  int fd = self->is_privileged ? -1 : openat (self->outside, self->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  struct stat st;

  if (fd >= 0 && fstat (fd, &st) == 0 && S_ISREG (st.st_mode) && is_same (&st, &self->published)
      && sbx_publish_is_privileged (fd, &st))
    (void) sbx_publish_drop_privileges (fd);
  if (fd >= 0)
    close (fd);
}

/* What is in @directory, if it is a file that is not outside yet; or -1. */
static int
find_in (const SbxDoorway *self, int directory, struct stat *st)
{
  int fd =
      directory < 0 ? -1 : openat (directory, self->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

  if (fd >= 0 && fstat (fd, st) == 0 && S_ISREG (st->st_mode) && !is_published (self, st))
    return fd;
  if (fd >= 0)
    close (fd);
  return -1;
}

int
sbx_doorway_find (const SbxDoorway *self, struct stat *st, bool *in_stage)
{
  int fd = find_in (self, self->inside, st);

  *in_stage = fd < 0;
  return fd >= 0 ? fd : find_in (self, self->stage, st);
}

/* Puts the link in the place of the file that is like @st. False: there is another one by now. */
static bool
put_link (const SbxDoorway *self, const struct stat *st, const char *temporary)
{
  struct stat out;
  bool same;

  (void) unlinkat (self->inside, temporary, 0);
  if (symlinkat (self->target, self->inside, temporary) < 0)
    return true; /* the next one is copied as well */
  if (sbx_sys_renameat2 (self->inside, temporary, self->inside, self->name, SBX_RENAME_EXCHANGE) < 0) {
    (void) unlinkat (self->inside, temporary, 0);
    return true;
  }
  same = fstatat (self->inside, temporary, &out, AT_SYMLINK_NOFOLLOW) == 0 && is_same (&out, st)
         && out.st_size == st->st_size;
  if (!same)
    (void) sbx_sys_renameat2 (self->inside, temporary, self->inside, self->name, SBX_RENAME_EXCHANGE);
  (void) unlinkat (self->inside, temporary, 0);
  return same;
}

bool
sbx_doorway_take (SbxDoorway *self, int events, SbxCopied *copied, const struct stat *st, bool in_stage,
                  const char *temporary, int *error)
{
  *error = 0;
  if (sbx_publish_tame (copied->fd, self->outside, self->name) < 0 || sbx_copied_name (copied, self->name) < 0) {
    *error = errno;
    return true;
  }
  self->is_privileged = false;
  if (!in_stage && self->stage >= 0 && sbx_publish_link (copied->fd, self->stage, temporary, self->name) == 0
      && fstat (copied->fd, &self->published) == 0) {
    self->copied = false;
    watch_file (self, events, copied->fd);
    return put_link (self, st, temporary);
  }
  self->published = *st; /* it stays where it is, and is copied again when it has changed */
  self->copied = true;
  return true;
}
