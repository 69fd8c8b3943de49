/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Differences between policies, in people's words. */
#include "policy/policy-private.h"

typedef struct {
  GHashTable *lines; /* owns the lines */
  GPtrArray *order;
  GPtrArray *titles; /* for each of them, what tells no name or value that somebody has chosen */
} Lines;

/* All other kinds have words of the table, or numbers. */
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
                  || row->kind == SBX_KIND_PORTS || row->kind == SBX_KIND_DESTINATIONS
                  || row->kind == SBX_KIND_PUBLISHED || (row->kind == SBX_KIND_PAIRS && row->key);
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
