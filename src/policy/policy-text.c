/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policies as text and as a{sv}: group → a{ss}, in the same words. */
#include <string.h>

#include "common/error.h"
#include "policy/policy-private.h"

char **
sbx_list_split (const char *value)
{
  GPtrArray *items = g_ptr_array_new ();
  g_autoptr (GString) item = g_string_new (NULL);

  for (const char *p = value;; p++) {
    if (*p == '\\' && (p[1] == ';' || p[1] == '\\')) {
      g_string_append_c (item, *++p);
    } else if (*p && *p != ';') {
      g_string_append_c (item, *p);
    } else {
      g_strstrip (item->str);
      if (*item->str)
        g_ptr_array_add (items, g_strdup (item->str));
      g_string_truncate (item, 0);
      if (!*p)
        break;
    }
  }
  g_ptr_array_add (items, NULL);
  return (char **) g_ptr_array_free (items, FALSE);
}

char *
sbx_list_escape (const char *word)
{
  GString *text = g_string_new (NULL);

  for (; *word; word++) {
    if (*word == ';' || *word == '\\')
      g_string_append_c (text, '\\');
    g_string_append_c (text, *word);
  }
  return g_string_free (text, FALSE);
}

typedef struct {
  GVariantBuilder groups;
  GVariantBuilder keys;
  const char *group;
} VariantWriter;

static void
end_group (VariantWriter *writer)
{
  if (writer->group)
    g_variant_builder_add (&writer->groups, "{sv}", writer->group, g_variant_builder_end (&writer->keys));
}

static void
add_to_variant (const SbxFacility *row, const char *key, const char *value, gpointer data)
{
  VariantWriter *writer = data;

  if (g_strcmp0 (writer->group, row->group) != 0) {
    end_group (writer);
    writer->group = row->group;
    g_variant_builder_init (&writer->keys, G_VARIANT_TYPE ("a{ss}"));
  }
  g_variant_builder_add (&writer->keys, "{ss}", key, value);
}

GVariant *
sbx_policy_to_variant (const SbxPolicy *policy)
{
  VariantWriter writer = { .group = NULL };

  g_variant_builder_init (&writer.groups, G_VARIANT_TYPE_VARDICT);
  sbx_facility_format (policy, add_to_variant, &writer);
  end_group (&writer);
  return g_variant_builder_end (&writer.groups);
}

typedef struct {
  GString *text;
  const char *group;
} FileWriter;

/* A variable's value may hold what a line cannot: newlines, tabs, spaces at its ends (GKeyFile's escapes). */
static void
append_value (GString *text, const SbxFacility *row, const char *value)
{
  if (row->kind != SBX_KIND_PAIRS || row->key) {
    g_string_append (text, value);
    return;
  }
  for (const char *p = value; *p; p++) {
    const char *const special = "\n\t\r\\ ";
    const char *found = strchr (special, *p);

    if (found && (*p != ' ' || p == value || p[1] == '\0'))
      g_string_append_printf (text, "\\%c", "ntr\\s"[found - special]);
    else
      g_string_append_c (text, *p);
  }
}

static void
add_to_file (const SbxFacility *row, const char *key, const char *value, gpointer data)
{
  FileWriter *writer = data;

  if (g_strcmp0 (writer->group, row->group) != 0)
    g_string_append_printf (writer->text, "%s[%s]\n", writer->group ? "\n" : "", row->group);
  writer->group = row->group;
  g_string_append_printf (writer->text, "%s=", key);
  append_value (writer->text, row, value);
  g_string_append_c (writer->text, '\n');
}

char *
sbx_policy_to_key_file (const SbxPolicy *policy)
{
  FileWriter writer = { g_string_new (NULL), NULL };

  sbx_facility_format (policy, add_to_file, &writer);
  return g_string_free (writer.text, FALSE);
}

static gboolean
merge_group (SbxPolicy *policy, const char *group, GVariant *keys, const SbxPlaces *places, GError **error)
{
  GVariantIter iter;
  const char *key, *value;

  if (!g_variant_is_of_type (keys, G_VARIANT_TYPE ("a{ss}")))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "policy: group \"%s\" has type %s, not a{ss}", group,
                      g_variant_get_type_string (keys));
  if (!sbx_facility_check_group (group, error)) {
    g_prefix_error (error, "policy: ");
    return FALSE;
  }
  g_variant_iter_init (&iter, keys);
  while (g_variant_iter_next (&iter, "{&s&s}", &key, &value)) {
    const SbxFacility *row = sbx_facility_find (group, key, error);

    if (!row || !sbx_facility_apply (policy, row, key, value, places, error)) {
      g_prefix_error (error, "policy: [%s] %s: ", group, key);
      return FALSE;
    }
  }
  return TRUE;
}

SbxPolicy *
sbx_policy_merge_variant (const SbxPolicy *base, GVariant *groups, const SbxPlaces *places, GError **error)
{
  g_autoptr (SbxPolicy) policy = sbx_policy_thaw (base);
  GVariantIter iter;
  const char *group;
  GVariant *keys;

  g_variant_iter_init (&iter, groups);
  while (g_variant_iter_next (&iter, "{&sv}", &group, &keys)) {
    gboolean ok = merge_group (policy, group, keys, places, error);

    g_variant_unref (keys);
    if (!ok)
      return NULL;
  }
  return sbx_policy_freeze (g_steal_pointer (&policy));
}

typedef struct {
  GHashTable *lines; /* owns the lines */
  GPtrArray *order;
  GPtrArray *titles; /* for each of them, what tells no name or value that somebody has chosen */
} Lines;

/* The words of the others are those of the table, or numbers. */
static gboolean
has_own_words (const SbxFacility *row)
{
  return row->kind == SBX_KIND_PATHS || row->kind == SBX_KIND_NAMES || row->kind == SBX_KIND_PAIRS;
}

/* One line per word, so that a list that grew by one shows just that. */
static void
add_lines (const SbxFacility *row, const char *key, const char *value, gpointer data)
{
  Lines *lines = data;
  gboolean list = row->kind == SBX_KIND_FLAGS || row->kind == SBX_KIND_PATHS || row->kind == SBX_KIND_CALLS
                  || row->kind == SBX_KIND_PORTS || (row->kind == SBX_KIND_PAIRS && row->key);
  g_auto (GStrv) items = list ? sbx_list_split (value) : g_new0 (char *, 2);

  if (!list)
    items[0] = row->key ? g_strdup (value) : g_strdup_printf ("%s %s", key, value);
  for (char **item = items; *item; item++) {
    char *line = g_strdup_printf ("%s: %s", row->title, *item);

    if (g_hash_table_add (lines->lines, line)) { /* a line that was there already is freed */
      g_ptr_array_add (lines->order, line);
      g_ptr_array_add (lines->titles, has_own_words (row) ? (gpointer) row->title : line);
    }
  }
}

static Lines
lines_of (const SbxPolicy *policy)
{
  Lines lines = { g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL), g_ptr_array_new (),
                  g_ptr_array_new () };

  sbx_facility_format (policy, add_lines, &lines);
  return lines;
}

static void
print_missing (GString *text, const Lines *from, const Lines *in, char sign)
{
  for (guint i = 0; i < from->order->len; i++)
    if (!g_hash_table_contains (in->lines, from->order->pdata[i]))
      g_string_append_printf (text, "%c %s\n", sign, (const char *) from->order->pdata[i]);
}

static void
lines_clear (Lines *lines)
{
  g_ptr_array_unref (lines->titles);
  g_ptr_array_unref (lines->order);
  g_hash_table_unref (lines->lines);
}

char *
sbx_policy_diff (const SbxPolicy *from, const SbxPolicy *to)
{
  Lines old = lines_of (from), new = lines_of (to);
  GString *text = g_string_new (NULL);

  print_missing (text, &old, &new, '-');
  print_missing (text, &new, &old, '+');
  lines_clear (&old);
  lines_clear (&new);
  return g_string_free (text, FALSE);
}

char *
sbx_policy_tell_more (const SbxPolicy *from, const SbxPolicy *to, const SbxPolicy *said)
{
  Lines old = lines_of (from), new = lines_of (to), known = lines_of (said);
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  char *text;

  for (guint i = 0; i < new.order->len; i++) {
    char *line = new.order->pdata[i];
    char *word = g_hash_table_contains (known.lines, line) ? line : new.titles->pdata[i];

    if (!g_hash_table_contains (old.lines, line) && !g_ptr_array_find_with_equal_func (words, word, g_str_equal, NULL))
      g_ptr_array_add (words, word);
  }
  g_ptr_array_add (words, NULL);
  text = g_strjoinv (", ", (char **) words->pdata);
  lines_clear (&old);
  lines_clear (&new);
  lines_clear (&known);
  return text;
}
