/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "desktop/store.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/error.h"
#include "desktop/files.h"

struct _SbxDesktopStore {
  char *dir, *backups;
  int lock;
  GPtrArray *records;
};

void
sbx_desktop_store_free (SbxDesktopStore *self)
{
  g_free (self->dir);
  g_free (self->backups);
  g_ptr_array_unref (self->records);
  if (self->lock >= 0)
    close (self->lock);
  g_free (self);
}

static int
compare_records (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(const SbxDesktopRecord *const *) a)->id, (*(const SbxDesktopRecord *const *) b)->id);
}

static gboolean
take_lock (SbxDesktopStore *self, GError **error)
{
  g_autofree char *path = g_build_filename (self->dir, "lock", NULL);

  if (g_mkdir_with_parents (self->backups, 0700) < 0)
    return sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno,
                            _ ("cannot make %s, where installations are noted (XDG_STATE_HOME names another place)"),
                            self->backups);
  self->lock = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->lock < 0 || flock (self->lock, LOCK_EX) < 0)
    return sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, _ ("cannot lock %s"), path);
  return TRUE;
}

SbxDesktopStore *
sbx_desktop_store_open (const SbxDesktopPlaces *places, gboolean write, GError **error)
{
  g_autoptr (SbxDesktopStore) self = g_new0 (SbxDesktopStore, 1);
  g_autoptr (GDir) names = NULL;
  const char *name;

  self->lock = -1;
  self->dir = g_build_filename (places->state_home, "sandbox", "desktop", NULL);
  self->backups = g_build_filename (self->dir, "before", NULL);
  self->records = g_ptr_array_new_with_free_func ((GDestroyNotify) sbx_desktop_record_free);
  if (write && !take_lock (self, error))
    return NULL;
  names = g_dir_open (self->dir, 0, NULL);
  while (names && (name = g_dir_read_name (names))) {
    g_autofree char *path = g_build_filename (self->dir, name, NULL);
    SbxDesktopRecord *record;

    if (*name == '.' || !g_str_has_suffix (name, SBX_DESKTOP_RECORD_SUFFIX))
      continue;
    record = sbx_desktop_record_read (path, error);
    if (!record)
      return NULL;
    g_ptr_array_add (self->records, record);
  }
  g_ptr_array_sort (self->records, compare_records);
  return g_steal_pointer (&self);
}

GPtrArray *
sbx_desktop_store_get_records (SbxDesktopStore *self)
{
  return self->records;
}

SbxDesktopRecord *
sbx_desktop_store_find (SbxDesktopStore *self, const char *id)
{
  for (guint i = 0; i < self->records->len; i++) {
    SbxDesktopRecord *record = g_ptr_array_index (self->records, i);

    if (g_str_equal (record->id, id))
      return record;
  }
  return NULL;
}

static SbxDesktopItem *
find_item (const SbxDesktopRecord *record, const char *path)
{
  for (guint i = 0; record && i < record->items->len; i++) {
    SbxDesktopItem *item = g_ptr_array_index (record->items, i);

    if (g_str_equal (item->path, path))
      return item;
  }
  return NULL;
}

/* The record that has an item at @path, or NULL. */
static SbxDesktopRecord *
owner_of (SbxDesktopStore *self, const char *path)
{
  for (guint i = 0; i < self->records->len; i++)
    if (find_item (g_ptr_array_index (self->records, i), path))
      return g_ptr_array_index (self->records, i);
  return NULL;
}

static char *
sum_of (const char *data, gsize size)
{
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) data, size);
}

/* NULL for what is neither a file nor a link. */
static char *
sum_of_state (const SbxFileState *state)
{
  g_autofree char *link = NULL;

  if (state->type == SBX_FILE_CONTENT)
    return sum_of (state->data, state->size);
  if (state->type != SBX_FILE_LINK)
    return NULL;
  link = g_strconcat ("link to ", state->data, NULL);
  return sum_of (link, strlen (link));
}

/* Whether the file that is there is one that we put there. */
static gboolean
is_ours (const SbxDesktopItem *item, const SbxFileState *state)
{
  g_autofree char *sum = sum_of_state (state);

  return sum && g_strv_contains ((const char *const *) item->sums, sum);
}

gboolean
sbx_desktop_item_is_in_place (const SbxDesktopItem *item)
{
  g_auto (SbxFileState) state = { 0 };

  return sbx_file_state_read (item->path, SBX_DESKTOP_MAX, &state, NULL) && is_ours (item, &state);
}

static char *
backup_path (const SbxDesktopStore *self, const SbxDesktopItem *item)
{
  return item->backup ? g_build_filename (self->backups, item->backup, NULL) : g_strdup ("");
}

GHashTable *
sbx_desktop_store_view (SbxDesktopStore *self, const char *only)
{
  GHashTable *view = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint i = 0; i < self->records->len; i++) {
    const SbxDesktopRecord *record = g_ptr_array_index (self->records, i);

    for (guint j = 0; (!only || g_str_equal (only, record->id)) && j < record->items->len; j++) {
      const SbxDesktopItem *item = g_ptr_array_index (record->items, j);
      g_auto (SbxFileState) state = { 0 };

      if (sbx_file_state_read (item->path, SBX_DESKTOP_MAX, &state, NULL) && is_ours (item, &state))
        g_hash_table_insert (view, g_strdup (item->path), backup_path (self, item));
    }
  }
  return view;
}

static void
drop_backup (const SbxDesktopStore *self, const SbxDesktopItem *item)
{
  g_autofree char *path = backup_path (self, item);

  if (*path)
    g_unlink (path);
}

/* Reads what was there before @item, from its copy. */
static gboolean
read_backup (const SbxDesktopStore *self, const SbxDesktopItem *item, SbxFileState *state, GError **error)
{
  g_autofree char *path = backup_path (self, item);

  sbx_file_state_clear (state);
  if (!*path)
    return TRUE;
  if (!sbx_file_state_read (path, SBX_DESKTOP_MAX, state, error))
    return FALSE;
  return state->type != SBX_FILE_NOTHING
         || sbx_throw (error, SBX_ERROR_SPAWN_FAILED, _ ("%s, the copy of what was at %s, is gone"), path, item->path);
}

/* Keeps what lies at the item's place, unless that is from an earlier installation of ours. */
static gboolean
keep_original (SbxDesktopStore *self, const SbxDesktopRecord *record, SbxDesktopItem *item, GError **error)
{
  const SbxDesktopItem *old = find_item (sbx_desktop_store_find (self, record->id), item->path);
  const SbxDesktopRecord *owner = owner_of (self, item->path);
  g_autofree char *sum = sum_of (item->content, strlen (item->content)), *path = NULL;
  g_autoptr (SbxStagedFile) copy = NULL;
  g_auto (SbxFileState) state = { 0 };

  item->sums = g_new0 (char *, 3);
  item->sums[0] = g_steal_pointer (&sum);
  if (owner && !old)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                      _ ("%s belongs to the installation of %s; remove that first: sandboxctl desktop remove %s"),
                      item->path, owner->id, owner->id);
  if (!sbx_file_state_read (item->path, SBX_DESKTOP_MAX, &state, error))
    return FALSE;
  if (state.type == SBX_FILE_STRANGE)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("%s is there and is no file; move it away"), item->path);
  if (old && is_ours (old, &state)) {
    item->backup = g_strdup (old->backup);
    item->sums[1] = sum_of_state (&state);
    return TRUE;
  }
  if (state.type == SBX_FILE_NOTHING)
    return TRUE;
  item->backup = g_uuid_string_random ();
  path = backup_path (self, item);
  copy = sbx_stage_file (path, &state, error);
  return copy && sbx_staged_file_commit (copy, error);
}

static SbxStagedFile *
stage_text (const char *path, char *content, guint mode, GError **error)
{
  const SbxFileState state = { .type = SBX_FILE_CONTENT, .data = content, .size = strlen (content), .mode = mode };

  return sbx_stage_file (path, &state, error);
}

static char *
record_path (const SbxDesktopStore *self, const char *id)
{
  return g_strconcat (self->dir, "/", id, SBX_DESKTOP_RECORD_SUFFIX, NULL);
}

/* Removes copies of what was not installed after all, unless another record knows them. */
static void
forget (SbxDesktopStore *self, SbxDesktopRecord *record)
{
  const SbxDesktopRecord *old = sbx_desktop_store_find (self, record->id);

  for (guint i = 0; i < record->items->len; i++) {
    const SbxDesktopItem *item = g_ptr_array_index (record->items, i);
    const SbxDesktopItem *before = find_item (old, item->path);

    if (item->backup && g_strcmp0 (item->backup, before ? before->backup : NULL) != 0)
      drop_backup (self, item);
  }
}

/* Everything that can fail for want of room or rights happens here: the last element is the record. */
static GPtrArray *
stage (SbxDesktopStore *self, SbxDesktopRecord *record, GError **error)
{
  g_autoptr (GPtrArray) staged = g_ptr_array_new_with_free_func ((GDestroyNotify) sbx_staged_file_free);
  g_autofree char *text = NULL, *path = record_path (self, record->id);
  SbxStagedFile *file;

  for (guint i = 0; i < record->items->len; i++) {
    SbxDesktopItem *item = g_ptr_array_index (record->items, i);

    if (!keep_original (self, record, item, error))
      return NULL;
    file = stage_text (item->path, item->content, item->mode, error);
    if (!file)
      return NULL;
    g_ptr_array_add (staged, file);
  }
  text = sbx_desktop_record_write (record);
  file = stage_text (path, text, 0600, error);
  if (!file)
    return NULL;
  g_ptr_array_add (staged, file);
  return g_steal_pointer (&staged);
}

/* After a rename that failed although the directory was written to just before. */
static void
roll_back (SbxDesktopStore *self, const SbxDesktopRecord *record, guint done)
{
  const SbxDesktopRecord *old = sbx_desktop_store_find (self, record->id);
  g_autofree char *path = record_path (self, record->id), *text = old ? sbx_desktop_record_write (old) : NULL;
  g_autoptr (SbxStagedFile) file = text ? stage_text (path, text, 0600, NULL) : NULL;

  for (guint i = 0; i < done; i++) {
    const SbxDesktopItem *item = g_ptr_array_index (record->items, i);
    g_auto (SbxFileState) before = { 0 };

    if (read_backup (self, item, &before, NULL))
      sbx_file_restore (item->path, &before, NULL);
  }
  if (file)
    sbx_staged_file_commit (file, NULL);
  else
    g_unlink (path);
}

static gboolean
restore_item (SbxDesktopStore *self, const SbxDesktopItem *item, gboolean force, gboolean *left, GError **error)
{
  g_auto (SbxFileState) now = { 0 }, before = { 0 };

  *left = FALSE;
  if (!sbx_file_state_read (item->path, SBX_DESKTOP_MAX, &now, error) || !read_backup (self, item, &before, error))
    return FALSE;
  if (sbx_file_state_equal (&now, &before)) /* interrupted, or somebody has restored it already */
    return TRUE;
  if (!is_ours (item, &now) && !force && (now.type != SBX_FILE_NOTHING)) {
    *left = TRUE;
    return TRUE;
  }
  if (now.type == SBX_FILE_STRANGE)
    return sbx_throw (error, SBX_ERROR_SPAWN_FAILED, _ ("%s is no file any more; move it away"), item->path);
  return sbx_file_restore (item->path, &before, error);
}

gboolean
sbx_desktop_store_install (SbxDesktopStore *self, SbxDesktopRecord *record, GError **error)
{
  const SbxDesktopRecord *old = sbx_desktop_store_find (self, record->id);
  g_autoptr (GPtrArray) staged = stage (self, record, error);
  gboolean left;

  if (!staged) {
    forget (self, record);
    return FALSE;
  }
  /* The record first: whatever happens then, `remove` knows what to do */
  if (!sbx_staged_file_commit (g_ptr_array_index (staged, staged->len - 1), error)) {
    forget (self, record);
    return FALSE;
  }
  for (guint i = 0; i + 1 < staged->len; i++)
    if (!sbx_staged_file_commit (g_ptr_array_index (staged, i), error)) {
      roll_back (self, record, i);
      forget (self, record);
      return FALSE;
    }
  for (guint i = 0; old && i < old->items->len; i++) {
    const SbxDesktopItem *item = g_ptr_array_index (old->items, i);

    if (!find_item (record, item->path) && restore_item (self, item, FALSE, &left, NULL) && !left)
      drop_backup (self, item);
  }
  return TRUE;
}

static gboolean
note_state (SbxDesktopItem *item, GError **error)
{
  g_auto (SbxFileState) state = { 0 };
  char *sum;

  if (!sbx_file_state_read (item->path, SBX_DESKTOP_MAX, &state, error))
    return FALSE;
  sum = sum_of_state (&state);
  if (!sum)
    return sbx_throw (error, SBX_ERROR_SPAWN_FAILED, _ ("%s is not there"), item->path);
  g_strfreev (item->sums);
  item->sums = g_new0 (char *, 2);
  item->sums[0] = sum;
  return TRUE;
}

gboolean
sbx_desktop_store_adopt (SbxDesktopStore *self, SbxDesktopRecord *record, SbxDesktopItem *item,
                         const char *const *added, GError **error)
{
  g_autofree char *text = NULL, *path = record_path (self, record->id);
  g_autoptr (SbxStagedFile) file = NULL;

  if (!note_state (item, error))
    return FALSE;
  for (; *added; added++) {
    SbxDesktopItem *further = sbx_desktop_item_new ("portal", *added, NULL, 0644);

    g_ptr_array_add (record->items, further);
    if (!note_state (further, error))
      return FALSE;
  }
  record->portal = TRUE;
  text = sbx_desktop_record_write (record);
  file = stage_text (path, text, 0600, error);
  return file && sbx_staged_file_commit (file, error);
}

gboolean
sbx_desktop_store_remove (SbxDesktopStore *self, const char *id, gboolean force, char ***left, GError **error)
{
  SbxDesktopRecord *record = sbx_desktop_store_find (self, id);
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_autofree char *path = record_path (self, id);
  gboolean any = FALSE;

  *left = NULL;
  if (!record)
    return sbx_throw (error, SBX_ERROR_NOT_FOUND, _ ("%s has not been installed"), id);
  for (guint i = 0; i < record->items->len; i++) {
    const SbxDesktopItem *item = g_ptr_array_index (record->items, i);
    gboolean changed;

    if (!restore_item (self, item, force, &changed, error))
      return FALSE;
    if (changed)
      g_strv_builder_add (names, item->path);
    any = any || changed;
  }
  *left = g_strv_builder_end (names);
  if (any)
    return TRUE;
  if (g_unlink (path) < 0 && errno != ENOENT)
    return sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, _ ("cannot remove %s"), path);
  for (guint i = 0; i < record->items->len; i++)
    drop_backup (self, g_ptr_array_index (record->items, i));
  return TRUE;
}
