/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layers/items.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/names.h"
#include "common/path.h"
#include "layers/list.h"

static void
clear_item (gpointer data)
{
  SbxItem *item = data;

  g_clear_pointer (&item->source, sbx_source_free);
  g_free (item->dest);
}

void
sbx_items_clear (SbxItems *self)
{
  g_clear_pointer (&self->rows, g_array_unref);
  g_clear_pointer (&self->tainted, sbx_object_set_free);
  g_clear_pointer (&self->homes, sbx_object_set_free);
  g_clear_pointer (&self->closed, sbx_closed_list_free);
  g_clear_pointer (&self->table, sbx_mount_table_free);
  g_clear_pointer (&self->links, g_ptr_array_unref);
  g_clear_pointer (&self->covers, g_ptr_array_unref);
}

gboolean
sbx_items_is_wanted (const SbxItems *self, const SbxItem *item)
{
  return !self->around->only || sbx_path_is_below (item->mount->dest, self->around->only);
}

gboolean
sbx_item_is_writable (const SbxItem *item)
{
  return item->mount->kind == SBX_MOUNT_BIND && !(item->mount->flags & SBX_MOUNT_READ_ONLY);
}

gboolean
sbx_item_is_tree (const SbxItem *item)
{
  return item->source && item->source->kind == SBX_SOURCE_DIRECTORY && item->mount->by != SBX_BY_COVER;
}

/* The sockets of this instance's own sidecars: the keeper makes them, after we have looked. */
static gboolean
is_of_sidecar (const SbxItems *self, const SbxMount *mount)
{
  const char *runtime = self->around->machine->runtime_dir;
  g_autofree char *records = runtime ? g_build_filename (runtime, SBX_RUNTIME_SUBDIR, NULL) : NULL;

  return records && mount->by == SBX_BY_POLICY && sbx_path_is_below (mount->source, records);
}

static gboolean
is_opened (const SbxItems *self, const SbxItem *item)
{
  return item->mount->kind == SBX_MOUNT_BIND && !is_of_sidecar (self, item->mount);
}

void
sbx_items_collect (SbxItems *self)
{
  gsize n;
  const SbxMount *mounts = sbx_box_get_mounts (self->box, &n);

  self->rows = g_array_new (FALSE, TRUE, sizeof (SbxItem));
  g_array_set_clear_func (self->rows, clear_item);
  for (gsize i = self->box->n_common; i < n; i++) {
    SbxItem item = { &mounts[i], NULL, g_strdup (mounts[i].dest), FALSE };

    item.kept = mounts[i].kind == SBX_MOUNT_BIND && sbx_path_is_below (mounts[i].source, self->box->app_home);
    g_array_append_val (self->rows, item);
  }
}

gboolean
sbx_items_show_host (const SbxItems *self)
{
  gsize n;
  const SbxPlanDirectory *directories = sbx_box_get_directories (self->box, &n);

  for (guint i = 0; i < self->rows->len; i++) {
    const SbxItem *item = &g_array_index (self->rows, SbxItem, i);

    if (is_opened (self, item) && !item->kept && item->mount->by != SBX_BY_SYSTEM)
      return TRUE;
  }
  for (gsize i = 0; i < n; i++)
    if (!sbx_path_is_below (directories[i].path, self->box->app_home))
      return TRUE;
  return FALSE;
}

static gboolean
taint (SbxItems *self, const SbxItem *item, GError **error)
{
  g_autofree char *words = g_strdup_printf (item->kept ? N_ ("%s, where this application's files are kept")
                                                       : N_ ("%s, where this application may write"),
                                            item->mount->source);

  return sbx_mount_table_note (self->table, self->tainted, item->source->fd, item->source->path, words) == 0
         || sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "files: keep %s open", item->mount->source);
}

/* What a launch would make first. */
static gboolean
is_to_be_made (const SbxItems *self, const SbxItem *item)
{
  gsize n;
  const SbxPlanDirectory *directories = sbx_box_get_directories (self->box, &n);

  for (gsize i = 0; self->around->only_looking && i < n; i++)
    if (strcmp (directories[i].path, item->mount->source) == 0)
      return TRUE;
  return FALSE;
}

static SbxSource *
open_item (SbxItems *self, const SbxItem *item, GError **error)
{
  SbxSourceWay way = { .tainted = self->tainted,
                       .parents_tainted = self->homes,
                       .more_tainted = self->around->more_tainted,
                       .data = self->around->data,
                       .closed = self->closed->set };

  /* The service itself follows the links to what is its own; that none of them can be replaced covers.c sees to */
  if ((item->mount->flags & SBX_MOUNT_READ_ONLY) && sbx_closed_list_has_named (self->closed, item->mount->source))
    way = (SbxSourceWay){ .closed = self->closed->set };
  return sbx_source_open (item->mount->source, &way, error);
}

/* What is writable goes first: below that, links lead nowhere. An error here comes up again when all are opened. */
static gboolean
open_writable (SbxItems *self, GError **error)
{
  for (guint i = 0; i < self->rows->len; i++) {
    SbxItem *item = &g_array_index (self->rows, SbxItem, i);

    if (!is_opened (self, item) || !sbx_item_is_writable (item))
      continue;
    item->source = open_item (self, item, NULL);
    if (item->source && !taint (self, item, error))
      return FALSE;
    g_clear_pointer (&item->source, sbx_source_free);
  }
  return TRUE;
}

/* Files that the caller has opened, whatever is at their places by now. */
static gboolean
check_forwarded (SbxItems *self, const SbxItem *item, GError **error)
{
  for (gsize i = 0; i < self->n_forward; i++) {
    const SbxForwardedFile *file = &self->forward[i];
    struct stat st;

    if (file->is_new || strcmp (file->path, item->mount->source) != 0)
      continue;
    if (fstat (file->fd, &st) < 0 || !sbx_object_equal (&item->source->object, &(SbxObject){ st.st_dev, st.st_ino }))
      return sbx_throw (error, SBX_ERROR_SPAWN_FAILED,
                        "files: %s has been replaced by another file since it was opened; nothing was started, try "
                        "again",
                        file->path);
  }
  return TRUE;
}

/* What is closed to everybody, unless it is named, or is of this application's own home. */
static const SbxObjectSet *
closed_around (const SbxItems *self, const char *path)
{
  gboolean named = sbx_path_is_below (path, self->box->app_home);

  for (guint i = 0; !named && i < self->closed->rows->len; i++) {
    const SbxClosed *row = &g_array_index (self->closed->rows, SbxClosed, i);

    named = (row->flags & SBX_CLOSED_NAMED) && sbx_path_is_below (path, row->named);
  }
  return named ? NULL : self->closed->set;
}

/* What is one for everybody is made elsewhere; what is closed is there already, under whatever links. */
static gboolean
make_directories (SbxItems *self, GError **error)
{
  gsize n;
  const SbxPlanDirectory *directories = sbx_box_get_directories (self->box, &n);

  for (gsize i = 0; i < n; i++) {
    const SbxSourceWay way = { .tainted = self->tainted,
                               .parents_tainted = self->homes,
                               .more_tainted = self->around->more_tainted,
                               .data = self->around->data,
                               .closed = closed_around (self, directories[i].path),
                               .create = TRUE,
                               .mode = directories[i].mode };
    g_autoptr (SbxSource) made = NULL;

    if (self->around->only_looking || self->around->only || (directories[i].mode & S_ISVTX)
        || sbx_closed_list_has_named (self->closed, directories[i].path))
      continue;
    made = sbx_source_open (directories[i].path, &way, error);
    if (!made) {
      g_prefix_error (error, "persistent: make the directory %s: ", directories[i].path);
      return FALSE;
    }
  }
  return TRUE;
}

static void
note_links (SbxItems *self, const SbxSource *source)
{
  for (guint i = 0; i < source->links->len; i++) {
    const SbxSourceLink *link = &g_array_index (source->links, SbxSourceLink, i);

    g_ptr_array_add (self->links, g_strdup_printf ("%s → %s", link->path, link->target));
  }
}

gboolean
sbx_items_open (SbxItems *self, GError **error)
{
  if (!open_writable (self, error) || !make_directories (self, error) || !open_writable (self, error))
    return FALSE;
  for (guint i = 0; i < self->rows->len; i++) {
    SbxItem *item = &g_array_index (self->rows, SbxItem, i);
    g_autoptr (GError) problem = NULL;

    if (!is_opened (self, item))
      continue;
    item->source = open_item (self, item, &problem);
    if (!item->source && g_error_matches (problem, SBX_ERROR, SBX_ERROR_NOT_FOUND) && is_to_be_made (self, item))
      continue;
    if (!sbx_items_is_wanted (self, item)) /* it may be gone outside by now */
      continue;
    if (problem)
      g_propagate_error (error, g_steal_pointer (&problem));
    if (!item->source || (item->mount->by == SBX_BY_CALLER && !check_forwarded (self, item, error)))
      return FALSE;
    note_links (self, item->source);
  }
  return TRUE;
}

/* Whether what is closed is none of @item's business: its own home; what it only reads and may read; what it names by
 * the words that are left open. */
static gboolean
may_open (const SbxItem *item, const SbxClosed *closed)
{
  if (item->kept || item->mount->by == SBX_BY_COVER || item->mount->by == SBX_BY_SYSTEM)
    return TRUE;
  if ((closed->flags & SBX_CLOSED_READABLE) && (item->mount->flags & SBX_MOUNT_READ_ONLY))
    return TRUE;
  if ((closed->flags & SBX_CLOSED_NAMED) && sbx_path_is_below (item->mount->source, closed->named))
    return TRUE;
  /* A facility opens one socket and no directory; the X11 sockets lie in a directory that is closed */
  return item->mount->by == SBX_BY_POLICY && closed->directory;
}

/* What every sandbox has in a version of its own, or keeps, has no second name, whatever link led there. */
static gboolean
check_second_name (const SbxItems *self, const SbxItem *item, GError **error)
{
  const char *const trees[] = { "/proc", "/sys", "/dev" };
  const char *path = item->source->path, *runtime = self->around->machine->runtime_dir;
  const char *found = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (trees); i++)
    if (sbx_path_is_below (path, trees[i]) || sbx_path_is_below (trees[i], path))
      found = trees[i];
  if (runtime && sbx_path_is_below (runtime, path))
    found = runtime;
  return !found
         || sbx_throw (error, SBX_ERROR_SPAWN_FAILED, "files: %s leads to %s, and cannot have another name inside (%s)",
                       item->mount->source, found, item->mount->dest);
}

gboolean
sbx_items_check_closed (SbxItems *self, GError **error)
{
  for (guint i = 0; i < self->rows->len; i++) {
    const SbxItem *item = &g_array_index (self->rows, SbxItem, i);
    const SbxClosed *closed =
        item->source && item->source->closed ? sbx_closed_list_find (self->closed, item->source->closed) : NULL;

    if (closed && sbx_items_is_wanted (self, item) && !may_open (item, closed))
      return sbx_throw (error, SBX_ERROR_SPAWN_FAILED,
                        "files: %s is %s or lies in it, and that is not opened to any application%s",
                        item->mount->source, closed->words, closed->flags & SBX_CLOSED_READABLE ? " for writing" : "");
    if (item->source && sbx_mount_is_second_name (item->mount) && !check_second_name (self, item, error))
      return FALSE;
  }
  return TRUE;
}

const SbxItem *
sbx_items_above (const SbxItems *self, const char *dest)
{
  const SbxItem *above = NULL;

  for (guint i = 0; i < self->rows->len; i++) {
    const SbxItem *item = &g_array_index (self->rows, SbxItem, i);

    if (item->mount->kind != SBX_MOUNT_REMOUNT && strcmp (item->dest, dest) != 0 && sbx_path_is_below (dest, item->dest)
        && (!above || strlen (item->dest) >= strlen (above->dest)))
      above = item;
  }
  return above;
}

/* Whether there is a link inside on the way to the item, or in its place: one that we have followed, and that what it
 * lies in shows too, or one that bwrap makes. */
static gboolean
has_link_inside (const SbxItems *self, const SbxItem *item)
{
  const SbxItem *above = sbx_items_above (self, item->dest);
  gsize n;
  const SbxMount *mounts = sbx_box_get_mounts (self->box, &n);

  for (guint i = 0; above && above->source && i < item->source->links->len; i++) {
    const char *link = g_array_index (item->source->links, SbxSourceLink, i).path;
    g_autofree char *inside = NULL;

    if (!sbx_path_is_below (link, above->source->path))
      continue;
    inside = g_build_filename (above->dest, link + strlen (above->source->path), NULL);
    if (sbx_path_is_below (item->dest, inside))
      return TRUE;
  }
  for (gsize i = 0; i < self->box->n_skeleton; i++)
    if (mounts[i].kind == SBX_MOUNT_SYMLINK && sbx_path_is_below (item->dest, mounts[i].dest))
      return TRUE;
  return FALSE;
}

static int
compare_items (gconstpointer a, gconstpointer b)
{
  const SbxItem *one = a, *other = b;
  gboolean last = one->mount->kind == SBX_MOUNT_REMOUNT, other_last = other->mount->kind == SBX_MOUNT_REMOUNT;

  return last != other_last ? (last ? 1 : -1) : sbx_layer_path_compare (one->dest, other->dest);
}

/* g_array_sort () does not keep those in order that are equal; this does. They are few. */
static void
sort_items (GArray *items)
{
  for (guint i = 1; i < items->len; i++)
    for (guint j = i; j > 0; j--) {
      SbxItem *left = &g_array_index (items, SbxItem, j - 1), *right = &g_array_index (items, SbxItem, j), swap;

      if (compare_items (left, right) <= 0)
        break;
      swap = *left;
      *left = *right;
      *right = swap;
    }
}

/* Where there is a link inside, it leads inside to where it leads outside, so the mount belongs there. */
void
sbx_items_place (SbxItems *self)
{
  sort_items (self->rows);
  for (guint i = 0; i < self->rows->len; i++) {
    SbxItem *item = &g_array_index (self->rows, SbxItem, i);

    if (!item->source || item->kept || strcmp (item->mount->source, item->mount->dest) != 0
        || !has_link_inside (self, item))
      continue;
    g_free (item->dest);
    item->dest = g_strdup (item->source->path);
  }
  sort_items (self->rows);
}
