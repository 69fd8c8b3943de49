/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layers/points.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layers/doors.h"
#include "wire/layout.h"
#include "wire/sys.h"

static int
open_below (int home, const char *path, int flags)
{
  struct open_how how = { .flags = (guint64) (flags | O_NOFOLLOW | O_CLOEXEC),
                          .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };

  return sbx_sys_openat2 (home, *path ? path : ".", &how, sizeof how);
}

gboolean
sbx_layer_point_is_free (int home, const char *path)
{
  char text[sizeof SBX_DOORS_PLACE];
  int fd = open_below (home, path, O_PATH);
  ssize_t n = fd < 0 ? -1 : readlinkat (fd, "", text, sizeof text);
  gboolean missing = fd < 0 && errno == ENOENT;

  if (fd >= 0)
    close (fd);
  return missing || (n == (ssize_t) sizeof text && memcmp (text, SBX_DOORS_PLACE "/", sizeof text) == 0);
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

  while (*at && strcmp (at, ".") != 0 && sbx_layer_point_is_free (home, at)) {
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

/* The link is read once more than it is removed: whoever may change it in between may remove it as well. */
static gboolean
is_link_without_use (int directory, const char *name, const char *homes)
{
  char text[PATH_MAX];
  ssize_t n = readlinkat (directory, name, text, sizeof text - 1);
  gsize top = strlen (SBX_DOORS_PLACE "/");

  if (n < 0 || (gsize) n >= sizeof text - 1)
    return FALSE;
  text[n] = '\0';
  return strncmp (text, SBX_DOORS_PLACE "/", top) == 0 && !sbx_door_is_used (homes, text + top);
}

static void
remove_point (const SbxLayerPoint *point, const char *homes)
{
  g_autofree char *parent = g_path_get_dirname (point->path), *name = g_path_get_basename (point->path);
  int directory = open_below (point->home, parent, O_PATH | O_DIRECTORY);
  struct stat st;

  if (directory < 0)
    return;
  if (fstatat (directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISDIR (st.st_mode))
      (void) unlinkat (directory, name, AT_REMOVEDIR);
    else if ((S_ISREG (st.st_mode) && st.st_size == 0)
             || (S_ISLNK (st.st_mode) && is_link_without_use (directory, name, homes)))
      (void) unlinkat (directory, name, 0);
  }
  close (directory);
}

void
sbx_layer_points_remove (GArray *points, const char *homes)
{
  for (guint i = 0; i < points->len; i++)
    remove_point (&g_array_index (points, SbxLayerPoint, i), homes);
}
