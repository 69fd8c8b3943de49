/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What belongs to a closed directory and is to be seen elsewhere: what a link in it leads to (profiles that lie in
 * ~/dotfiles, a kept home on another disk), and what is mounted in it. */
#include "layers/closed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/path.h"

#define MAX_ENTRIES 20000 /* of one row, looked at in search of links */

/* A search for links. */
typedef struct {
  SbxClosedList *list;
  char *what; /* for people: in what they lie */
  guint flags, n_entries;
} Search;

/* What the link @path leads to. One that cannot be followed at all opens nothing to anybody. */
static gboolean
add_target (Search *search, const char *path, GError **error)
{
  const SbxSourceWay way = { .partial = TRUE };
  g_autoptr (SbxSource) source = sbx_source_open (path, &way, NULL);

  return !source || sbx_closed_list_add (search->list, path, search->what, search->flags, error);
}

static gboolean
is_kind (int fd, const struct dirent *entry, unsigned char type, mode_t mode)
{
  struct stat st;

  if (entry->d_type != DT_UNKNOWN)
    return entry->d_type == type;
  return fstatat (fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && (st.st_mode & S_IFMT) == mode;
}

static gboolean search_directory (Search *search, int at, const char *name, const char *path, guint depth,
                                  GError **error);

static gboolean
look_at (Search *search, int fd, const char *above, const struct dirent *entry, guint depth, GError **error)
{
  g_autofree char *path = NULL;

  if (strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0)
    return TRUE;
  if (++search->n_entries > MAX_ENTRIES)
    return sbx_throw (error, SBX_ERROR_SPAWN_FAILED, "files: there are more than %d entries in %s, to be looked at",
                      MAX_ENTRIES, search->what);
  path = g_build_filename (above, entry->d_name, NULL);
  if (is_kind (fd, entry, DT_LNK, S_IFLNK))
    return add_target (search, path, error);
  return depth == 0 || !is_kind (fd, entry, DT_DIR, S_IFDIR)
         || search_directory (search, fd, entry->d_name, path, depth - 1, error);
}

/* What we may not read, an application of the same user may not either. */
static gboolean
search_directory (Search *search, int at, const char *name, const char *path, guint depth, GError **error)
{
  int fd = openat (at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *directory = fd < 0 ? NULL : fdopendir (fd);
  const struct dirent *entry;
  gboolean ok = TRUE;

  if (!directory) {
    if (fd >= 0)
      close (fd);
    return errno == EACCES || errno == ENOENT || errno == ENOTDIR || errno == ELOOP
           || sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "files: read %s", path);
  }
  while (ok && (entry = readdir (directory)) != NULL)
    ok = look_at (search, fd, path, entry, depth, error);
  closedir (directory);
  return ok;
}

gboolean
sbx_closed_list_add_linked (SbxClosedList *self, guint at, guint depth, GError **error)
{
  const SbxClosed *row = &g_array_index (self->rows, SbxClosed, at); /* moves when rows are added */
  g_autofree char *path = g_strdup (row->path);
  g_autofree char *what = g_strdup_printf ("what is linked to in %s", row->words);
  Search search = { self, what, (row->flags & (guint) ~SBX_CLOSED_MAKE) | SBX_CLOSED_LINKED, 0 };

  return !row->directory || search_directory (&search, AT_FDCWD, path, path, depth, error);
}

static gboolean
add_mounted (SbxClosedList *self, const SbxMountTable *table, guint at, GError **error)
{
  const SbxClosed *row = &g_array_index (self->rows, SbxClosed, at);
  g_autoptr (GPtrArray) points = sbx_mount_table_below (table, row->path);
  g_autofree char *named = g_strdup (row->named), *what = g_strdup_printf ("what is mounted in %s", row->words);
  gsize skip = strlen (row->path);
  guint flags = row->flags & (guint) ~SBX_CLOSED_MAKE;

  for (guint i = 0; i < points->len; i++) {
    const char *point = points->pdata[i];
    const SbxSourceWay way = { 0 };
    g_autofree char *known_as = g_build_filename (named, point + skip, NULL);
    g_autoptr (SbxSource) source = sbx_source_open (point, &way, NULL); /* else it is not there any more */

    if (source && !sbx_closed_list_add_source (self, source, known_as, what, flags, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
sbx_closed_list_add_mounted (SbxClosedList *self, const SbxMountTable *table, guint from, GError **error)
{
  for (guint i = from, n = self->rows->len; i < n; i++)
    if (g_array_index (self->rows, SbxClosed, i).directory && !add_mounted (self, table, i, error))
      return FALSE;
  return TRUE;
}

gboolean
sbx_closed_list_holds (const SbxClosedList *self, const char *path)
{
  for (guint i = 0; i < self->rows->len; i++) {
    const SbxClosed *row = &g_array_index (self->rows, SbxClosed, i);

    if (row->directory && sbx_path_is_below (path, row->path))
      return TRUE;
  }
  return FALSE;
}
