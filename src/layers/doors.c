/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layers/doors.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "layers/tree.h"
#include "wire/layout.h"

#define YOUNG_SECONDS 60 /* a launch has its record by then, or has failed */
#define ASIDE ".gone"    /* what follows the id of an instance whose stages are to be removed: no id any more */
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

static gboolean
put_aside (int stages, const char *id)
{
  g_autofree char *aside = g_strconcat (id, ASIDE, NULL);

  return renameat (stages, id, stages, aside) == 0;
}

gboolean
sbx_door_put_aside (const char *homes, const char *id)
{
  int stages = open_stages (homes, FALSE);
  gboolean done = stages >= 0 && put_aside (stages, id);

  if (stages >= 0)
    close (stages);
  return done;
}

gboolean
sbx_door_put_aside_left (const char *homes, gboolean (*is_there) (const char *id, gpointer data), gpointer data)
{
  int fd = open_stages (homes, FALSE);
  DIR *directory = fd < 0 ? NULL : fdopendir (fd);
  const struct dirent *entry;
  gboolean any = FALSE;

  while (directory && (entry = readdir (directory)) != NULL) {
    gboolean left = is_id (entry->d_name) && !is_young (fd, entry->d_name) && !is_there (entry->d_name, data);

    any = (left && put_aside (fd, entry->d_name)) || g_str_has_suffix (entry->d_name, ASIDE) || any;
  }
  if (directory)
    closedir (directory);
  else if (fd >= 0)
    close (fd);
  return any;
}

void
sbx_door_remove_aside (const char *homes)
{
  int fd = open_stages (homes, FALSE), rc = fd < 0 ? -1 : 0;
  DIR *directory;
  const struct dirent *entry;

  /* One at a time: two would move things under each other's hands */
  while (rc == 0 && flock (fd, LOCK_EX) < 0)
    rc = errno == EINTR ? 0 : -1;
  directory = fd < 0 ? NULL : fdopendir (fd);
  while (directory && (entry = readdir (directory)) != NULL)
    if (g_str_has_suffix (entry->d_name, ASIDE))
      sbx_tree_remove (fd, entry->d_name);
  if (directory)
    closedir (directory);
  else if (fd >= 0)
    close (fd);
}

static void
run_removal (GTask *task, gpointer source, gpointer homes, GCancellable *cancellable)
{
  sbx_door_remove_aside (homes);
  g_task_return_boolean (task, TRUE);
}

void
sbx_door_remove_aside_later (const char *homes)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);

  g_task_set_task_data (task, g_strdup (homes), g_free);
  g_task_run_in_thread (task, run_removal);
}
