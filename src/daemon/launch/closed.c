/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/closed.h"

#include <string.h>

#include "common/error.h"
#include "common/key-file.h"
#include "policy/portals.h"

/* In the order of SbxBusAccess */
static const char *const levels[] = { "none", "see", "talk", "own" };

/* The whole: a socket that leads to the bus without a filter. */
static const struct {
  SbxBus bus;
  const char *key, *whole;
} buses[] = { { SBX_BUS_SESSION, "session-bus", "session-bus" }, { SBX_BUS_SYSTEM, "system-bus", "system-bus" } };

/* The most that @policy allows of all names of @rule. */
static SbxBusAccess
access_of (const SbxPolicy *policy, SbxBus bus, const char *rule)
{
  SbxBusAccess access = SBX_BUS_NONE;
  gsize n;
  const SbxBusRule *rules = sbx_policy_get_bus (policy, bus, &n);

  for (gsize i = 0; i < n; i++)
    if (rules[i].access > access && sbx_names_cover (rules[i].name, rule))
      access = rules[i].access;
  return access;
}

/* The words of sockets=, the caller's. */
static char **
list_sockets (const SbxPolicy *policy)
{
  g_autoptr (GVariant) groups = g_variant_ref_sink (sbx_policy_to_variant (policy));
  g_autoptr (GVariant) context = g_variant_lookup_value (groups, "Context", G_VARIANT_TYPE ("a{ss}"));
  const char *text = NULL;

  return context && g_variant_lookup (context, "sockets", "&s", &text) ? sbx_key_file_split (text) : g_new0 (char *, 1);
}

static void
describe_names (GVariantBuilder *row, const SbxPolicy *from, const SbxPolicy *to, gsize bus)
{
  GVariantBuilder names;
  gsize n;
  const SbxBusRule *rules = sbx_policy_get_bus (from, buses[bus].bus, &n);
  gboolean any = FALSE;

  g_variant_builder_init (&names, G_VARIANT_TYPE ("a{ss}"));
  for (gsize i = 0; i < n; i++) {
    SbxBusAccess left = access_of (to, buses[bus].bus, rules[i].name);

    if (left >= rules[i].access)
      continue;
    g_variant_builder_add (&names, "{ss}", rules[i].name, levels[left]);
    any = TRUE;
  }
  if (any)
    g_variant_builder_add (row, "{sv}", buses[bus].key, g_variant_builder_end (&names));
  else
    g_variant_builder_clear (&names);
}

void
sbx_closed_describe (GVariantBuilder *row, const SbxPolicy *from, const SbxPolicy *to)
{
  g_auto (GStrv) before = list_sockets (from), after = list_sockets (to);
  g_autoptr (GPtrArray) gone = g_ptr_array_new ();

  for (gsize bus = 0; bus < G_N_ELEMENTS (buses); bus++)
    describe_names (row, from, to, bus);
  for (char **word = before; *word; word++)
    if (!g_strv_contains ((const char *const *) after, *word))
      g_ptr_array_add (gone, *word);
  if (gone->len > 0)
    g_variant_builder_add (row, "{sv}", "sockets",
                           g_variant_new_strv ((const char *const *) gone->pdata, (gssize) gone->len));
}

static gboolean
throw_closed (const char *what, const char *closed, GError **error)
{
  return sbx_throw (error, SBX_ERROR_NOT_AUTHORIZED,
                    "%s cannot be granted: %s was taken away from this instance, and that is for good. Start it again "
                    "to give it that",
                    what, closed);
}

/* Whether the rule opens a service of portals as a whole, so that it reaches each of them. */
static gboolean
reaches_portals (const char *rule)
{
  return sbx_names_cover (rule, SBX_PORTAL_DESKTOP) || sbx_names_cover (rule, SBX_PORTAL_DOCUMENTS);
}

static gboolean
is_of_portals (const char *rule)
{
  return g_str_has_prefix (rule, SBX_PORTAL_PREFIX) || reaches_portals (rule);
}

/* Whether there may be a name that both match. */
static gboolean
overlap (const char *a, const char *b)
{
  return sbx_names_cover (a, b) || sbx_names_cover (b, a) || (reaches_portals (a) && is_of_portals (b))
         || (reaches_portals (b) && is_of_portals (a));
}

static gboolean
check_rule (GVariant *closed, const SbxBusRule *rule, GError **error)
{
  GVariantIter iter;
  const char *name, *left;

  g_variant_iter_init (&iter, closed);
  while (g_variant_iter_next (&iter, "{&s&s}", &name, &left)) {
    gsize level = 0;

    while (level < G_N_ELEMENTS (levels) && !g_str_equal (levels[level], left))
      level++;
    if (level < G_N_ELEMENTS (levels) && rule->access <= level)
      continue;
    if (overlap (name, rule->name))
      return throw_closed (rule->name, name, error);
  }
  return TRUE;
}

/* Names that are asked for, and the whole bus. */
static gboolean
check_bus (GVariant *restriction, const SbxPolicy *from, const SbxPolicy *asked, char **sockets, gsize bus,
           GError **error)
{
  g_autoptr (GVariant) closed = g_variant_lookup_value (restriction, buses[bus].key, G_VARIANT_TYPE ("a{ss}"));
  gsize n;
  const SbxBusRule *rules = sbx_policy_get_bus (asked, buses[bus].bus, &n);

  if (!closed)
    return TRUE;
  if (g_strv_contains ((const char *const *) sockets, buses[bus].whole)) {
    const char *name;

    g_variant_get_child (closed, 0, "{&s&s}", &name, NULL);
    return throw_closed (buses[bus].whole, name, error);
  }
  for (gsize i = 0; i < n; i++)
    if (access_of (from, buses[bus].bus, rules[i].name) < rules[i].access && !check_rule (closed, &rules[i], error))
      return FALSE;
  return TRUE;
}

/* Two words for one X server */
static gboolean
is_same_socket (const char *a, const char *b)
{
  return g_str_equal (a, b) || (g_str_has_suffix (a, "x11") && g_str_has_suffix (b, "x11"));
}

/* @sockets: those that are new. */
static gboolean
check_sockets (GVariant *restriction, char **sockets, GError **error)
{
  g_autofree const char **closed = NULL;

  if (!g_variant_lookup (restriction, "sockets", "^a&s", &closed))
    return TRUE;
  for (char **word = sockets; *word; word++)
    for (const char **one = closed; *one; one++)
      if (is_same_socket (*one, *word))
        return throw_closed (*word, *one, error);
  return TRUE;
}

gboolean
sbx_closed_check (const SbxInfo *info, const SbxPolicy *from, const SbxPolicy *asked, GError **error)
{
  g_auto (GStrv) all = list_sockets (asked), had = list_sockets (from);
  g_autoptr (GPtrArray) more = g_ptr_array_new ();

  for (char **word = all; *word; word++)
    if (!g_strv_contains ((const char *const *) had, *word))
      g_ptr_array_add (more, *word);
  g_ptr_array_add (more, NULL);
  for (gsize i = 0; info->restrictions && i < g_variant_n_children (info->restrictions); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (info->restrictions, i);

    for (gsize bus = 0; bus < G_N_ELEMENTS (buses); bus++)
      if (!check_bus (row, from, asked, (char **) more->pdata, bus, error))
        return FALSE;
    if (!check_sockets (row, (char **) more->pdata, error))
      return FALSE;
  }
  return TRUE;
}
