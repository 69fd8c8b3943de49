/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands behind the "=" of a facility's key, read into a policy. */
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

/* "PATH:ro@WHERE", of which @mark is the colon: PATH may be read, and is to be seen at WHERE too. With @remove it loses
 * that name, and stays what it is at its own. */
static gboolean
apply_attached (SbxPolicy *policy, char *item, char *mark, gboolean remove, const SbxPlaces *places, GError **error)
{
  char *at = strchr (mark, '@');
  g_autoptr (GError) problem = NULL;
  g_autofree char *path = NULL, *where = NULL;

  if (strncmp (mark, ":ro@", strlen (":ro@")) != 0)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                      "\"%s\": under another name something is to be read only: say PATH:ro@WHERE", item);
  *mark = '\0';
  path = sbx_paths_resolve (item, places, &problem);
  if (problem) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  where = sbx_attached_read_where (at + 1, places, error);
  if (!where)
    return FALSE;
  if (path && strcmp (path, "/") == 0)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"%s\" cannot have another name inside: name a directory in it",
                      item);
  if (!path)
    return TRUE;
  if (remove) {
    sbx_attached_remove (policy->attached, where, path);
    return TRUE;
  }
  sbx_attached_set (policy->attached, where, path);
  if (sbx_paths_get (policy->paths[SBX_PATHS_FILES], SBX_PATHS_FILES, path) < SBX_ACCESS_RO)
    sbx_paths_set (policy->paths[SBX_PATHS_FILES], path, SBX_ACCESS_RO);
  return TRUE;
}

/* What is taken away is no place for anything else either. */
static gboolean
apply_path (SbxPolicy *policy, const SbxFacility *row, char *item, gboolean remove, const SbxPlaces *places,
            GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autofree char *path = NULL;
  SbxAccess access;

  if (!take_access (row->words, item, &access, error))
    return FALSE;
  path = sbx_paths_resolve (item, places, &problem);
  if (problem) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  if (!path)
    return TRUE;
  sbx_paths_set (policy->paths[SBX_PATHS_FILES], path, remove ? SBX_ACCESS_NONE : access);
  if (remove || access == SBX_ACCESS_NONE)
    sbx_attached_remove_below (policy->attached, path);
  return TRUE;
}

static gboolean
apply_files (SbxPolicy *policy, const SbxFacility *row, const char *value, const SbxPlaces *places, GError **error)
{
  g_auto (GStrv) list = sbx_list_split (value);

  for (char **item = list; *item; item++) {
    gboolean remove = **item == '!', ok;
    char *text = *item + remove, *mark = (char *) sbx_attached_find_mark (text);

    /* "!" and a name that has all of that in it is written with "/" at its end */
    ok = mark && !(remove && g_str_has_suffix (text, "/")) ? apply_attached (policy, text, mark, remove, places, error)
                                                           : apply_path (policy, row, text, remove, places, error);
    if (!ok)
      return FALSE;
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

/* What is allowed is said anew by each who says it; what is denied adds up. */
static gboolean
apply_destinations (SbxPolicy *policy, const SbxFacility *row, const char *value, GError **error)
{
  if (row->index == SBX_TO_ALLOW) {
    policy->allow_named = TRUE;
    g_array_set_size (policy->to[SBX_TO_ALLOW], 0);
  }
  return sbx_destinations_apply (policy->to[row->index], value, error);
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
  case SBX_KIND_DESTINATIONS:
    return apply_destinations (policy, row, value, error);
  case SBX_KIND_PUBLISHED:
    return sbx_published_apply (policy->published, value, error);
  case SBX_KIND_NUMBER:
    return apply_number (policy, row, value, error);
  case SBX_KIND_PAIRS:
    return apply_pairs (policy, row, key, value, error);
  case SBX_KIND_CALLS:
    return apply_calls (policy, row, value, error);
  }
  return FALSE;
}
