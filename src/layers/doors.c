/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layers/doors.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "wire/layout.h"

#define YOUNG_SECONDS 60 /* a launch has its record by then, or has failed */
#define DEPTH_MAX 64     /* directories of what an application has made in a stage that are open at the same time */
#define RAISED_NAME ".sandbox-deep-"
#define ID_LENGTH 16
#define STAGE_LENGTH 16 /* hex digits of the digest of the directory's path */

static int
open_directory (int at, const char *name)
{
  return openat (at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Takes @at. A descriptor, or -1. */
static int
enter (int at, const char *name, gboolean make)
{
  int fd = -1;

  if (at >= 0 && (!make || mkdirat (at, name, 0700) == 0 || errno == EEXIST))
    fd = open_directory (at, name);
  if (at >= 0)
    close (at);
  return fd;
}

static int
open_stages (const char *homes, gboolean make)
{
  return enter (open_directory (AT_FDCWD, homes), SBX_DOORS_SUBDIR, make);
}

/* One on its way; not the keeper's */
#define NEW_NAME ".sandbox-opening"

static gboolean
is_linked (int stage, const char *name, int fd)
{
  struct stat one, other;

  return fstatat (stage, name, &one, AT_SYMLINK_NOFOLLOW) == 0 && fstat (fd, &other) == 0 && one.st_dev == other.st_dev
         && one.st_ino == other.st_ino;
}

/* In the place of one that was opened by that name before, and has been replaced outside since. */
static gboolean
link_in (int stage, const char *name, int fd)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  gboolean linked;

  if (fd < 0 || linkat (AT_FDCWD, path, stage, name, AT_SYMLINK_FOLLOW) == 0)
    return TRUE;
  if (errno != EEXIST || is_linked (stage, name, fd))
    return errno == EEXIST;
  (void) unlinkat (stage, NEW_NAME, 0);
  linked =
      linkat (AT_FDCWD, path, stage, NEW_NAME, AT_SYMLINK_FOLLOW) == 0 && renameat (stage, NEW_NAME, stage, name) == 0;
  (void) unlinkat (stage, NEW_NAME, 0);
  return linked;
}

char *
sbx_door_stage (const char *homes, const char *id, const char *outside, const char *name, int fd)
{
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, outside, -1);
  int stage;
  gboolean linked;

  digest[STAGE_LENGTH] = '\0'; /* the same for all instances: what leads to it may be in a home that they share */
  stage = enter (enter (open_stages (homes, TRUE), id, TRUE), digest, TRUE);
  if (stage < 0)
    return NULL;
  linked = link_in (stage, name, fd);
  close (stage);
  return linked ? g_build_filename (homes, SBX_DOORS_SUBDIR, id, digest, NULL) : NULL;
}

static gboolean
is_itself (const char *name)
{
  return strcmp (name, ".") == 0 || strcmp (name, "..") == 0;
}

/* Opens the directory @name, whatever its mode has become: it is ours. */
static int
open_to_empty (int at, const char *name)
{
  int fd = openat (at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), directory = -1;
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  struct stat st;

  if (fd < 0)
    return -1;
  if (fstat (fd, &st) == 0 && ((st.st_mode & 0700) == 0700 || chmod (path, 0700) == 0))
    directory = open_directory (at, name);
  close (fd);
  return directory;
}

/* A tree on its way out. */
typedef struct {
  int top;         /* the directory of the instance */
  guint64 number;  /* of the next one that is moved there */
  gboolean raised; /* one has been, in this round */
} Removal;

static void remove_tree (Removal *self, int at, const char *name, guint depth);

/* What is too deep for our descriptors goes to the top, and is found there in the next round. */
static void
raise_tree (Removal *self, int at, const char *name)
{
  int fd = open_to_empty (at, name), rc; /* what may not be written cannot get another parent */

  if (fd < 0)
    return;
  do {
    g_autofree char *raised = g_strdup_printf (RAISED_NAME "%" G_GUINT64_FORMAT, self->number++);

    rc = renameat (at, name, self->top, raised);
  } while (rc < 0 && (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR)); /* the application's own */
  self->raised = self->raised || rc == 0;
  close (fd);
}

static void
empty_tree (Removal *self, int fd, guint depth)
{
  DIR *directory = fdopendir (fd);
  const struct dirent *entry;

  while (directory && (entry = readdir (directory)) != NULL)
    if (!is_itself (entry->d_name) && unlinkat (fd, entry->d_name, 0) < 0) {
      if (depth > 0)
        remove_tree (self, fd, entry->d_name, depth - 1);
      else
        raise_tree (self, fd, entry->d_name);
    }
  if (directory)
    closedir (directory);
  else
    close (fd);
}

static void
remove_tree (Removal *self, int at, const char *name, guint depth)
{
  int fd = open_to_empty (at, name);

  if (fd >= 0)
    empty_tree (self, fd, depth);
  (void) unlinkat (at, name, AT_REMOVEDIR);
}

/* The stages of one instance. Each round makes what has been raised DEPTH_MAX levels less deep, or ends it. */
static void
remove_stages (int stages, const char *id)
{
  Removal self = { .top = open_to_empty (stages, id) };

  do {
    self.raised = FALSE;
    if (self.top >= 0)
      empty_tree (&self, openat (self.top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), DEPTH_MAX);
  } while (self.raised);
  if (self.top >= 0)
    close (self.top);
  (void) unlinkat (stages, id, AT_REMOVEDIR);
}

void
sbx_door_remove_stages (const char *homes, const char *id)
{
  int stages = open_stages (homes, FALSE);

  if (stages < 0)
    return;
  remove_stages (stages, id);
  close (stages);
}

static gboolean
is_id (const char *name)
{
  return strlen (name) == ID_LENGTH && strspn (name, "0123456789abcdef") == ID_LENGTH;
}

gboolean
sbx_door_is_used (const char *homes, const char *door)
{
  int fd = open_stages (homes, FALSE);
  DIR *directory = fd < 0 ? NULL : fdopendir (fd);
  const struct dirent *entry;
  gboolean used = FALSE;

  while (directory && !used && (entry = readdir (directory)) != NULL) {
    g_autofree char *path = g_build_filename (entry->d_name, door, NULL);

    used = is_id (entry->d_name) && faccessat (fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
  }
  if (directory)
    closedir (directory);
  else if (fd >= 0)
    close (fd);
  return used;
}

static gboolean
is_young (int at, const char *name)
{
  struct stat st;

  return fstatat (at, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_mtime > time (NULL) - YOUNG_SECONDS;
}

void
sbx_door_remove_left (const char *homes, gboolean (*is_there) (const char *id, gpointer data), gpointer data)
{
  int fd = open_stages (homes, FALSE);
  DIR *directory = fd < 0 ? NULL : fdopendir (fd);
  const struct dirent *entry;

  while (directory && (entry = readdir (directory)) != NULL)
    if (is_id (entry->d_name) && !is_young (fd, entry->d_name) && !is_there (entry->d_name, data))
      remove_stages (fd, entry->d_name);
  if (directory)
    closedir (directory);
  else if (fd >= 0)
    close (fd);
}
