/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*   box: mounts after the skeleton ──▶ items: sources opened, links judged, what is closed refused
 *                                  ──▶ placed: where a link leads inside, and parents before children
 *                                  ──▶ covers: closed objects under every name, pins above them
 *                                  ──▶ layers, in order */
#include "layers/layers.h"

#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/names.h"
#include "common/path.h"
#include "layers/covers.h"
#include "layers/doors.h"
#include "layers/items.h"
#include "layers/list.h"
#include "layers/points.h"
#include "wire/layout.h"

struct _SbxLayers {
  SbxItems items;
  SbxLayerList list;
};

void
sbx_layers_free (SbxLayers *self)
{
  sbx_items_clear (&self->items);
  sbx_layer_list_clear (&self->list);
  g_free (self);
}

/* Whether a place for @dest may be made: in an empty directory of the sandbox's own or in the application's own home,
 * and never in what is shown of the host. */
static gboolean
may_make (const SbxLayers *self, const char *dest)
{
  const SbxItem *above = sbx_items_above (&self->items, dest);
  const SbxMount *nearest = NULL;
  gsize n;
  const SbxMount *mounts = sbx_box_get_mounts (self->items.box, &n);

  for (guint i = 0; i < self->list.layers->len; i++) { /* a cover, which is empty */
    const SbxLayer *layer = sbx_layer_list_get (&self->list, i);

    if (layer->kind == SBX_LAYER_TMPFS && sbx_path_is_below (dest, layer->dest)
        && (!above || strlen (layer->dest) > strlen (above->dest)))
      return TRUE;
  }
  if (above)
    return above->kept || above->mount->kind != SBX_MOUNT_BIND;
  for (gsize i = 0; i < self->items.box->n_common; i++)
    if (sbx_path_is_below (dest, mounts[i].dest) && (!nearest || strlen (mounts[i].dest) >= strlen (nearest->dest)))
      nearest = &mounts[i];
  return !nearest || nearest->kind != SBX_MOUNT_BIND;
}

static GBytes *
find_content (const SbxLayers *self, int number)
{
  gsize n;
  const SbxPlanFile *files = sbx_box_get_files (self->items.box, &n);

  for (gsize i = 0; i < n; i++)
    if (files[i].number == number)
      return files[i].content;
  return NULL;
}

static SbxLayerObject
to_layer_object (const SbxSource *source)
{
  return (SbxLayerObject){ source->object.device, source->object.inode };
}

/* The layer of a BIND; what is of a sidecar of ours is not there yet, and is a directory. */
static void
fill_tree (const SbxLayers *self, const SbxItem *item, SbxLayer *layer)
{
  const char *only = self->items.around->only;

  layer->kind = SBX_LAYER_TREE;
  layer->source = item->source ? item->source->path : item->mount->source;
  if (item->mount->flags & SBX_MOUNT_DEVICES)
    layer->flags |= SBX_LAYER_DEVICES;
  if (!item->source)
    return;
  if ((item->mount->flags & SBX_MOUNT_WAYLAND) && !only) {
    layer->flags |= SBX_LAYER_WAYLAND;
    layer->content = self->items.box->app_id;
    layer->n_content = strlen (self->items.box->app_id) + 1;
  }
  if (item->exception && !(only && strcmp (item->mount->dest, only) == 0)) { /* there may be a cover there by now */
    layer->flags |= SBX_LAYER_DEST_KNOWN;
    layer->dest_object = to_layer_object (item->source);
  }
  layer->flags |= SBX_LAYER_KNOWN | (item->source->kind == SBX_SOURCE_DIRECTORY ? 0 : SBX_LAYER_IS_FILE);
  layer->object = to_layer_object (item->source);
}

/* A door for the file at @path: its stage, mounted, and its place. FALSE: there can be none. @fd: -1 for one that is
 * not there yet. */
static gboolean
add_door (SbxLayers *self, const char *path, const char *dest, int fd)
{
  const SbxSourceWay way = { 0 }, make = { .tainted = self->items.tainted, .create = TRUE, .mode = 0700 };
  g_autofree char *outside = g_path_get_dirname (path), *name = g_path_get_basename (path), *place = NULL;
  g_autofree char *homes = g_path_get_dirname (self->items.box->app_home);
  g_autoptr (SbxSource) made = sbx_source_open (homes, &make, NULL);
  g_autofree char *path_of_stage = made ? sbx_door_stage (made->path, self->items.around->id, outside, name, fd) : NULL;
  g_autoptr (SbxSource) directory = sbx_source_open (outside, &way, NULL);
  g_autoptr (SbxSource) stage = path_of_stage ? sbx_source_open (path_of_stage, &way, NULL) : NULL;
  SbxLayer tree = { .kind = SBX_LAYER_TREE, .flags = SBX_LAYER_KNOWN | SBX_LAYER_MAKE };
  SbxLayer door = { .kind = SBX_LAYER_DOOR, .flags = SBX_LAYER_KNOWN | SBX_LAYER_MAKE, .dest = dest };

  if (!stage || !directory || strcmp (directory->path, outside) != 0)
    return FALSE;
  place = g_build_filename (SBX_DOORS_PLACE, strrchr (stage->path, '/') + 1, NULL);
  tree.source = stage->path;
  tree.object = to_layer_object (stage);
  tree.dest = place;
  if (!sbx_layer_list_find (&self->list, place))
    sbx_layer_list_add (&self->list, &tree);
  door.source = directory->path;
  door.object = to_layer_object (directory);
  door.content = stage->path;
  door.n_content = strlen (stage->path) + 1;
  if (fd >= 0)
    door.flags |= SBX_LAYER_IS_FILE;
  sbx_layer_list_add (&self->list, &door);
  return TRUE;
}

/* Whether nothing of the application's is where a door for @dest would be. */
static gboolean
is_free (const SbxLayers *self, const char *dest)
{
  const SbxItem *above = sbx_items_above (&self->items, dest);

  return may_make (self, dest)
         && (!above || !above->kept || !above->source
             || sbx_layer_point_is_free (above->source->fd, dest + strlen (above->dest) + 1));
}

static gboolean
is_saved_through_door (SbxLayers *self, const SbxItem *item)
{
  return !self->items.around->only_looking && item->mount->by == SBX_BY_CALLER && item->source
         && item->source->kind == SBX_SOURCE_FILE && sbx_item_is_writable (item) && is_free (self, item->dest)
         && add_door (self, item->source->path, item->dest, item->source->fd);
}

/* Files that the caller has named and that are not there yet. */
static void
add_new_files (SbxLayers *self)
{
  for (gsize i = 0; i < self->items.n_forward; i++) {
    const SbxForwardedFile *file = &self->items.forward[i];

    if (!self->items.around->only_looking && file->is_new && is_free (self, file->path))
      (void) add_door (self, file->path, file->path, -1);
  }
}

static gboolean
add_item (SbxLayers *self, const SbxItem *item, GError **error)
{
  const SbxMount *mount = item->mount;
  SbxLayer layer = { .source = "", .dest = item->dest, .mode = mount->mode >= 0 ? (guint32) mount->mode : 0 };
  GBytes *content = NULL;

  layer.flags = (may_make (self, item->dest) ? SBX_LAYER_MAKE : 0)
                | (mount->flags & SBX_MOUNT_READ_ONLY ? SBX_LAYER_READ_ONLY : 0);
  switch (mount->kind) {
  case SBX_MOUNT_BIND:
    if (is_saved_through_door (self, item))
      return TRUE;
    fill_tree (self, item, &layer);
    break;
  case SBX_MOUNT_TMPFS:
    layer.kind = SBX_LAYER_TMPFS;
    break;
  case SBX_MOUNT_DIRECTORY:
    layer.kind = SBX_LAYER_DIRECTORY;
    break;
  case SBX_MOUNT_FILE:
    content = find_content (self, mount->number);
    layer.kind = SBX_LAYER_FILE;
    layer.flags |= SBX_LAYER_IS_FILE;
    layer.content = content ? g_bytes_get_data (content, &layer.n_content) : NULL;
    break;
  case SBX_MOUNT_REMOUNT:
    layer.kind = SBX_LAYER_SEAL;
    layer.flags = 0;
    break;
  case SBX_MOUNT_SYMLINK:
  case SBX_MOUNT_PROC:
  case SBX_MOUNT_DEV:
  case SBX_N_MOUNT_KINDS:
    return sbx_throw (error, SBX_ERROR_SPAWN_FAILED, "files: %s is not mounted from outside", item->dest);
  }
  sbx_layer_list_add (&self->list, &layer);
  return TRUE;
}

/* The directory that has the homes of all applications: each of them may be changed by one. */
static gboolean
find_homes (SbxLayers *self, GError **error)
{
  const SbxSourceWay way = { 0 };
  g_autofree char *path = g_path_get_dirname (self->items.box->app_home);
  g_autoptr (SbxSource) source = sbx_source_open (path, &way, NULL); /* not there: nothing is kept yet */

  return !source
         || sbx_object_set_add (self->items.homes, source->fd, "a directory where an application's files are kept") == 0
         || sbx_throw (error, SBX_ERROR_SPAWN_FAILED, "files: cannot keep %s open", path);
}

static gboolean
build (SbxLayers *self, GError **error)
{
  SbxItems *items = &self->items;

  sbx_items_collect (items);
  if (sbx_items_show_host (items)
      && ((items->table = sbx_mount_table_read (error)) == NULL || !sbx_covers_find (items, error)))
    return FALSE;
  if (!find_homes (self, error) || !sbx_items_open (items, error) || !sbx_items_check_closed (items, error))
    return FALSE;
  sbx_items_place (items);
  if (!sbx_covers_add (items, &self->list, error))
    return FALSE;
  for (guint i = 0; i < items->rows->len; i++) {
    const SbxItem *item = &g_array_index (items->rows, SbxItem, i);

    if (!item->dropped && sbx_items_is_wanted (items, item) && !add_item (self, item, error))
      return FALSE;
  }
  add_new_files (self);
  sbx_layer_list_sort (&self->list);
  g_ptr_array_add (items->links, NULL);
  g_ptr_array_add (items->covers, NULL);
  return TRUE;
}

SbxLayers *
sbx_layers_new (const SbxBox *box, const SbxPolicy *policy, const SbxForwardedFile *forward, gsize n_forward,
                const SbxLayersAround *around, GError **error)
{
  g_autoptr (SbxLayers) self = g_new0 (SbxLayers, 1);

  self->items =
      (SbxItems){ .box = box, .policy = policy, .around = around, .forward = forward, .n_forward = n_forward };
  self->items.tainted = sbx_object_set_new ();
  self->items.homes = sbx_object_set_new ();
  self->items.closed = sbx_closed_list_new ();
  self->items.links = g_ptr_array_new_with_free_func (g_free);
  self->items.covers = g_ptr_array_new_with_free_func (g_free);
  sbx_layer_list_init (&self->list);
  return build (self, error) ? g_steal_pointer (&self) : NULL;
}

const SbxLayer *
sbx_layers_get (const SbxLayers *self, gsize *n)
{
  *n = self->list.layers->len;
  return (const SbxLayer *) (gpointer) self->list.layers->data;
}

const char *const *
sbx_layers_get_links (const SbxLayers *self)
{
  return (const char *const *) self->items.links->pdata;
}

const char *const *
sbx_layers_get_covers (const SbxLayers *self)
{
  return (const char *const *) self->items.covers->pdata;
}

gboolean
sbx_layers_have_doors (const SbxLayers *self)
{
  for (guint i = 0; i < self->list.layers->len; i++)
    if (sbx_layer_list_get (&self->list, i)->kind == SBX_LAYER_DOOR)
      return TRUE;
  return FALSE;
}

GArray *
sbx_layers_list_points (const SbxLayers *self)
{
  GArray *points = sbx_layer_points_new ();

  for (guint i = self->list.layers->len; i > 0; i--) { /* what is in a directory comes after it */
    const SbxLayer *layer = sbx_layer_list_get (&self->list, i - 1);
    const SbxItem *above = layer->flags & SBX_LAYER_MAKE ? sbx_items_above (&self->items, layer->dest) : NULL;

    if (above && above->kept && above->source)
      sbx_layer_points_add_missing (points, above->source->fd, layer->dest + strlen (above->dest) + 1);
  }
  return points;
}
