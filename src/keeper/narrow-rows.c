/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/narrow-rows.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "keeper/gather.h"
#include "keeper/pin.h"

bool
sbx_narrow_is_meant (const SbxNarrow *row, int fd)
{
  struct stat st;

  return !row->known || (fstat (fd, &st) == 0 && st.st_dev == row->object.device && st.st_ino == row->object.inode);
}

bool
sbx_narrow_is_missed (int root, const SbxNarrow *row)
{
  const char *slash = strrchr (row->path, '/');
  char *above = row->known && slash > row->path ? strndup (row->path, (size_t) (slash - row->path)) : NULL;
  int at = above ? sbx_open_inside (root, above) : -1;
  struct stat st;
  bool missed = at >= 0 && fstat (at, &st) == 0 && st.st_dev == row->object.device;

  free (above);
  if (at >= 0)
    close (at);
  return missed;
}

static bool
is_as_wanted (const SbxNarrow *row, int at)
{
  struct statvfs fs;

  switch (row->kind) {
  case SBX_NARROW_GONE:
    return sbx_pin_is_mount (at) && (!row->known || !sbx_narrow_is_meant (row, at));
  case SBX_NARROW_READ_ONLY:
    return fstatvfs (at, &fs) == 0 && (fs.f_flag & ST_RDONLY) && sbx_narrow_is_meant (row, at);
  case SBX_NARROW_KEEP:
    return true;
  case SBX_N_NARROW_KINDS:
    break;
  }
  return false;
}

/* Returns when every rename of what is on the way to @path has ended that had begun before. One that has looked whether
 * a mount point is in its way goes on when there is one by now, and takes that with it: it holds its directory locked
 * all the while, and not what it renames (vfs_rename () in fs/namei.c). Looking for a name that nobody has looked for
 * yet waits for that lock. */
static void
wait_for_renames (int root, const char *path)
{
  char name[64], above[PATH_MAX];
  struct timespec now;
  struct stat st;

  clock_gettime (CLOCK_MONOTONIC, &now);
  snprintf (name, sizeof name, ".sandbox-%d-%lld-%ld", (int) getpid (), (long long) now.tv_sec, now.tv_nsec);
  for (const char *slash = strchr (path, '/'); slash; slash = strchr (slash + 1, '/')) {
    int at;

    snprintf (above, sizeof above, "%.*s", slash == path ? 1 : (int) (slash - path), path);
    at = sbx_open_inside (root, above);
    if (at < 0)
      return;
    (void) fstatat (at, name, &st, AT_SYMLINK_NOFOLLOW);
    close (at);
  }
}

bool
sbx_narrow_is_done (int root, const SbxNarrow *row)
{
  bool done;
  int at;

  if (row->kind == SBX_NARROW_KEEP)
    return true;
  wait_for_renames (root, row->path);
  at = sbx_open_inside (root, row->path);
  if (at < 0)
    return (errno == ENOENT || errno == ENOTDIR) && !sbx_narrow_is_missed (root, row);
  done = is_as_wanted (row, at);
  close (at);
  return done;
}
