/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/made.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/gather.h"
#include "wire/sys.h"

#define UNDO_TRIES 64 /* while an application renames it */
#define DEPTH 4096    /* of directories */

int
sbx_made_note (SbxMade *self, int parent, int object)
{
  SbxMadeOne one;

  if (self->n == self->room) {
    size_t room = self->room ? self->room * 2 : 16;
    SbxMadeOne *all = realloc (self->all, room * sizeof *all);

    if (!all)
      return -1;
    self->all = all;
    self->room = room;
  }
  one.parent = fcntl (parent, F_DUPFD_CLOEXEC, 3);
  one.object = one.parent < 0 ? -1 : fcntl (object, F_DUPFD_CLOEXEC, 3);
  if (one.object < 0) {
    int saved = errno;

    if (one.parent >= 0)
      close (one.parent);
    errno = saved;
    return -1;
  }
  self->all[self->n++] = one;
  return 0;
}

int
sbx_made_name (char name[SBX_MADE_NAME])
{
  uint64_t random;

  if (getrandom (&random, sizeof random, 0) != sizeof random)
    return -1;
  snprintf (name, SBX_MADE_NAME, ".%016llx", (unsigned long long) random);
  return 0;
}

static bool
is_same (const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static int
open_one (int at, const char *name)
{
  struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };

  return sbx_sys_openat2 (at, name, &how, sizeof how);
}

/* The topmost directory above @fd: the root of its mount, once that is mounted nowhere. */
static int
open_top (int fd)
{
  int at = fcntl (fd, F_DUPFD_CLOEXEC, 3);

  for (int i = 0; at >= 0 && i < DEPTH; i++) {
    int above = openat (at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat one, other;
    bool last = above < 0 || fstat (at, &one) < 0 || fstat (above, &other) < 0 || is_same (&one, &other);

    if (last) {
      if (above >= 0)
        close (above);
      return at;
    }
    close (at);
    at = above;
  }
  return at;
}

/* Whether @name in @at is the object. */
static bool
is_there (int at, const char *name, const struct stat *object)
{
  int fd = open_one (at, name);
  struct stat st;
  bool same = fd >= 0 && fstat (fd, &st) == 0 && is_same (&st, object);

  if (fd >= 0)
    close (fd);
  return same;
}

/* Under a name that nobody knows first: what somebody puts at @name meanwhile is not removed. */
static bool
remove_there (int at, const char *name, const struct stat *object)
{
  char secret[SBX_MADE_NAME];

  if (!is_there (at, name, object))
    return false;
  if (S_ISDIR (object->st_mode)) /* one with something in it stays */
    return unlinkat (at, name, AT_REMOVEDIR) == 0;
  if (sbx_made_name (secret) < 0)
    return false;
  if (sbx_sys_renameat2 (at, name, at, secret, RENAME_NOREPLACE) < 0)
    return false;
  if (is_there (at, secret, object))
    return unlinkat (at, secret, 0) == 0;
  (void) sbx_sys_renameat2 (at, secret, at, name, RENAME_NOREPLACE);
  return false;
}

/* Where it is now, as the kernel says; @top is where such a path begins. */
static bool
remove_one (const SbxMadeOne *one, int top, int proc)
{
  char link[32], path[PATH_MAX], *slash;
  struct stat st;
  ssize_t n;
  bool removed;
  int at;

  if (fstat (one->object, &st) < 0)
    return false;
  if (st.st_nlink == 0)
    return true;
  snprintf (link, sizeof link, "self/fd/%d", one->object);
  n = readlinkat (proc, link, path, sizeof path - 1);
  if (n <= 0)
    return false;
  path[n] = '\0';
  slash = strrchr (path, '/');
  if (!slash)
    return false;
  *slash = '\0';
  at = S_ISDIR (st.st_mode) ? openat (one->object, "..", O_PATH | O_DIRECTORY | O_CLOEXEC)
                            : sbx_open_beneath (top, path);
  removed = at >= 0 && remove_there (at, slash + 1, &st);
  if (at >= 0)
    close (at);
  return removed;
}

static bool
undo_one (const SbxMadeOne *one, int proc)
{
  int top = open_top (one->parent);
  bool removed = false;

  for (int i = 0; top >= 0 && !removed && i < UNDO_TRIES; i++)
    removed = remove_one (one, top, proc);
  if (top >= 0)
    close (top);
  return removed;
}

static void
close_one (SbxMade *self, size_t i)
{
  close (self->all[i].parent);
  close (self->all[i].object);
  memmove (self->all + i, self->all + i + 1, (--self->n - i) * sizeof *self->all);
}

bool
sbx_made_undo (SbxMade *self, int proc)
{
  bool all, progress = true;

  while (progress) { /* one may have been moved into another one */
    progress = false;
    for (size_t i = self->n; i > 0; i--)
      if (undo_one (&self->all[i - 1], proc)) {
        close_one (self, i - 1);
        progress = true;
      }
  }
  all = self->n == 0;
  sbx_made_forget (self);
  return all;
}

void
sbx_made_forget (SbxMade *self)
{
  for (size_t i = 0; i < self->n; i++) {
    close (self->all[i].parent);
    close (self->all[i].object);
  }
  free (self->all);
  *self = (SbxMade){ 0 };
}
