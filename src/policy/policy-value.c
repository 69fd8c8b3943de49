/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands behind the "=" of a facility's key: read into a policy, and written from one. */
#include "policy/policy-private.h"

#include <string.h>

#include "common/error.h"

/* "!dri" also takes away "all", and "!all" takes away everything: what is taken away is gone for sure. */
static void
remove_flag (guint *flags, const SbxWord *words, const SbxWord *gone)
{
  *flags &= ~(gone->value | gone->implies);
  for (; words->word; words++)
    if (words->implies & gone->value)
      *flags &= ~words->value;
}

static gboolean
apply_flags (SbxPolicy *policy, const SbxFacility *row, const char *value, GError **error)
{
  g_auto (GStrv) list = sbx_list_split (value);

  for (char **item = list; *item; item++) {
    gboolean remove = **item == '!';
    const SbxWord *word = sbx_word_find (row->words, *item + remove);

    if (!word) {
      g_autofree const char **known = sbx_facility_words (row->words);

      return sbx_throw_unknown (error, row->title, *item + remove, known);
    }
    if (remove)
      remove_flag (&policy->flags[row->index], row->words, word);
    else
      policy->flags[row->index] |= word->value | word->implies;
  }
  return TRUE;
}

static gboolean
apply_level (SbxPolicy *policy, const SbxFacility *row, const char *value, GError **error)
{
  const SbxWord *word = sbx_word_find (row->words, value);

  if (!word) {
    g_autofree const char **known = sbx_facility_words (row->words);

    return sbx_throw_unknown (error, row->title, value, known);
  }
  policy->levels[row->index] = word->value;
  return TRUE;
}

/* "path:ro" → "path" and the access; without a colon in its last component read-write, as in Flatpak. What stands
 * behind such a colon is a mode and nothing else: a word that is none would open what was to be closed. */
static gboolean
take_access (const SbxWord *words, char *item, SbxAccess *access, GError **error)
{
  char *colon = strrchr (item, ':');
  const SbxWord *word = colon ? sbx_word_find (words, colon + 1) : NULL;
  g_autofree const char **known = NULL;
  g_autoptr (GError) problem = NULL;

  *access = SBX_ACCESS_RW;
  if (!colon || strchr (colon, '/'))
    return TRUE;
  if (word) {
    *colon = '\0';
    *access = (SbxAccess) word->value;
    return TRUE;
  }
  known = sbx_facility_words (words);
  sbx_throw_unknown (&problem, "mode", colon + 1, known);
  return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                    "\"%s\": %s (a name with a colon in it is written with \"/\" at its end)", item, problem->message);
}

static gboolean
apply_files (SbxPolicy *policy, const SbxFacility *row, const char *value, const SbxPlaces *places, GError **error)
{
  g_auto (GStrv) list = sbx_list_split (value);

  for (char **item = list; *item; item++) {
    gboolean remove = **item == '!';
    g_autoptr (GError) problem = NULL;
    g_autofree char *path = NULL;
    SbxAccess access;

    if (!take_access (row->words, *item, &access, error))
      return FALSE;
    path = sbx_paths_resolve (*item + remove, places, &problem);
    if (problem) {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
    if (path)
      sbx_paths_set (policy->paths[SBX_PATHS_FILES], path, remove ? SBX_ACCESS_NONE : access);
  }
  return TRUE;
}

static gboolean
apply_persistent (SbxPolicy *policy, const char *value, GError **error)
{
  g_auto (GStrv) list = sbx_list_split (value);

  for (char **item = list; *item; item++) {
    gboolean remove = **item == '!';
    const char *word = *item + remove;
    g_autofree char *path = NULL;

    if (*word == '/' || *word == '~')
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"%s\" must be relative to the home, like .mozilla", word);
    path = sbx_paths_canonical (word, error);
    if (!path)
      return FALSE;
    sbx_paths_set (policy->paths[SBX_PATHS_PERSISTENT], path, remove ? SBX_ACCESS_NONE : SBX_ACCESS_RW);
  }
  return TRUE;
}

static gboolean
apply_names (SbxPolicy *policy, const SbxFacility *row, const char *key, const char *value, GError **error)
{
  const SbxWord *word = sbx_word_find (row->words, value);

  if (!sbx_names_valid (key))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"%s\" is not a bus name, like org.example.App or org.example.*",
                      key);
  if (!word) {
    g_autofree const char **known = sbx_facility_words (row->words);

    return sbx_throw_unknown (error, "access", value, known);
  }
  sbx_names_set (policy->bus[row->index], key, (SbxBusAccess) word->value);
  return TRUE;
}

static gboolean
variable_valid (const char *name)
{
  for (const char *p = name; *p; p++)
    if (*p == ' ' || g_ascii_iscntrl (*p) || strchr ("=;\\#[", *p)) /* what a line or a list would not hold */
      return FALSE;
  return *name != '\0';
}

static gboolean
apply_pairs (SbxPolicy *policy, const SbxFacility *row, const char *key, const char *value, GError **error)
{
  g_auto (GStrv) list = row->index == SBX_PAIRS_SET ? NULL : sbx_list_split (value);

  if (row->index == SBX_PAIRS_SET) {
    if (!variable_valid (key))
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"%s\" is not the name of a variable", key);
    sbx_pairs_set (policy->environment, key, value);
    return TRUE;
  }
  for (char **item = list; *item; item++) {
    if (!variable_valid (*item))
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"%s\" is not the name of a variable", *item);
    if (row->index == SBX_PAIRS_PASS)
      sbx_pairs_set (policy->environment, *item, NULL);
    else
      sbx_pairs_remove (policy->environment, *item);
  }
  return TRUE;
}

/* "512M" → bytes; "none" → SBX_LIMIT_NONE; "50%" for cpu. */
static gboolean
apply_number (SbxPolicy *policy, const SbxFacility *row, const char *value, GError **error)
{
  gboolean bytes = row->index == SBX_LIMIT_MEMORY || row->index == SBX_LIMIT_CORE;
  const char *units = bytes ? "KMGT" : row->index == SBX_LIMIT_CPU ? "%" : "";
  guint64 number;
  char *end;

  if (strcmp (value, "none") == 0) {
    policy->limits[row->index] = SBX_LIMIT_NONE;
    return TRUE;
  }
  number = g_ascii_strtoull (value, &end, 10);
  if (end == value || !g_ascii_isdigit (*value) || number > (1ull << 60))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"%s\" is not a number; say for example %s, or none", value,
                      bytes ? "512M" : "100");
  if (*end && strchr (units, *end)) {
    guint shift = bytes ? (guint) (strchr (units, *end) - units + 1) * 10 : 0;

    if (shift > 0 && number > (1ull << (60 - shift)))
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"%s\" is more than any machine has", value);
    number <<= shift;
    end++;
  }
  if (*end)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"%s\" does not end in a unit that is known here%s%s", value,
                      *units ? ": one of " : "", units);
  policy->limits[row->index] = number;
  return TRUE;
}

static gboolean
apply_ports (SbxPolicy *policy, const SbxFacility *row, const char *value, GError **error)
{
  g_auto (GStrv) list = sbx_list_split (value);
  SbxPortSet *set = &policy->ports[row->index];

  policy->ports_named[row->index] = TRUE;
  set->all = FALSE;
  g_array_set_size (set->ports, 0);
  for (char **item = list; *item; item++) {
    guint64 port;

    if (strcmp (*item, "all") == 0) {
      set->all = TRUE;
    } else if (strcmp (*item, "none") == 0) {
      continue;
    } else if (g_ascii_string_to_unsigned (*item, 10, 0, 65535, &port, NULL)) {
      sbx_ports_add (set, (guint16) port);
    } else {
      return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                        "\"%s\" is not a TCP port: say numbers from 0 to 65535, all, or none", *item);
    }
  }
  if (set->all)
    g_array_set_size (set->ports, 0);
  return TRUE;
}

static gboolean
apply_calls (SbxPolicy *policy, const SbxFacility *row, const char *value, GError **error)
{
  g_auto (GStrv) list = sbx_list_split (value);

  for (char **item = list; *item; item++) {
    const char *name = *item + (**item == '!');
    gboolean every = row->index == SBX_CALLS_DENY && strcmp (name, "*") == 0;

    if (!every
        && (strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != strlen (name)
            || !*name))
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"%s\" is not the name of a system call", name);
    if (**item == '!')
      sbx_strings_remove (policy->calls[row->index], name);
    else
      sbx_strings_add (policy->calls[row->index], name);
  }
  return TRUE;
}

gboolean
sbx_facility_apply (SbxPolicy *policy, const SbxFacility *row, const char *key, const char *value,
                    const SbxPlaces *places, GError **error)
{
  switch (row->kind) {
  case SBX_KIND_FLAGS:
    return apply_flags (policy, row, value, error);
  case SBX_KIND_LEVEL:
    return apply_level (policy, row, value, error);
  case SBX_KIND_PATHS:
    return row->index == SBX_PATHS_FILES ? apply_files (policy, row, value, places, error)
                                         : apply_persistent (policy, value, error);
  case SBX_KIND_NAMES:
    return apply_names (policy, row, key, value, error);
  case SBX_KIND_PORTS:
    return apply_ports (policy, row, value, error);
  case SBX_KIND_NUMBER:
    return apply_number (policy, row, value, error);
  case SBX_KIND_PAIRS:
    return apply_pairs (policy, row, key, value, error);
  case SBX_KIND_CALLS:
    return apply_calls (policy, row, value, error);
  }
  return FALSE;
}

static char *
format_flags (const SbxFacility *row, guint flags)
{
  GString *text = g_string_new (NULL);

  for (const SbxWord *word = row->words; word->word; word++)
    if (flags & word->value)
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
    else if (row->kind == SBX_KIND_PORTS && (policy->flags[SBX_FLAGS_SHARED] & SBX_SHARED_NETWORK)
             && !policy->ports[row->index].all)
      text = format_ports (&policy->ports[row->index]);
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
