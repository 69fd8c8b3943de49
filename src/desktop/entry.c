/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "desktop/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>

#include "common/error.h"
#include "common/read-file.h"

/* One line; a comment or a blank one has no key. */
typedef struct {
  char *key, *value; /* value: raw */
  char *text;        /* as it was read, or NULL: key=value */
} Line;

typedef struct {
  char *name;
  GPtrArray *lines;
  GHashTable *keys; /* key → Line, borrowed */
} Group;

struct _SbxDesktopEntry {
  GPtrArray *before; /* lines before the first group */
  GPtrArray *groups;
};

typedef struct {
  SbxDesktopEntry *entry;
  const char *name;
  guint line;
} Reader;

static void
line_free (gpointer data)
{
  Line *line = data;

  g_free (line->key);
  g_free (line->value);
  g_free (line->text);
  g_free (line);
}

static void
group_free (gpointer data)
{
  Group *group = data;

  g_free (group->name);
  g_ptr_array_unref (group->lines);
  g_hash_table_unref (group->keys);
  g_free (group);
}

void
sbx_desktop_entry_free (SbxDesktopEntry *self)
{
  g_ptr_array_unref (self->before);
  g_ptr_array_unref (self->groups);
  g_free (self);
}

static gboolean fail (const Reader *reader, GError **error, const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
fail (const Reader *reader, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  return sbx_throw (error, SBX_ERROR_BAD_OPTION, "%s:%u: %s", reader->name, reader->line, what);
}

static Group *
find_group (const SbxDesktopEntry *self, const char *name)
{
  for (guint i = 0; i < self->groups->len; i++) {
    Group *group = g_ptr_array_index (self->groups, i);

    if (strcmp (group->name, name) == 0)
      return group;
  }
  return NULL;
}

static Line *
add_line (Group *group, const char *key, const char *value, const char *text)
{
  Line *line = g_new0 (Line, 1);

  line->key = g_strdup (key);
  line->value = g_strdup (value);
  line->text = g_strdup (text);
  g_ptr_array_add (group->lines, line);
  if (key)
    g_hash_table_insert (group->keys, line->key, line);
  return line;
}

#define GROUPS_MAX 1000 /* find_group () looks at each */

static gboolean
read_header (Reader *reader, const char *text, GError **error)
{
  gsize n = strlen (text);
  g_autofree char *name = NULL;
  Group *group;

  if (n < 3 || text[n - 1] != ']')
    return fail (reader, error, _ ("a group is written [Name], with nothing after it"));
  name = g_strndup (text + 1, n - 2);
  if (strpbrk (name, "[]"))
    return fail (reader, error, _ ("a group's name cannot have brackets in it"));
  if (find_group (reader->entry, name))
    return fail (reader, error, _ ("the group [%s] is there twice; put its keys together"), name);
  if (reader->entry->groups->len == GROUPS_MAX)
    return fail (reader, error, _ ("more than %d groups"), GROUPS_MAX);
  group = g_new0 (Group, 1);
  group->name = g_steal_pointer (&name);
  group->lines = g_ptr_array_new_with_free_func (line_free);
  group->keys = g_hash_table_new (g_str_hash, g_str_equal);
  g_ptr_array_add (reader->entry->groups, group);
  return TRUE;
}

/* "Name" or "Name[locale]" */
static gboolean
is_key (const char *key)
{
  gsize n = strspn (key, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_.");
  gsize locale;

  if (n == 0 || key[n] == '\0')
    return n > 0;
  locale = strspn (key + n + 1, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_.@");
  return key[n] == '[' && locale > 0 && strcmp (key + n + 1 + locale, "]") == 0;
}

static gboolean
read_key (Reader *reader, const char *text, GError **error)
{
  GPtrArray *groups = reader->entry->groups;
  const char *equal = strchr (text, '=');
  g_autofree char *key = equal ? g_strchomp (g_strndup (text, (gsize) (equal - text))) : NULL;
  Group *group = groups->len > 0 ? g_ptr_array_index (groups, groups->len - 1) : NULL;

  if (!equal)
    return fail (reader, error, _ ("neither [Group] nor key=value nor # comment: \"%.40s\""), text);
  if (!is_key (key))
    return fail (reader, error, _ ("\"%.40s\" is no key"), key);
  if (!group)
    return fail (reader, error, _ ("\"%s\" stands before the first [Group]"), key);
  if (g_hash_table_contains (group->keys, key))
    return fail (reader, error, _ ("the key \"%s\" is there twice in [%s]"), key, group->name);
  equal++;
  add_line (group, key, equal + strspn (equal, " \t"), text);
  return TRUE;
}

static gboolean
read_line (Reader *reader, const char *text, GError **error)
{
  GPtrArray *groups = reader->entry->groups;

  if (text[strspn (text, " \t")] == '\0' || *text == '#') {
    if (groups->len > 0) {
      add_line (g_ptr_array_index (groups, groups->len - 1), NULL, NULL, text);
    } else {
      Line *line = g_new0 (Line, 1);

      line->text = g_strdup (text);
      g_ptr_array_add (reader->entry->before, line);
    }
    return TRUE;
  }
  return *text == '[' ? read_header (reader, text, error) : read_key (reader, text, error);
}

static gboolean
check_bytes (Reader *reader, const char *data, gsize size, GError **error)
{
  const char *bad = NULL, *what = _ ("is not UTF-8 text; convert it, for example with iconv");

  if (!g_utf8_validate_len (data, size, &bad) && *bad == '\0')
    what = _ ("a NUL byte: this is not a text file");
  for (const char *p = data; p < data + size && p != bad; p++)
    if (((guchar) *p < ' ' && *p != '\n' && *p != '\t') || *p == 0x7f) {
      what = *p == '\r' ? _ ("a carriage return: save the file with Unix line ends (dos2unix does it)")
                        : _ ("a control character");
      bad = p;
      break;
    }
  if (!bad || bad == data + size)
    return TRUE;
  reader->line = 1;
  for (const char *p = data; p < bad; p++)
    reader->line += *p == '\n';
  return fail (reader, error, "%s", what);
}

SbxDesktopEntry *
sbx_desktop_entry_parse (const char *data, gsize size, const char *name, const char *group, GError **error)
{
  g_autoptr (SbxDesktopEntry) self = g_new0 (SbxDesktopEntry, 1);
  Reader reader = { .entry = self, .name = name };
  const char *end = data + size;

  self->before = g_ptr_array_new_with_free_func (line_free);
  self->groups = g_ptr_array_new_with_free_func (group_free);
  if (size > SBX_DESKTOP_MAX) {
    sbx_throw (error, SBX_ERROR_LIMITS, _ ("%s: larger than 1 MiB, which no desktop entry is"), name);
    return NULL;
  }
  if (!check_bytes (&reader, data, size, error))
    return NULL;
  while (data < end) {
    const char *newline = memchr (data, '\n', (gsize) (end - data));
    gsize n = newline ? (gsize) (newline - data) : (gsize) (end - data);
    g_autofree char *text = g_strndup (data, n);

    reader.line++;
    if (!read_line (&reader, text, error))
      return NULL;
    data += n + 1;
  }
  if (self->groups->len == 0 || strcmp (((Group *) g_ptr_array_index (self->groups, 0))->name, group) != 0) {
    sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("%s: the first group must be [%s]"), name, group);
    return NULL;
  }
  return g_steal_pointer (&self);
}

char *
sbx_desktop_read_file (const char *path, gsize max, gsize *size, GError **error)
{
  char *data = sbx_read_file (AT_FDCWD, path, max, SBX_READ_PLAIN, size);

  if (data)
    return data;
  switch (errno) {
  case EISDIR:
  case ENXIO:
    sbx_throw (error, SBX_ERROR_SPAWN_FAILED, _ ("cannot read %s: it is not a regular file"), path);
    break;
  case EFBIG:
    sbx_throw (error, SBX_ERROR_LIMITS, _ ("%s: larger than %zu bytes, which no such file is"), path, max);
    break;
  default:
    sbx_throw_errno (error, errno == ENOENT ? SBX_ERROR_NOT_FOUND : SBX_ERROR_SPAWN_FAILED, errno, _ ("cannot read %s"),
                     path);
  }
  return NULL;
}

SbxDesktopEntry *
sbx_desktop_entry_read (const char *path, const char *group, GError **error)
{
  gsize size;
  g_autofree char *data = sbx_desktop_read_file (path, SBX_DESKTOP_MAX, &size, error);

  return data ? sbx_desktop_entry_parse (data, size, path, group, error) : NULL;
}

const char **
sbx_desktop_entry_groups (const SbxDesktopEntry *self)
{
  const char **names = g_new0 (const char *, self->groups->len + 1);

  for (guint i = 0; i < self->groups->len; i++)
    names[i] = ((Group *) g_ptr_array_index (self->groups, i))->name;
  return names;
}

const char **
sbx_desktop_entry_keys (const SbxDesktopEntry *self, const char *group_name)
{
  const Group *group = find_group (self, group_name);
  const char **keys = g_new0 (const char *, group ? group->lines->len + 1 : 1);
  gsize n = 0;

  for (guint i = 0; group && i < group->lines->len; i++) {
    const Line *line = g_ptr_array_index (group->lines, i);

    if (line->key)
      keys[n++] = line->key;
  }
  return keys;
}

static Line *
find_line (const SbxDesktopEntry *self, const char *group_name, const char *key)
{
  Group *group = find_group (self, group_name);

  return group ? g_hash_table_lookup (group->keys, key) : NULL;
}

const char *
sbx_desktop_entry_get (const SbxDesktopEntry *self, const char *group, const char *key)
{
  const Line *line = find_line (self, group, key);

  return line ? line->value : NULL;
}

gboolean
sbx_desktop_entry_get_boolean (const SbxDesktopEntry *self, const char *group, const char *key)
{
  const char *value = sbx_desktop_entry_get (self, group, key);

  /* "1" is from before version 1.0, and desktops still take it */
  return value && (g_str_has_prefix (value, "true") || strcmp (value, "1") == 0);
}

char **
sbx_desktop_entry_get_list (const SbxDesktopEntry *self, const char *group, const char *key)
{
  g_autoptr (GStrvBuilder) items = g_strv_builder_new ();
  g_autoptr (GString) item = g_string_new (NULL);
  const char *value = sbx_desktop_entry_get (self, group, key);

  for (const char *p = value ? value : ""; *p; p++) {
    if (*p == '\\' && p[1]) {
      g_string_append_c (item, *++p);
    } else if (*p != ';') {
      g_string_append_c (item, *p);
    } else if (item->len > 0) {
      g_strv_builder_add (items, g_strstrip (item->str));
      g_string_set_size (item, 0);
    }
  }
  if (*g_strstrip (item->str))
    g_strv_builder_add (items, item->str);
  return g_strv_builder_end (items);
}

void
sbx_desktop_entry_set (SbxDesktopEntry *self, const char *group_name, const char *key, const char *raw)
{
  Group *group = find_group (self, group_name);
  Line *line = group ? g_hash_table_lookup (group->keys, key) : NULL;
  guint end;

  g_return_if_fail (group && !strpbrk (raw, "\n\r"));
  if (line) {
    g_free (line->value);
    line->value = g_strdup (raw);
    g_clear_pointer (&line->text, g_free);
    return;
  }
  add_line (group, key, raw, NULL);
  /* Before the blank lines that end the group */
  end = group->lines->len - 1;
  while (end > 0 && !((Line *) g_ptr_array_index (group->lines, end - 1))->key
         && *((Line *) g_ptr_array_index (group->lines, end - 1))->text == '\0')
    end--;
  g_ptr_array_insert (group->lines, (int) end, g_ptr_array_steal_index (group->lines, group->lines->len - 1));
}

void
sbx_desktop_entry_unset (SbxDesktopEntry *self, const char *group_name, const char *key)
{
  Group *group = find_group (self, group_name);
  Line *line = group ? g_hash_table_lookup (group->keys, key) : NULL;

  if (!line)
    return;
  g_hash_table_remove (group->keys, key);
  g_ptr_array_remove (group->lines, line);
}

void
sbx_desktop_entry_remove_group (SbxDesktopEntry *self, const char *name)
{
  Group *group = find_group (self, name);

  if (group)
    g_ptr_array_remove (self->groups, group);
}

static void
append_lines (GString *text, GPtrArray *lines)
{
  for (guint i = 0; i < lines->len; i++) {
    const Line *line = g_ptr_array_index (lines, i);

    if (line->text)
      g_string_append (text, line->text);
    else
      g_string_append_printf (text, "%s=%s", line->key, line->value);
    g_string_append_c (text, '\n');
  }
}

char *
sbx_desktop_entry_to_text (const SbxDesktopEntry *self)
{
  GString *text = g_string_new (NULL);

  append_lines (text, self->before);
  for (guint i = 0; i < self->groups->len; i++) {
    const Group *group = g_ptr_array_index (self->groups, i);

    g_string_append_printf (text, "[%s]\n", group->name);
    append_lines (text, group->lines);
  }
  return g_string_free (text, FALSE);
}
