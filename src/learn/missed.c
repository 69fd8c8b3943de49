/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "learn/missed.h"

#include <string.h>

#include "common/key-file.h"

#define CALL_MAX 32 /* letters of a system call's name */

static const SbxKeyFileKind kind = { "record of a learning run", SBX_ERROR_BAD_OPTION, SBX_MISSED_FILE_MAX, FALSE };

SbxMissed *
sbx_missed_new (char *call, char *path, char *option)
{
  SbxMissed *self = g_new (SbxMissed, 1);

  *self = (SbxMissed){ call, path, option };
  return self;
}

void
sbx_missed_free (SbxMissed *self)
{
  g_free (self->call);
  g_free (self->path);
  g_free (self->option);
  g_free (self);
}

static void
free_row (gpointer data)
{
  sbx_missed_free (data);
}

char *
sbx_missed_to_text (const GPtrArray *list)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < list->len; i++) {
    const SbxMissed *row = list->pdata[i];

    g_string_append_printf (text, "[%u]\n", i);
    sbx_key_file_append (text, "Call", row->call);
    sbx_key_file_append (text, "Path", row->path);
    sbx_key_file_append (text, "Option", row->option);
  }
  return g_string_free (text, FALSE);
}

static gboolean
is_call (const char *value)
{
  gsize n = strlen (value);

  return n > 0 && n <= CALL_MAX && strspn (value, "abcdefghijklmnopqrstuvwxyz_0123456789") == n;
}

static gboolean
is_path (const char *value)
{
  return *value == '/';
}

static gboolean
is_option (const char *value)
{
  const char *equal = strchr (value, '=');

  return g_str_has_prefix (value, "--") && equal && equal > value + 2;
}

static const struct {
  const char *key;
  gsize offset;
  gboolean (*check) (const char *value);
} keys[] = {
  { "Call", G_STRUCT_OFFSET (SbxMissed, call), is_call },
  { "Path", G_STRUCT_OFFSET (SbxMissed, path), is_path },
  { "Option", G_STRUCT_OFFSET (SbxMissed, option), is_option },
};

static gboolean
is_whole (const GPtrArray *list)
{
  const SbxMissed *last = list->len > 0 ? list->pdata[list->len - 1] : NULL;

  return !last || (last->call && last->path && last->option);
}

static gboolean
begin_row (GPtrArray *list, const char *group, GError **error)
{
  g_autofree char *number = g_strdup_printf ("%u", list->len);

  if (!g_str_equal (group, number) || list->len >= SBX_PROPOSALS || !is_whole (list))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "[%s] is not the next row", group);
  g_ptr_array_add (list, sbx_missed_new (NULL, NULL, NULL));
  return TRUE;
}

static gboolean
take_entry (const SbxKeyFileEntry *entry, gpointer data, GError **error)
{
  GPtrArray *list = data;

  if (!entry->key)
    return begin_row (list, entry->group, error);
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (g_str_equal (keys[i].key, entry->key)) {
      g_autofree char *value = sbx_key_file_unescape (entry->value);

      if (!keys[i].check (value))
        return sbx_throw (error, SBX_ERROR_BAD_OPTION, "not what %s= may be", entry->key);
      G_STRUCT_MEMBER (char *, list->pdata[list->len - 1], keys[i].offset) = g_steal_pointer (&value);
      return TRUE;
    }
  return sbx_throw (error, SBX_ERROR_BAD_OPTION, "unknown key \"%s\"", entry->key);
}

GPtrArray *
sbx_missed_parse (const char *data, gsize size, const char *name, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (free_row);

  if (!sbx_key_file_parse (&kind, data, size, name, take_entry, list, error))
    return NULL;
  if (is_whole (list))
    return g_steal_pointer (&list);
  sbx_throw (error, SBX_ERROR_BAD_OPTION, "%s: the last row is not whole", name);
  return NULL;
}
