/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Closed objects, whatever they are called.
 *
 * For each there is a list of paths under which the host shows it (mount-table.h). Each of these paths that lies in
 * what an item shows, and that is not hidden by another item, is a place inside that is covered: by an empty directory,
 * by /dev/null, or by itself, read-only.
 *
 * A cover lies on a name; whoever may rename a directory above it gets it out of the way and makes another one. So in
 * what is writable each directory between the item and the cover is mounted upon itself: what is a mount point cannot
 * be renamed or removed (rename(2): EBUSY). In a user namespace of its own an application can make a copy of the
 * mounts, detach it, and rename in there, where nothing is a mount point any more; against that there is nothing, so
 * such a policy has to say that it is meant. */
#include "layers/covers.h"

#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/names.h"
#include "common/path.h"

/* A place inside where a closed object is to be seen. */
typedef struct {
  const SbxClosed *closed;
  const SbxItem *item; /* that shows it */
  char *dest;
  gboolean whole; /* and not only a part of it */
} Place;

typedef struct {
  SbxItems *items;
  SbxLayerList *layers;
  GArray *places;     /* Place */
  GHashTable *pinned; /* destinations that are mounted upon themselves already */
} Covers;

static void
clear_place (gpointer data)
{
  g_free (((Place *) data)->dest);
}

static gboolean
add_built (SbxItems *self, const char *top, const char *what, guint flags, GError **error)
{
  g_autofree char *path = top ? g_build_filename (top, SBX_RUNTIME_SUBDIR, NULL) : NULL;

  return !path || sbx_closed_list_add (self->closed, path, what, flags, error);
}

static gboolean
is_session_bus_open (const SbxItems *self)
{
  return (sbx_policy_get_sockets (self->policy) & SBX_SOCKET_SESSION_BUS) != 0;
}

static gboolean
add_bus (SbxItems *self, GError **error)
{
  const char *runtime = self->around->machine->runtime_dir;
  g_autofree char *bus = runtime ? g_build_filename (runtime, "bus", NULL) : NULL;

  return !bus || is_session_bus_open (self)
         || sbx_closed_list_add (self->closed, bus, N_ ("the unfiltered session bus"), 0, error);
}

/* The profiles that are read, wherever they are. What only root may write needs no cover. */
static gboolean
add_profile_dirs (SbxItems *self, GError **error)
{
  const char *const *dirs = self->around->profile_dirs;

  for (gsize i = 0; i < self->around->n_profile_dirs; i++)
    if (dirs[i] && g_path_is_absolute (dirs[i])
        && !sbx_closed_list_add (self->closed, dirs[i], N_ ("a directory of profiles"),
                                 SBX_CLOSED_READABLE | SBX_CLOSED_MAKE, error))
      return FALSE;
  return TRUE;
}

static gboolean
note_parts (SbxItems *self, GError **error)
{
  for (guint i = 0; i < self->closed->rows->len; i++) {
    const SbxClosed *row = &g_array_index (self->closed->rows, SbxClosed, i);
    int fd = open (row->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    int rc = fd < 0 ? 0 : sbx_mount_table_note (self->table, self->closed->set, fd, row->path, row->words);

    if (fd >= 0)
      close (fd);
    if (rc < 0)
      return sbx_throw (error, SBX_ERROR_SPAWN_FAILED, "files: cannot keep %s open", row->path);
  }
  return TRUE;
}

/* Links that the service follows, or the keeper: profiles and their drop-ins, the homes themselves. */
static gboolean
add_linked (SbxItems *self, GError **error)
{
  for (guint i = 0, n = self->closed->rows->len; i < n; i++) {
    guint flags = g_array_index (self->closed->rows, SbxClosed, i).flags;
    guint depth = flags & SBX_CLOSED_READABLE ? 2 : 0; /* profiles/NAME.profile.d/ */

    if (!sbx_closed_list_add_linked (self->closed, i, depth, error))
      return FALSE;
  }
  return TRUE;
}

/* What the instance has lost while it ran. */
static gboolean
add_taken (SbxItems *self, GError **error)
{
  for (gsize i = 0; i < self->around->n_taken; i++)
    if (!sbx_closed_list_add (self->closed, self->around->taken[i].path,
                              N_ ("what was taken away from this sandbox for good"),
                              self->around->taken[i].readable ? SBX_CLOSED_READABLE : 0, error))
      return FALSE;
  return TRUE;
}

gboolean
sbx_covers_find (SbxItems *self, GError **error)
{
  const SbxMachine *machine = self->around->machine;

  return add_built (self, machine->data_home, N_ ("the kept homes of applications"), SBX_CLOSED_NAMED | SBX_CLOSED_MAKE,
                    error)
         && add_built (self, machine->config_home, "the profiles", SBX_CLOSED_READABLE | SBX_CLOSED_MAKE, error)
         && add_built (self, self->around->state_home, N_ ("the crash reports and the record of launchers"),
                       SBX_CLOSED_MAKE, error)
         && add_built (self, machine->runtime_dir, N_ ("the records of instances"), SBX_CLOSED_MAKE, error)
         && add_bus (self, error) && add_profile_dirs (self, error) && add_linked (self, error)
         && add_taken (self, error) && sbx_closed_list_add_mounted (self->closed, self->table, 0, error)
         && note_parts (self, error);
}

/* What the policy closes, or opens for reading only, in something that it opens. */
static gboolean
is_exception (const SbxItem *item, const SbxItem *above)
{
  if (!above || above->kept || !sbx_item_is_tree (above) || item->mount->kind == SBX_MOUNT_REMOUNT)
    return FALSE;
  return item->mount->by == SBX_BY_COVER
         || (item->mount->by == SBX_BY_PATH && !sbx_item_is_writable (item) && sbx_item_is_writable (above));
}

/* Two names of one object, without a link or a mount that would explain it: somebody renames while we look, so one of
 * the two objects that are meant has not been seen. */
static gboolean
is_seen_elsewhere (const SbxItems *self, const SbxSource *source)
{
  const char *words = sbx_object_set_find (self->closed->set, &source->object);
  const SbxClosed *row = words ? sbx_closed_list_find (self->closed, words) : NULL;
  g_autoptr (GPtrArray) aliases = row ? sbx_mount_table_aliases (self->table, row->path) : NULL;

  for (guint i = 0; aliases && i < aliases->len; i++) /* the path itself is the first */
    if (strcmp (aliases->pdata[i], source->path) == 0)
      return FALSE;
  return row != NULL;
}

static gboolean
add_rule (SbxItems *self, const SbxItem *item, GError **error)
{
  const SbxSourceWay way = { .tainted = self->tainted,
                             .parents_tainted = self->homes,
                             .more_tainted = self->around->more_tainted,
                             .data = self->around->data };
  gboolean cover = item->mount->by == SBX_BY_COVER;
  g_autoptr (GError) problem = NULL;
  g_autoptr (SbxSource) source = sbx_source_open (cover ? item->mount->dest : item->mount->source, &way, &problem);

  if (source && is_seen_elsewhere (self, source))
    return sbx_throw (error, SBX_ERROR_SPAWN_FAILED,
                      "files: what the policy closes at %s has been moved meanwhile; nothing was started, try again",
                      item->mount->dest);
  if (source)
    return sbx_closed_list_add_source (self->closed, source, item->mount->dest,
                                       cover ? N_ ("what the policy closes")
                                             : N_ ("what the policy opens for reading only"),
                                       SBX_CLOSED_NAMED | (cover ? 0 : SBX_CLOSED_READABLE), error);
  if (g_error_matches (problem, SBX_ERROR, SBX_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

/* What everybody is kept from already may be closed more by the policy. */
static gboolean
close_again (SbxItems *self, const SbxItem *item)
{
  gboolean cover = item->mount->by == SBX_BY_COVER;
  const SbxClosed *row = sbx_closed_list_find_named (self->closed, cover ? item->mount->dest : item->mount->source);

  if (row)
    sbx_closed_list_narrow (self->closed, row->words, cover ? 0 : SBX_CLOSED_READABLE);
  return row != NULL;
}

/* They are closed like the rest: by object. The plan's own covers go; they are made anew from the list. */
static gboolean
add_rules (SbxItems *self, GError **error)
{
  for (guint i = 0; i < self->rows->len; i++) {
    SbxItem *item = &g_array_index (self->rows, SbxItem, i);

    if (!is_exception (item, sbx_items_above (self, item->dest)))
      continue;
    if (!close_again (self, item) && !add_rule (self, item, error))
      return FALSE;
    item->exception = TRUE;
    item->dropped = item->mount->by == SBX_BY_COVER;
  }
  for (guint i = 0; i < self->rows->len; i++) /* … and what would make them read-only */
    for (guint j = 0; j < self->rows->len; j++) {
      SbxItem *seal = &g_array_index (self->rows, SbxItem, i), *item = &g_array_index (self->rows, SbxItem, j);

      if (seal->mount->kind == SBX_MOUNT_REMOUNT && item->dropped && strcmp (seal->dest, item->dest) == 0)
        seal->dropped = TRUE;
    }
  return TRUE;
}

/* Another one of the plan's mounts is in that place. */
static gboolean
has_item_at (const SbxItems *self, const char *dest)
{
  for (guint i = 0; i < self->rows->len; i++) {
    const SbxItem *item = &g_array_index (self->rows, SbxItem, i);

    if (item->mount->by != SBX_BY_COVER && strcmp (item->dest, dest) == 0)
      return TRUE;
  }
  return FALSE;
}

static gboolean
has_place_at (const Covers *covers, const char *dest)
{
  for (guint i = 0; i < covers->places->len; i++)
    if (strcmp (g_array_index (covers->places, Place, i).dest, dest) == 0)
      return TRUE;
  return FALSE;
}

/* The directories strictly between @above and @dest, from above. */
static void
pin_between (Covers *covers, const SbxItem *above, const char *dest)
{
  const char *at = dest + (above->dest[1] ? strlen (above->dest) : 0);

  while ((at = strchr (at + 1, '/')) != NULL) {
    char *path = g_strndup (dest, (gsize) (at - dest));
    SbxLayer pin = { .kind = SBX_LAYER_SELF, .source = "", .dest = path };

    if (has_place_at (covers, path)) /* it is a mount of its own anyway */
      g_free (path);
    else if (g_hash_table_add (covers->pinned, path)) /* which owns the path */
      sbx_layer_list_add (covers->layers, &pin);
  }
}

/* For people. */
static void
note_cover (SbxItems *self, const char *dest, const SbxClosed *closed)
{
  g_ptr_array_add (self->covers, g_strdup_printf (closed->flags & SBX_CLOSED_READABLE ? N_ ("%s: read-only there is %s")
                                                                                      : N_ ("%s: closed there is %s"),
                                                  dest, closed->words));
}

static void
cover (Covers *covers, const Place *place)
{
  SbxLayer layer = { .source = "", .dest = place->dest };

  if (place->whole) {
    layer.flags = SBX_LAYER_DEST_KNOWN;
    layer.dest_object = (SbxLayerObject){ place->closed->object.device, place->closed->object.inode };
  }
  if (place->closed->flags & SBX_CLOSED_READABLE) {
    if (!sbx_item_is_writable (place->item))
      return;
    layer.kind = SBX_LAYER_SELF;
    layer.flags |= SBX_LAYER_READ_ONLY;
  } else if (place->closed->directory) {
    SbxLayer seal = { .kind = SBX_LAYER_SEAL, .source = "", .dest = place->dest };

    layer.kind = SBX_LAYER_TMPFS;
    layer.mode = 0700;
    sbx_layer_list_add (covers->layers, &seal);
  } else {
    layer.kind = SBX_LAYER_TREE;
    layer.source = "/dev/null";
    layer.flags |= SBX_LAYER_READ_ONLY | SBX_LAYER_IS_FILE;
  }
  sbx_layer_list_add (covers->layers, &layer);
}

static gboolean
check_undo (const Covers *covers, const Place *place, GError **error)
{
  guint features = sbx_policy_get_features (covers->items->policy);

  if (!(features & SBX_FEATURE_USERNS) || (features & SBX_FEATURE_WEAK_COVERS))
    return TRUE;
  return sbx_throw (error, SBX_ERROR_SPAWN_FAILED,
                    "files: with features=userns an application can rename what lies above a mount, and so it is not "
                    "kept from %s in %s, where it may write; open a smaller directory, or only for reading, or say "
                    "features=weak-covers to go on",
                    place->closed->words, place->item->mount->source);
}

/* What opens the directory @path to be written, under whatever name; or NULL. */
static const SbxItem *
find_writable (const SbxItems *self, const char *path)
{
  g_autoptr (GPtrArray) aliases = sbx_mount_table_aliases (self->table, path);

  for (guint i = 0; i < aliases->len; i++)
    for (guint j = 0; j < self->rows->len; j++) {
      const SbxItem *item = &g_array_index (self->rows, SbxItem, j);

      if (sbx_item_is_tree (item) && sbx_item_is_writable (item) && !item->kept
          && sbx_path_is_below (aliases->pdata[i], item->source->path))
        return item;
    }
  return NULL;
}

/* A link cannot be kept in its place by mounting something, unless that closes what it lies in. */
static gboolean
check_links (const Covers *covers, const SbxClosed *closed, GError **error)
{
  for (guint i = 0; i < closed->links->len; i++) {
    const char *link = closed->links->pdata[i];
    g_autofree char *above = g_path_get_dirname (link);
    const SbxItem *item =
        sbx_closed_list_holds (covers->items->closed, link) ? NULL : find_writable (covers->items, above);

    if (item)
      return sbx_throw (error, SBX_ERROR_SPAWN_FAILED,
                        "files: the link %s leads to %s, and it lies in %s, where this application may write and could "
                        "put another one in its place; open a smaller directory, or only for reading",
                        link, closed->words, item->mount->source);
  }
  return TRUE;
}

static gboolean
check_all_links (const Covers *covers, GError **error)
{
  const GArray *lists[] = { covers->items->closed->rows, covers->items->closed->missing };

  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    for (guint j = 0; j < lists[i]->len; j++)
      if (!check_links (covers, &g_array_index (lists[i], SbxClosed, j), error))
        return FALSE;
  return TRUE;
}

/* @alias is a path under which the host shows all (@whole) or a part of @closed. */
static void
add_places (Covers *covers, const SbxClosed *closed, const char *alias, gboolean whole)
{
  SbxItems *self = covers->items;

  for (guint i = 0; i < self->rows->len; i++) {
    const SbxItem *item = &g_array_index (self->rows, SbxItem, i);
    Place place = { closed, item, NULL, whole };

    if (!sbx_items_is_wanted (self, item) || !sbx_item_is_tree (item) || item->kept
        || !sbx_path_is_below (alias, item->source->path) || strcmp (alias, item->source->path) == 0)
      continue;
    place.dest = g_build_filename (item->dest, alias + (item->source->path[1] ? strlen (item->source->path) : 0), NULL);
    if (sbx_items_above (self, place.dest) == item)
      g_array_append_val (covers->places, place);
    else /* something else is to be seen there */
      g_free (place.dest);
  }
}

static void
find_places (Covers *covers)
{
  for (guint i = 0; i < covers->items->closed->rows->len; i++) {
    const SbxClosed *closed = &g_array_index (covers->items->closed->rows, SbxClosed, i);
    g_autoptr (GPtrArray) aliases = sbx_mount_table_aliases (covers->items->table, closed->path);
    g_autoptr (GPtrArray) parts = sbx_mount_table_parts (covers->items->table, closed->path);

    for (guint j = 0; j < aliases->len; j++)
      add_places (covers, closed, aliases->pdata[j], TRUE);
    for (guint j = 0; j < parts->len; j++)
      add_places (covers, closed, parts->pdata[j], FALSE);
  }
}

/* Whether another cover hides the place already, or makes it as read-only as it is to be. */
static gboolean
is_hidden (const Covers *covers, const Place *place)
{
  for (guint i = 0; i < covers->places->len; i++) {
    const Place *other = &g_array_index (covers->places, Place, i);

    if (other->item == place->item
        && (!(other->closed->flags & SBX_CLOSED_READABLE) || (place->closed->flags & SBX_CLOSED_READABLE))
        && strcmp (other->dest, place->dest) != 0 && sbx_path_is_below (place->dest, other->dest))
      return TRUE;
  }
  return FALSE;
}

static gboolean
close_places (Covers *covers, GError **error)
{
  for (guint i = 0; i < covers->places->len; i++) {
    const Place *place = &g_array_index (covers->places, Place, i);

    if (is_hidden (covers, place))
      continue;
    if (sbx_item_is_writable (place->item)) {
      if (!check_undo (covers, place, error))
        return FALSE;
      pin_between (covers, place->item, place->dest);
    }
    if (!has_item_at (covers->items, place->dest))
      cover (covers, place);
    if (sbx_item_is_writable (place->item) || !(place->closed->flags & SBX_CLOSED_READABLE))
      note_cover (covers->items, place->dest, place->closed);
  }
  return TRUE;
}

/* What is not there and could be made from inside, is made now, and then closed. */
static gboolean
make_missing (Covers *covers, GError **error)
{
  SbxItems *self = covers->items;

  for (guint i = 0; i < self->closed->missing->len; i++) {
    const SbxClosed *closed = &g_array_index (self->closed->missing, SbxClosed, i);
    const SbxSourceWay way = { .create = TRUE, .mode = 0700 };
    const SbxItem *item = find_writable (self, closed->path);
    g_autoptr (SbxSource) made = NULL;

    /* What we cannot make there, an application of the same user cannot either */
    if (!item || !(closed->flags & (SBX_CLOSED_MAKE | SBX_CLOSED_LINKED))
        || sbx_closed_list_holds (self->closed, closed->path) || access (closed->path, W_OK) < 0)
      continue;
    if (closed->flags & SBX_CLOSED_LINKED)
      return sbx_throw (error, SBX_ERROR_SPAWN_FAILED,
                        "files: %s is not there, and this application could make it, since it may write in %s; remove "
                        "the link, or make what it leads to",
                        closed->words, item->mount->source);
    if (self->around->only_looking) {
      if (!check_undo (covers, &(Place){ closed, item, NULL, TRUE }, error))
        return FALSE;
      note_cover (self, closed->named, closed);
      continue;
    }
    made = sbx_source_open (closed->named, &way, error);
    if (!made
        || !sbx_closed_list_add_source (self->closed, made, closed->named, N_ ("a directory of the service's own"),
                                        closed->flags, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
has_tree (const SbxItems *self)
{
  for (guint i = 0; i < self->rows->len; i++) {
    const SbxItem *item = &g_array_index (self->rows, SbxItem, i);

    if (sbx_item_is_tree (item) && !item->kept)
      return TRUE;
  }
  return FALSE;
}

/* Whether an application that may write in @above could rename a directory between that and @dest. */
static gboolean
can_be_renamed (const SbxItem *above, const char *dest)
{
  g_autofree char *path = g_strconcat (above->source->path, dest + strlen (above->dest), NULL);
  char *slash;

  while ((slash = strrchr (path, '/')) != NULL && slash > path + strlen (above->source->path)) {
    *slash = '\0';
    if (strrchr (path, '/') > path) {
      g_autofree char *parent = g_path_get_dirname (path);

      if (access (parent, W_OK) == 0)
        return TRUE;
    }
  }
  return FALSE;
}

/* Other programs look for the runtime directory, and for the sandbox's own places, by a name. */
static gboolean
hold_places (Covers *covers, GError **error)
{
  SbxItems *self = covers->items;
  guint features = sbx_policy_get_features (self->policy);

  for (guint i = 0; i < self->rows->len; i++) {
    const SbxItem *item = &g_array_index (self->rows, SbxItem, i);
    const SbxItem *above =
        item->mount->kind == SBX_MOUNT_TMPFS && !item->dropped ? sbx_items_above (self, item->dest) : NULL;

    if (!above || !sbx_items_is_wanted (self, above) || above->kept || !sbx_item_is_tree (above)
        || !sbx_item_is_writable (above) || !can_be_renamed (above, item->dest))
      continue;
    if ((features & SBX_FEATURE_USERNS) && !(features & SBX_FEATURE_WEAK_COVERS))
      return sbx_throw (
          error, SBX_ERROR_SPAWN_FAILED,
          "files: with features=userns an application can rename what lies above a mount, and so %s is not "
          "kept where it is in %s, where it may write; open a smaller directory, or only for reading, or "
          "say features=weak-covers to go on",
          item->dest, above->mount->source);
    pin_between (covers, above, item->dest);
  }
  return TRUE;
}

static gboolean
close_all (Covers *covers, GError **error)
{
  SbxItems *self = covers->items;
  guint before;

  if (!make_missing (covers, error))
    return FALSE;
  before = self->closed->rows->len;
  if (!add_rules (self, error) || !sbx_closed_list_add_mounted (self->closed, self->table, before, error)
      || !check_all_links (covers, error))
    return FALSE;
  find_places (covers);
  return close_places (covers, error) && hold_places (covers, error);
}

gboolean
sbx_covers_add (SbxItems *self, SbxLayerList *layers, GError **error)
{
  g_autoptr (GHashTable) pinned = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Covers covers = { self, layers, NULL, pinned };
  gboolean closed;

  if (!self->table || !has_tree (self)) /* nothing of the host is shown */
    return TRUE;
  covers.places = g_array_new (FALSE, FALSE, sizeof (Place));
  g_array_set_clear_func (covers.places, clear_place);
  closed = close_all (&covers, error);
  g_array_unref (covers.places);
  return closed;
}
