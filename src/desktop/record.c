/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "desktop/record.h"

#include <glib/gi18n.h>
#include <string.h>

#include "common/error.h"
#include "common/key-file.h"

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

static const SbxKeyFileKind record_kind = { "record", SBX_ERROR_BAD_OPTION, 1024 * 1024, FALSE };

static gboolean
throw_unknown (const SbxKeyFileEntry *entry, GError **error)
{
  return sbx_throw (error, SBX_ERROR_BAD_OPTION, "unknown key \"%s\" in [%s]", entry->key, entry->group);
}

static gboolean
read_installed (SbxDesktopRecord *record, const SbxKeyFileEntry *entry, GError **error)
{
  const struct {
    const char *key;
    char **value;
  } rows[] = { { "source", &record->source }, { "profile", &record->profile }, { "app-id", &record->app_id } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i].key, entry->key)) {
      *rows[i].value = g_strcompress (entry->value);
      return TRUE;
    }
  if (!g_str_equal (entry->key, "portal"))
    return throw_unknown (entry, error);
  record->portal = g_str_equal (entry->value, "true");
  return record->portal || g_str_equal (entry->value, "false")
         || sbx_throw (error, SBX_ERROR_BAD_OPTION, "portal is true or false");
}

/* Of the last item, whose group has just begun. Paths are bytes and key files are UTF-8: hence g_strcompress (). */
static gboolean
read_item (SbxDesktopItem *item, const SbxKeyFileEntry *entry, GError **error)
{
  if (g_str_equal (entry->key, "kind"))
    item->kind = g_strcompress (entry->value);
  else if (g_str_equal (entry->key, "path"))
    item->path = g_strcompress (entry->value);
  else if (g_str_equal (entry->key, "backup"))
    item->backup = g_strcompress (entry->value);
  else if (g_str_equal (entry->key, "sums"))
    item->sums = sbx_key_file_split (entry->value);
  else
    return throw_unknown (entry, error);
  return TRUE;
}

static gboolean
visit (const SbxKeyFileEntry *entry, gpointer data, GError **error)
{
  SbxDesktopRecord *record = data;
  gboolean installed = g_str_equal (entry->group, "Installed");

  if (!installed && !g_str_has_prefix (entry->group, "File "))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "unknown group [%s]", entry->group);
  if (installed)
    return !entry->key || read_installed (record, entry, error);
  if (entry->key)
    return read_item (record->items->pdata[record->items->len - 1], entry, error);
  g_ptr_array_add (record->items, g_new0 (SbxDesktopItem, 1));
  return TRUE;
}

SbxDesktopRecord *
sbx_desktop_record_read (const char *path, GError **error)
{
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *id = g_strndup (name, strlen (name) - strlen (SBX_DESKTOP_RECORD_SUFFIX));
  g_autoptr (SbxDesktopRecord) record = sbx_desktop_record_new (id);

  if (!sbx_key_file_read (&record_kind, path, visit, record, error))
    return NULL;
  for (guint i = 0; i < record->items->len; i++) {
    const SbxDesktopItem *item = record->items->pdata[i];

    if (item->kind && item->path && item->sums && (!item->backup || !strchr (item->backup, '/')))
      continue;
    sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("%s: [%s] is damaged"), path, item->path ? item->path : "File");
    return NULL;
  }
  if (record->profile && record->source)
    return g_steal_pointer (&record);
  sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("%s is damaged: it has no profile or source"), path);
  return NULL;
}

static void
set_bytes (GKeyFile *file, const char *group, const char *key, const char *value)
{
  g_autofree char *text = value ? g_strescape (value, NULL) : NULL;

  if (text)
    g_key_file_set_value (file, group, key, text);
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
