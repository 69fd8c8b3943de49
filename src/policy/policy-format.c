/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands behind the "=" of a facility's key, written from a policy. */
#include "policy/policy-private.h"

#include <string.h>

static gboolean
is_tacit (const SbxFacility *row, guint flags, const SbxWord *word)
{
  for (const SbxWord *other = row->words; word->tacit && other->word; other++)
    if ((flags & other->value) && (other->implies & word->value))
      return TRUE;
  return FALSE;
}

static char *
format_flags (const SbxFacility *row, guint flags)
{
  GString *text = g_string_new (NULL);

  for (const SbxWord *word = row->words; word->word; word++)
    if ((flags & word->value) && !is_tacit (row, flags, word))
      g_string_append_printf (text, "%s;", word->word);
  return g_string_free (text, FALSE);
}

/* A path as an item of a list that is read as the same path again: "/" at its end keeps a blank or ":ro" in its name
 * from being taken for something else, "./" at its beginning does so for "!", "~" and a blank. */
static char *
format_path (const char *path, gboolean relative, gboolean bare)
{
  gsize n = strlen (path);
  gboolean guard = bare && (path[n - 1] == ' ' || strchr (path, ':'));
  g_autofree char *guarded = g_strconcat (relative && strchr (" !~", *path) ? "./" : "", path, guard ? "/" : "", NULL);

  return sbx_list_escape (guarded);
}

static void
format_attached (GString *text, const SbxPolicy *policy, const SbxFacility *row)
{
  for (guint i = 0; i < policy->attached->len; i++) {
    const SbxAttached *attached = &g_array_index (policy->attached, SbxAttached, i);
    g_autofree char *source = format_path (attached->source, FALSE, FALSE);
    g_autofree char *where = sbx_list_escape (attached->where);

    g_string_append_printf (text, "%s:%s@%s;", source, row->words[SBX_ACCESS_RO].word, where);
  }
}

static char *
format_paths (const SbxPolicy *policy, const SbxFacility *row)
{
  GString *text = g_string_new (NULL);
  const GArray *rules = policy->paths[row->index];

  for (guint i = 0; i < rules->len; i++) {
    const SbxPathRule *rule = &g_array_index (rules, SbxPathRule, i);
    const char *path = row->index == SBX_PATHS_FILES ? rule->path : rule->path[1] ? rule->path + 1 : ".";
    gboolean files = row->index == SBX_PATHS_FILES;
    g_autofree char *escaped = format_path (path, !files, !files || rule->access == SBX_ACCESS_NONE);

    if (rule->access == SBX_ACCESS_NONE)
      g_string_append_printf (text, "!%s;", escaped);
    else if (row->index == SBX_PATHS_PERSISTENT)
      g_string_append_printf (text, "%s;", escaped);
    else
      g_string_append_printf (text, "%s:%s;", escaped, row->words[rule->access].word);
  }
  if (row->index == SBX_PATHS_FILES)
    format_attached (text, policy, row);
  return g_string_free (text, FALSE);
}

static char *
format_ports (const SbxPortSet *set)
{
  GString *text = g_string_new (set->all ? "all" : set->ports->len == 0 ? "none" : NULL);

  for (guint i = 0; i < set->ports->len; i++)
    g_string_append_printf (text, "%u;", g_array_index (set->ports, guint16, i));
  return g_string_free (text, FALSE);
}

static char *
format_calls (const GPtrArray *calls)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < calls->len; i++)
    g_string_append_printf (text, "%s;", (const char *) calls->pdata[i]);
  return g_string_free (text, FALSE);
}

/* "NAME=value" rows go to [Environment], "NAME" rows to pass-environment. */
static void
format_pairs (const SbxPolicy *policy, const SbxFacility *row, SbxFacilityVisit visit, gpointer data)
{
  g_autoptr (GString) passed = g_string_new (NULL);

  for (guint i = 0; i < policy->environment->len; i++) {
    const char *pair = policy->environment->pdata[i];
    const char *equal = strchr (pair, '=');
    g_autofree char *name = g_strndup (pair, strcspn (pair, "="));

    if (equal && row->index == SBX_PAIRS_SET)
      visit (row, name, equal + 1, data);
    if (!equal && row->index == SBX_PAIRS_PASS)
      g_string_append_printf (passed, "%s;", name);
  }
  if (passed->len > 0)
    visit (row, row->key, passed->str, data);
}

static void
format_names (const SbxPolicy *policy, const SbxFacility *row, SbxFacilityVisit visit, gpointer data)
{
  for (guint i = 0; i < policy->bus[row->index]->len; i++) {
    const SbxBusRule *rule = &g_array_index (policy->bus[row->index], SbxBusRule, i);

    visit (row, rule->name, row->words[rule->access].word, data);
  }
}

void
sbx_facility_format (const SbxPolicy *policy, SbxFacilityVisit visit, gpointer data)
{
  g_autoptr (SbxPolicy) fresh = sbx_policy_new ();

  for (const SbxFacility *row = sbx_facilities; row->group; row++) {
    g_autofree char *text = NULL;

    if (row->kind == SBX_KIND_FLAGS && policy->flags[row->index])
      text = format_flags (row, policy->flags[row->index]);
    else if (row->kind == SBX_KIND_LEVEL && policy->levels[row->index] != fresh->levels[row->index])
      text = g_strdup (row->words[policy->levels[row->index]].word);
    else if (row->kind == SBX_KIND_PATHS && policy->paths[row->index]->len > 0)
      text = format_paths (policy, row);
    else if (row->kind == SBX_KIND_NUMBER && policy->limits[row->index] != SBX_LIMIT_NONE)
      text = g_strdup_printf ("%" G_GUINT64_FORMAT, policy->limits[row->index]);
    else if (row->kind == SBX_KIND_PORTS && sbx_policy_has_network (policy) && !policy->ports[row->index].all)
      text = format_ports (&policy->ports[row->index]);
    else if (row->kind == SBX_KIND_DESTINATIONS
             && (row->index == SBX_TO_ALLOW ? sbx_policy_names_allowed (policy) : sbx_policy_names_denied (policy)))
      text = sbx_destinations_format (policy->to[row->index]);
    else if (row->kind == SBX_KIND_PUBLISHED && policy->published->len > 0)
      text = sbx_published_format (policy->published);
    else if (row->kind == SBX_KIND_CALLS && policy->calls[row->index]->len > 0)
      text = format_calls (policy->calls[row->index]);
    else if (row->kind == SBX_KIND_PAIRS)
      format_pairs (policy, row, visit, data);
    else if (row->kind == SBX_KIND_NAMES)
      format_names (policy, row, visit, data);
    if (text)
      visit (row, row->key, text, data);
  }
}
