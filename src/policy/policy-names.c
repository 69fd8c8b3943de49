/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bus names: NAME, or NAME.* for NAME and everything below it, as xdg-dbus-proxy understands it, except for the portals
 * that are apart: those have to be named. What applies to a name is the greatest of the rules that match it. */
#include <string.h>

#include "common/bus-name.h"
#include "policy/policy-private.h"
#include "policy/portals.h"

static void
clear_rule (gpointer data)
{
  g_free ((char *) ((SbxBusRule *) data)->name);
}

GArray *
sbx_names_new (void)
{
  GArray *rules = g_array_new (FALSE, FALSE, sizeof (SbxBusRule));

  g_array_set_clear_func (rules, clear_rule);
  return rules;
}

gboolean
sbx_names_valid (const char *name)
{
  g_autofree char *stem = g_strdup (name);

  if (g_str_has_suffix (stem, ".*"))
    stem[strlen (stem) - 2] = '\0';
  if (strchr (stem, '.') == NULL && !g_str_equal (stem, name)) /* "org.*": GDBus wants two elements */
    return stem[0] != '\0'
           && strspn (stem, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == strlen (stem);
  return sbx_is_bus_name (stem) && stem[0] != ':';
}

static gboolean
find_rule (const GArray *rules, const char *name, guint *at)
{
  guint low = 0, high = rules->len;

  while (low < high) {
    guint middle = low + (high - low) / 2;
    int order = strcmp (g_array_index (rules, SbxBusRule, middle).name, name);

    if (order == 0) {
      *at = middle;
      return TRUE;
    }
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  *at = low;
  return FALSE;
}

void
sbx_names_set (GArray *rules, const char *name, SbxBusAccess access)
{
  SbxBusRule rule = { NULL, access };
  guint at;

  if (find_rule (rules, name, &at)) {
    g_array_index (rules, SbxBusRule, at).access = access;
    return;
  }
  rule.name = g_strdup (name);
  g_array_insert_val (rules, at, rule);
}

gboolean
sbx_names_cover (const char *a, const char *b)
{
  gsize n = strlen (a);

  if (!g_str_has_suffix (a, ".*"))
    return strcmp (a, b) == 0;
  if (sbx_portal_is_apart (b) && !sbx_portal_is_apart (a))
    return FALSE;
  n -= 2;
  return strncmp (a, b, n) == 0 && (b[n] == '\0' || b[n] == '.');
}

/* One portal that is taken away from all of them leaves the others, each by its name; elsewhere the greatest rule that
 * matches counts, and none takes away nothing but a rule of the same name. */
static void
take_away_portals (GArray *rules)
{
  gboolean any = FALSE;
  guint at;

  for (const SbxPortalRow *row = sbx_portals; row->name; row++)
    any = any || (find_rule (rules, row->name, &at) && g_array_index (rules, SbxBusRule, at).access == SBX_BUS_NONE);
  if (!any || !find_rule (rules, SBX_PORTAL_PREFIX "*", &at)
      || g_array_index (rules, SbxBusRule, at).access != SBX_BUS_TALK)
    return;
  g_array_remove_index (rules, at);
  for (const SbxPortalRow *row = sbx_portals; row->name; row++)
    if (!row->apart
        && (!find_rule (rules, row->name, &at) || g_array_index (rules, SbxBusRule, at).access == SBX_BUS_SEE))
      sbx_names_set (rules, row->name, SBX_BUS_TALK);
}

void
sbx_names_normalise (GArray *rules)
{
  take_away_portals (rules);
  for (guint i = 0; i < rules->len;) {
    const SbxBusRule *rule = &g_array_index (rules, SbxBusRule, i);
    gboolean redundant = rule->access == SBX_BUS_NONE;

    for (guint j = 0; !redundant && j < rules->len; j++) {
      const SbxBusRule *other = &g_array_index (rules, SbxBusRule, j);

      redundant = i != j && other->access >= rule->access && sbx_names_cover (other->name, rule->name);
    }
    if (redundant)
      g_array_remove_index (rules, i);
    else
      i++;
  }
}

static void
raise_to (GArray *rules, const char *name, SbxBusAccess access)
{
  guint at;

  if (find_rule (rules, name, &at))
    access = MAX (access, g_array_index (rules, SbxBusRule, at).access);
  sbx_names_set (rules, name, access);
}

/* min (max_i a_i, max_j b_j) = max_ij min (a_i, b_j): every pair of rules that overlap, where they overlap. */
static void
add_overlaps (GArray *result, const GArray *a, const GArray *b)
{
  for (guint i = 0; i < a->len; i++)
    for (guint j = 0; j < b->len; j++) {
      const SbxBusRule *x = &g_array_index (a, SbxBusRule, i), *y = &g_array_index (b, SbxBusRule, j);

      if (sbx_names_cover (x->name, y->name))
        raise_to (result, y->name, MIN (x->access, y->access));
      else if (sbx_names_cover (y->name, x->name))
        raise_to (result, x->name, MIN (x->access, y->access));
    }
}

GArray *
sbx_names_combine (const GArray *a, const GArray *b, gboolean least)
{
  const GArray *const sides[] = { a, b };
  GArray *result = sbx_names_new ();

  if (least)
    add_overlaps (result, a, b);
  for (guint side = 0; !least && side < 2; side++)
    for (guint i = 0; i < sides[side]->len; i++) {
      const SbxBusRule *rule = &g_array_index (sides[side], SbxBusRule, i);

      raise_to (result, rule->name, rule->access);
    }
  sbx_names_normalise (result);
  return result;
}
