/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of words, variables and ports. */
#include <string.h>

#include "policy/policy-private.h"

GPtrArray *
sbx_strings_new (void)
{
  return g_ptr_array_new_with_free_func (g_free);
}

GPtrArray *
sbx_strings_copy (const GPtrArray *from)
{
  GPtrArray *copy = sbx_strings_new ();

  for (guint i = 0; i < from->len; i++)
    g_ptr_array_add (copy, g_strdup (from->pdata[i]));
  return copy;
}

typedef int (*Compare) (const char *a, const char *b);

/* Where @word is or belongs, in the order of @compare. */
static guint
find (const GPtrArray *set, const char *word, Compare compare, gboolean *found)
{
  guint low = 0, high = set->len;

  while (low < high) {
    guint middle = low + (high - low) / 2;
    int order = compare (set->pdata[middle], word);

    if (order == 0) {
      *found = TRUE;
      return middle;
    }
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  *found = FALSE;
  return low;
}

static guint
position (const GPtrArray *set, const char *word, gboolean *found)
{
  return find (set, word, strcmp, found);
}

void
sbx_strings_add (GPtrArray *set, const char *word)
{
  gboolean found;
  guint at = position (set, word, &found);

  if (!found)
    g_ptr_array_insert (set, (gint) at, g_strdup (word));
}

void
sbx_strings_remove (GPtrArray *set, const char *word)
{
  gboolean found;
  guint at = position (set, word, &found);

  if (found)
    g_ptr_array_remove_index (set, at);
}

GPtrArray *
sbx_strings_combine (const GPtrArray *a, const GPtrArray *b, gboolean least)
{
  GPtrArray *result = sbx_strings_new ();
  gboolean found = TRUE;

  for (guint i = 0; i < a->len; i++) {
    if (least)
      position (b, a->pdata[i], &found);
    if (found)
      sbx_strings_add (result, a->pdata[i]);
  }
  for (guint i = 0; !least && i < b->len; i++)
    sbx_strings_add (result, b->pdata[i]);
  return result;
}

static int
compare_names (const char *a, const char *b)
{
  gsize n = strcspn (a, "="), m = strcspn (b, "=");
  int order = strncmp (a, b, MIN (n, m));

  return order != 0 ? order : (n > m) - (n < m);
}

static const char *
find_pair (const GPtrArray *pairs, const char *name, guint *at)
{
  gboolean found;

  *at = find (pairs, name, compare_names, &found);
  return found ? pairs->pdata[*at] : NULL;
}

static void
put_pair (GPtrArray *pairs, const char *pair)
{
  guint at;

  if (find_pair (pairs, pair, &at))
    g_ptr_array_remove_index (pairs, at);
  g_ptr_array_insert (pairs, (gint) at, g_strdup (pair));
}

void
sbx_pairs_set (GPtrArray *pairs, const char *name, const char *value)
{
  g_autofree char *pair = value ? g_strconcat (name, "=", value, NULL) : g_strdup (name);

  put_pair (pairs, pair);
}

void
sbx_pairs_remove (GPtrArray *pairs, const char *name)
{
  guint at;

  if (find_pair (pairs, name, &at))
    g_ptr_array_remove_index (pairs, at);
}

/* Nothing < one value < the caller's own (a name without "="): a flat lattice for each variable. */
static const char *
combine_pair (const char *a, const char *b, gboolean least)
{
  if (!a || !b)
    return least ? NULL : (a ? a : b);
  if (strcmp (a, b) == 0)
    return a;
  if (!strchr (a, '='))
    return least ? b : a;
  if (!strchr (b, '='))
    return least ? a : b;
  return least ? NULL : "";
}

GPtrArray *
sbx_pairs_combine (const GPtrArray *a, const GPtrArray *b, gboolean least)
{
  const GPtrArray *const sides[] = { a, b };
  GPtrArray *result = sbx_strings_new ();
  guint at;

  for (guint side = 0; side < 2; side++)
    for (guint i = 0; i < sides[side]->len; i++) {
      const char *here = sides[side]->pdata[i];
      const char *pair = combine_pair (find_pair (a, here, &at), find_pair (b, here, &at), least);
      g_autofree char *name = g_strndup (here, strcspn (here, "="));

      if (pair)
        put_pair (result, *pair ? pair : name); /* "": two different values join to the caller's own */
    }
  return result;
}

void
sbx_ports_add (SbxPortSet *set, guint16 port)
{
  guint at = 0;

  while (at < set->ports->len && g_array_index (set->ports, guint16, at) < port)
    at++;
  if (at == set->ports->len || g_array_index (set->ports, guint16, at) != port)
    g_array_insert_val (set->ports, at, port);
}

static gboolean
has_port (const SbxPortSet *set, guint16 port)
{
  if (set->all)
    return TRUE;
  for (guint i = 0; i < set->ports->len; i++)
    if (g_array_index (set->ports, guint16, i) == port)
      return TRUE;
  return FALSE;
}

void
sbx_ports_combine (SbxPortSet *result, const SbxPortSet *a, const SbxPortSet *b, gboolean least)
{
  const SbxPortSet *const sides[] = { a, b };

  result->all = least ? a->all && b->all : a->all || b->all;
  g_array_set_size (result->ports, 0);
  for (guint side = 0; !result->all && side < 2; side++)
    for (guint i = 0; i < sides[side]->ports->len; i++) {
      guint16 port = g_array_index (sides[side]->ports, guint16, i);

      if (!least || (has_port (a, port) && has_port (b, port)))
        sbx_ports_add (result, port);
    }
}
