/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mount points in a home that is kept on the disk. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layers/items.h"
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

/* @dest in what @item keeps, and every missing directory above it. */
static void
add_missing (GArray *points, const SbxItem *item, const char *dest)
{
  g_autofree char *path = g_strdup (dest + strlen (item->dest) + 1);

  while (*path && strcmp (path, ".") != 0 && !is_there (item->source->fd, path)) {
    SbxLayerPoint point = { fcntl (item->source->fd, F_DUPFD_CLOEXEC, 3), g_strdup (path) };
    char *parent = g_path_get_dirname (path);

    if (point.home >= 0)
      g_array_append_val (points, point);
    else
      g_free (point.path);
    g_free (path);
    path = parent;
  }
}

GArray *
sbx_layers_list_points (const SbxLayers *self)
{
  GArray *points = g_array_new (FALSE, FALSE, sizeof (SbxLayerPoint));

  g_array_set_clear_func (points, clear_point);
  for (guint i = self->layers->len; i > 0; i--) { /* what is in a directory comes after it */
    const SbxLayer *layer = &g_array_index (self->layers, SbxLayer, i - 1);
    const SbxItem *above = layer->flags & SBX_LAYER_MAKE ? sbx_items_above (self, layer->dest) : NULL;

    if (above && above->kept && above->source)
      add_missing (points, above, layer->dest);
  }
  return points;
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
