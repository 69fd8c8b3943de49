/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/key-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>

#include "common/read-file.h"

typedef struct {
  const SbxKeyFileKind *kind;
  const char *name;
  SbxKeyFileVisit visit;
  gpointer data;
  char *group, *condition;
  GHashTable *groups; /* headers seen */
  GHashTable *keys;   /* of the present group */
  guint line;
} Reader;

static gboolean fail (Reader *reader, gsize column, GError **error, const char *format, ...) G_GNUC_PRINTF (4, 5);

static gboolean
fail (Reader *reader, gsize column, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  return sbx_throw (error, reader->kind->code, "%s:%u:%zu: %s", reader->name, reader->line, column, what);
}

/* What the visitor objects to gets the place: a group's or key's beginning when its name is wrong, else the value's. */
static gboolean
tell_visitor (Reader *reader, const SbxKeyFileEntry *entry, GError **error)
{
  g_autoptr (GError) problem = NULL;
  gboolean name;

  if (reader->visit (entry, reader->data, &problem))
    return TRUE;
  name = !entry->key || g_str_has_prefix (problem->message, "unknown key");
  return fail (reader, name ? 1 : entry->value_column, error, "%s", problem->message);
}

static gboolean
read_header (Reader *reader, char *line, GError **error)
{
  gsize n = strlen (line);
  char *condition;

  if (line[n - 1] != ']')
    return fail (reader, n, error, N_ ("a group is written [Name], with nothing after it"));
  line[n - 1] = '\0';
  if (line[1] == '\0')
    return fail (reader, 2, error, N_ ("a group without a name"));
  if (!g_hash_table_add (reader->groups, g_strdup (line + 1)))
    return fail (reader, 1, error, N_ ("the group [%s] is there twice; put its keys together"), line + 1);
  condition = reader->kind->conditions ? strstr (line, " if=") : NULL;
  g_free (reader->condition);
  reader->condition = condition ? g_strdup (condition + 4) : NULL;
  if (condition)
    *condition = '\0';
  g_free (reader->group);
  reader->group = g_strdup (line + 1);
  g_hash_table_remove_all (reader->keys);
  return tell_visitor (
      reader, &(SbxKeyFileEntry){ .group = reader->group, .condition = reader->condition, .line = reader->line },
      error);
}

static gboolean
read_key (Reader *reader, char *line, GError **error)
{
  SbxKeyFileEntry entry = { .line = reader->line, .key_column = 1 };
  char *equal = strchr (line, '=');
  char *value;

  if (!equal)
    return fail (reader, 1, error, N_ ("neither [Group] nor key=value nor # comment: \"%.40s\""), line);
  value = equal + 1;
  value += strspn (value, " \t");
  entry.value_column = (guint) (value - line) + 1;
  *equal = '\0';
  g_strchomp (line);
  if (*line == '\0')
    return fail (reader, 1, error, N_ ("a value without a key"));
  if (!reader->group)
    return fail (reader, 1, error, N_ ("\"%s\" stands before the first [Group]"), line);
  if (!g_hash_table_add (reader->keys, g_strdup (line)))
    return fail (reader, 1, error, N_ ("the key \"%s\" is there twice in [%s]"), line, reader->group);
  entry.group = reader->group;
  entry.condition = reader->condition;
  entry.key = line;
  entry.value = value;
  return tell_visitor (reader, &entry, error);
}

static gboolean
read_line (Reader *reader, char *line, GError **error)
{
  gsize indent = strspn (line, " \t");

  g_strchomp (line);
  if (line[indent] == '\0' || line[indent] == '#')
    return TRUE;
  if (indent > 0)
    return fail (reader, 1, error, N_ ("a line must not begin with a blank"));
  return *line == '[' ? read_header (reader, line, error) : read_key (reader, line, error);
}

/* What no text file has: reported with the place of the first such byte. */
static gboolean
check_bytes (Reader *reader, const char *data, gsize size, GError **error)
{
  const char *bad = NULL, *line = data, *what = N_ ("is not UTF-8 text");

  if (!g_utf8_validate_len (data, size, &bad) && *bad == '\0')
    what = N_ ("a NUL byte: this is not a text file");
  for (const char *p = data; p < data + size; p++) {
    if (p == bad)
      break;
    if (*p == '\r' || ((guchar) *p < ' ' && *p != '\n' && *p != '\t')) {
      what = *p == '\r' ? N_ ("a carriage return: save the file with Unix line ends (dos2unix does it)")
                        : "a control character";
      bad = p;
      break;
    }
  }
  if (!bad || bad == data + size)
    return TRUE;
  for (const char *p = data; p < bad; p++)
    if (*p == '\n') {
      reader->line++;
      line = p + 1;
    }
  reader->line++;
  return fail (reader, (gsize) (bad - line) + 1, error, "%s", what);
}

gboolean
sbx_key_file_parse (const SbxKeyFileKind *kind, const char *data, gsize size, const char *name, SbxKeyFileVisit visit,
                    gpointer user_data, GError **error)
{
  Reader reader = { .kind = kind, .name = name, .visit = visit, .data = user_data };
  g_autoptr (GHashTable) groups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_auto (GStrv) lines = NULL;
  gboolean ok;

  if (size > kind->max)
    return sbx_throw (error, kind->code, "%s:1:1: more than %zu KiB: this is not a %s", name, kind->max / 1024,
                      kind->what);
  if (!check_bytes (&reader, data, size, error))
    return FALSE;
  reader.groups = groups;
  reader.keys = keys;
  g_autofree char *text = g_strndup (data, size);
  lines = g_strsplit (text, "\n", -1);
  ok = TRUE;
  for (char **line = lines; ok && *line; line++) {
    reader.line++;
    ok = read_line (&reader, *line, error);
  }
  g_free (reader.group);
  g_free (reader.condition);
  return ok;
}

static gboolean
fail_to_read (const SbxKeyFileKind *kind, const char *path, int errnum, gsize size, GError **error)
{
  switch (errnum) {
  case ENOENT:
  case ENOTDIR:
    return sbx_throw_errno (error, SBX_ERROR_NOT_FOUND, errnum, "%s", path);
  case EISDIR:
  case ENXIO:
    return sbx_throw (error, kind->code, "%s:1:1: %s, not a file: remove it or put a %s there", path,
                      errnum == EISDIR ? "a directory" : "something special", kind->what);
  case EFBIG:
    return sbx_throw (error, kind->code, "%s:1:1: %zu bytes, and a %s has at most %zu", path, size, kind->what,
                      kind->max);
  default:
    return sbx_throw_errno (error, kind->code, errnum, "%s:1:1: cannot be read", path);
  }
}

gboolean
sbx_key_file_read (const SbxKeyFileKind *kind, const char *path, SbxKeyFileVisit visit, gpointer user_data,
                   GError **error)
{
  gsize size = 0;
  g_autofree char *data = sbx_read_file (AT_FDCWD, path, kind->max, SBX_READ_PLAIN, &size);

  if (!data)
    return fail_to_read (kind, path, errno, size, error);
  return sbx_key_file_parse (kind, data, size, path, visit, user_data, error);
}

/* Reads one character of a value, as it is meant; returns what is behind it. */
static const char *
take_character (const char *value, const char *escapes, char *character)
{
  const char *const meanings = "\n\t\r \\;", *found = value[0] == '\\' && value[1] ? strchr (escapes, value[1]) : NULL;

  *character = found ? meanings[found - escapes] : value[0];
  return value + (found ? 2 : 1);
}

char *
sbx_key_file_unescape (const char *value)
{
  GString *text = g_string_new (NULL);

  while (*value) {
    char character;

    value = take_character (value, "ntrs\\", &character);
    g_string_append_c (text, character);
  }
  return g_string_free (text, FALSE);
}

char **
sbx_key_file_split (const char *value)
{
  GPtrArray *items = g_ptr_array_new ();
  GString *item = g_string_new (NULL);

  while (*value) {
    gboolean end = *value == ';';
    char character;

    value = take_character (value, "ntrs\\;", &character);
    if (!end)
      g_string_append_c (item, character);
    if (end || !*value) {
      g_ptr_array_add (items, g_string_free (item, FALSE));
      item = g_string_new (NULL);
    }
  }
  g_string_free (item, TRUE);
  g_ptr_array_add (items, NULL);
  return (char **) g_ptr_array_free (items, FALSE);
}

/* Blanks at the ends of a line are not part of a value, so they are escaped as well. */
static void
append_escaped (GString *text, const char *value, const char *escaped)
{
  g_autofree char *valid = g_utf8_make_valid (value, -1);
  const char *const special = "\n\t\r\\;", *const letters = "ntr\\;";

  for (const char *p = valid; *p; p++) {
    const char *found = strchr (escaped, *p) ? strchr (special, *p) : NULL;
    gboolean end = p == valid || p[1] == '\0';

    if (found)
      g_string_append_printf (text, "\\%c", letters[found - special]);
    else if (*p == ' ' && end)
      g_string_append (text, "\\s");
    else
      g_string_append_c (text, (guchar) *p < ' ' || *p == 0x7f ? '?' : *p);
  }
}

void
sbx_key_file_append (GString *text, const char *key, const char *value)
{
  g_string_append_printf (text, "%s=", key);
  append_escaped (text, value, "\n\t\r\\");
  g_string_append_c (text, '\n');
}

void
sbx_key_file_append_list (GString *text, const char *key, const char *const *items)
{
  g_string_append_printf (text, "%s=", key);
  for (; *items; items++) {
    append_escaped (text, *items, "\n\t\r\\;");
    g_string_append_c (text, ';');
  }
  g_string_append_c (text, '\n');
}
