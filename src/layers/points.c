/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layers/points.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/sys.h"

static int
open_below (int home, const char *path, int flags)
{
  struct open_how how = { .flags = (guint64) (flags | O_NOFOLLOW | O_CLOEXEC),
                          .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };

  return sbx_sys_openat2 (home, *path ? path : ".", &how, sizeof how);
}

static gboolean
is_there (int home, const char *path)
{
  int fd = open_below (home, path, O_PATH);

  if (fd >= 0)
    close (fd);
  return fd >= 0 || errno != ENOENT;
}

static void
clear_point (gpointer data)
{
  SbxLayerPoint *point = data;

  close (point->home);
  g_free (point->path);
}

GArray *
sbx_layer_points_new (void)
{
  GArray *points = g_array_new (FALSE, FALSE, sizeof (SbxLayerPoint));

  g_array_set_clear_func (points, clear_point);
  return points;
}

void
sbx_layer_points_add_missing (GArray *points, int home, const char *path)
{
  g_autofree char *at = g_strdup (path);

  while (*at && strcmp (at, ".") != 0 && !is_there (home, at)) {
    SbxLayerPoint point = { fcntl (home, F_DUPFD_CLOEXEC, 3), g_strdup (at) };
    char *parent = g_path_get_dirname (at);

    if (point.home >= 0)
      g_array_append_val (points, point);
    else
      g_free (point.path);
    g_free (at);
    at = parent;
  }
}

static void
remove_point (const SbxLayerPoint *point)
{
  g_autofree char *parent = g_path_get_dirname (point->path), *name = g_path_get_basename (point->path);
  int directory = open_below (point->home, parent, O_PATH | O_DIRECTORY);
  struct stat st;

  if (directory < 0)
    return;
  if (fstatat (directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISDIR (st.st_mode))
      (void) unlinkat (directory, name, AT_REMOVEDIR);
    else if (S_ISREG (st.st_mode) && st.st_size == 0)
      (void) unlinkat (directory, name, 0);
  }
  close (directory);
}

void
sbx_layer_points_remove (GArray *points)
{
  for (guint i = 0; i < points->len; i++)
    remove_point (&g_array_index (points, SbxLayerPoint, i));
}
