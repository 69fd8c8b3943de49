/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layers/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 64 /* directories that are open at the same time */
#define RAISED_NAME ".sandbox-deep-"

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
    directory = openat (at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  close (fd);
  return directory;
}

/* A tree on its way out. */
typedef struct {
  int top;         /* what is removed */
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

/* Each round makes what has been raised DEPTH_MAX levels less deep, or ends it. */
void
sbx_tree_remove (int at, const char *name)
{
  Removal self = { .top = open_to_empty (at, name) };

  do {
    self.raised = FALSE;
    if (self.top >= 0)
      empty_tree (&self, openat (self.top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), DEPTH_MAX);
  } while (self.raised);
  if (self.top >= 0)
    close (self.top);
  (void) unlinkat (at, name, AT_REMOVEDIR);
}
