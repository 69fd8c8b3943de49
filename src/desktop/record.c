/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "desktop/record.h"

#include <glib/gi18n.h>
#include <string.h>

#include "common/error.h"

SbxDesktopItem *
sbx_desktop_item_new (const char *kind, const char *path, const char *content, guint mode)
{
  SbxDesktopItem *item = g_new0 (SbxDesktopItem, 1);

  item->kind = g_strdup (kind);
  item->path = g_strdup (path);
  item->content = g_strdup (content);
  item->mode = mode;
  return item;
}

static void
item_free (gpointer data)
{
  SbxDesktopItem *item = data;

  g_free (item->kind);
  g_free (item->path);
  g_free (item->content);
  g_strfreev (item->sums);
  g_free (item->backup);
  g_free (item);
}

SbxDesktopRecord *
sbx_desktop_record_new (const char *id)
{
  SbxDesktopRecord *record = g_new0 (SbxDesktopRecord, 1);

  record->id = g_strdup (id);
  record->items = g_ptr_array_new_with_free_func (item_free);
  return record;
}

void
sbx_desktop_record_free (SbxDesktopRecord *record)
{
  g_free (record->id);
  g_free (record->source);
  g_free (record->profile);
  g_free (record->app_id);
  g_ptr_array_unref (record->items);
  g_free (record);
}

/* Paths are bytes and key files are UTF-8. */
static char *
get_bytes (GKeyFile *file, const char *group, const char *key)
{
  g_autofree char *value = g_key_file_get_value (file, group, key, NULL);

  return value ? g_strcompress (value) : NULL;
}

static void
set_bytes (GKeyFile *file, const char *group, const char *key, const char *value)
{
  g_autofree char *text = value ? g_strescape (value, NULL) : NULL;

  if (text)
    g_key_file_set_value (file, group, key, text);
}

SbxDesktopRecord *
sbx_desktop_record_read (const char *path, GError **error)
{
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *id = g_strndup (name, strlen (name) - strlen (SBX_DESKTOP_RECORD_SUFFIX));
  g_autoptr (SbxDesktopRecord) record = sbx_desktop_record_new (id);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_auto (GStrv) groups = NULL;

  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, error)) {
    g_prefix_error (error, "%s: ", path);
    return NULL;
  }
  record->source = get_bytes (file, "Installed", "source");
  record->profile = get_bytes (file, "Installed", "profile");
  record->app_id = get_bytes (file, "Installed", "app-id");
  record->portal = g_key_file_get_boolean (file, "Installed", "portal", NULL);
  groups = g_key_file_get_groups (file, NULL);
  for (char **group = groups; *group; group++) {
    g_autofree char *kind = get_bytes (file, *group, "kind"), *at = get_bytes (file, *group, "path");
    SbxDesktopItem *item;

    if (!kind || !at)
      continue;
    item = sbx_desktop_item_new (kind, at, NULL, 0);
    item->sums = g_key_file_get_string_list (file, *group, "sums", NULL, NULL);
    item->backup = get_bytes (file, *group, "backup");
    g_ptr_array_add (record->items, item);
    if (item->sums && (!item->backup || !strchr (item->backup, '/')))
      continue;
    sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("%s: [%s] is damaged"), path, *group);
    return NULL;
  }
  if (record->profile && record->source)
    return g_steal_pointer (&record);
  sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("%s is damaged: it has no profile or source"), path);
  return NULL;
}

char *
sbx_desktop_record_write (const SbxDesktopRecord *record)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();

  set_bytes (file, "Installed", "source", record->source);
  set_bytes (file, "Installed", "profile", record->profile);
  set_bytes (file, "Installed", "app-id", record->app_id);
  g_key_file_set_boolean (file, "Installed", "portal", record->portal);
  for (guint i = 0; i < record->items->len; i++) {
    const SbxDesktopItem *item = g_ptr_array_index (record->items, i);
    g_autofree char *group = g_strdup_printf ("File %u", i);

    set_bytes (file, group, "kind", item->kind);
    set_bytes (file, group, "path", item->path);
    set_bytes (file, group, "backup", item->backup);
    g_key_file_set_string_list (file, group, "sums", (const char *const *) item->sums, g_strv_length (item->sums));
  }
  return g_key_file_to_data (file, NULL, NULL);
}
