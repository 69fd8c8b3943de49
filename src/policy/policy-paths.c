/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* File systems: a function from paths to access, written as the points where it changes on the way down.
 * Everything here is about names: no file is looked at and no link is followed. */
#include <limits.h>
#include <string.h>

#include "common/error.h"
#include "common/path.h"
#include "policy/policy-private.h"

static void
clear_rule (gpointer data)
{
  g_free ((char *) ((SbxPathRule *) data)->path);
}

GArray *
sbx_paths_new (void)
{
  GArray *rules = g_array_new (FALSE, FALSE, sizeof (SbxPathRule));

  g_array_set_clear_func (rules, clear_rule);
  return rules;
}

GArray *
sbx_paths_copy (const GArray *rules)
{
  GArray *copy = sbx_paths_new ();

  for (guint i = 0; i < rules->len; i++) {
    SbxPathRule rule = g_array_index (rules, SbxPathRule, i);

    rule.path = g_strdup (rule.path);
    g_array_append_val (copy, rule);
  }
  return copy;
}

/* Where the rule for the first @n bytes of @path is, or belongs. */
static gboolean
find_rule (const GArray *rules, const char *path, gsize n, guint *at)
{
  guint low = 0, high = rules->len;

  while (low < high) {
    guint middle = low + (high - low) / 2;
    const char *other = g_array_index (rules, SbxPathRule, middle).path;
    int order = strncmp (other, path, n);

    if (order == 0 && other[n] == '\0') {
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
sbx_paths_set (GArray *rules, const char *path, SbxAccess access)
{
  SbxPathRule rule = { NULL, access };
  guint at;

  if (find_rule (rules, path, strlen (path), &at)) {
    g_array_index (rules, SbxPathRule, at).access = access;
    return;
  }
  rule.path = g_strdup (path);
  g_array_insert_val (rules, at, rule);
}

static const char *const host_places[] = { "/boot", "/data", "/home", "/media", "/mnt", "/root", "/srv", "/var", NULL };

const char *const *
sbx_path_host_places (void)
{
  return host_places;
}

gboolean
sbx_path_is_of_host (const char *path)
{
  for (gsize i = 0; host_places[i]; i++)
    if (sbx_path_is_below (path, host_places[i]))
      return TRUE;
  return strcmp (path, "/") == 0;
}

/* The access at @path as its nearest named ancestor says; @self: a rule for @path itself counts too. */
static SbxAccess
access_at (const GArray *rules, SbxPathsIndex kind, const char *path, gboolean self)
{
  gsize n = strlen (path);
  guint at;

  while (!self || !find_rule (rules, path, n, &at)) {
    self = TRUE;
    if (n == 1) /* "/" */
      return SBX_ACCESS_NONE;
    while (path[n - 1] != '/')
      n--;
    if (n > 1)
      n--;
    if (n == 1 && kind == SBX_PATHS_FILES && !sbx_path_is_of_host (path))
      return SBX_ACCESS_NONE;
  }
  return g_array_index (rules, SbxPathRule, at).access;
}

SbxAccess
sbx_paths_get (const GArray *rules, SbxPathsIndex kind, const char *path)
{
  return access_at (rules, kind, path, TRUE);
}

void
sbx_paths_normalise (GArray *rules, SbxPathsIndex kind)
{
  /* Parents come first, so what remains of them is settled before their children are looked at */
  for (guint i = 0; i < rules->len;) {
    const SbxPathRule *rule = &g_array_index (rules, SbxPathRule, i);

    if (access_at (rules, kind, rule->path, FALSE) == rule->access)
      g_array_remove_index (rules, i);
    else
      i++;
  }
}

GArray *
sbx_paths_combine (const GArray *a, const GArray *b, SbxPathsIndex kind, gboolean least)
{
  const GArray *const sides[] = { a, b };
  GArray *result = sbx_paths_new ();

  for (guint side = 0; side < 2; side++)
    for (guint i = 0; i < sides[side]->len; i++) {
      const char *path = g_array_index (sides[side], SbxPathRule, i).path;
      SbxAccess in_a = sbx_paths_get (a, kind, path), in_b = sbx_paths_get (b, kind, path);

      sbx_paths_set (result, path, least ? MIN (in_a, in_b) : MAX (in_a, in_b));
    }
  sbx_paths_normalise (result, kind);
  return result;
}

char *
sbx_paths_canonical (const char *path, GError **error)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new ();
  g_auto (GStrv) split = g_strsplit (path, "/", -1);
  g_autofree char *joined = NULL;

  if (strlen (path) >= PATH_MAX) {
    sbx_throw (error, SBX_ERROR_BAD_OPTION, "a path of more than %d bytes", PATH_MAX - 1);
    return NULL;
  }
  for (const char *p = path; *p; p++)
    if ((guchar) *p < ' ' || *p == 0x7f) {
      sbx_throw (error, SBX_ERROR_BAD_OPTION, "a path with a control character");
      return NULL;
    }
  for (guint i = 0; split[i]; i++) {
    if (split[i][0] == '\0' || strcmp (split[i], ".") == 0)
      continue;
    if (strcmp (split[i], "..") != 0) {
      g_ptr_array_add (parts, split[i]);
    } else if (parts->len > 0) {
      g_ptr_array_set_size (parts, (gint) parts->len - 1);
    } else {
      sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"%s\" leads above the root directory", path);
      return NULL;
    }
  }
  g_ptr_array_add (parts, NULL);
  joined = g_strjoinv ("/", (char **) parts->pdata);
  return g_strconcat ("/", joined, NULL);
}

char *
sbx_paths_usual (char *path)
{
  static const char other[] = "/var/run";

  if (sbx_path_is_below (path, other)) {
    gsize over = strlen ("/var");

    memmove (path, path + over, strlen (path + over) + 1);
  }
  return path;
}

static char *
resolve_absolute (const char *path, GError **error)
{
  char *canonical = sbx_paths_canonical (path, error);

  return canonical ? sbx_paths_usual (canonical) : NULL;
}

/* A directory that is the home itself does not count: user-dirs.dirs(5) switches it off like that. */
static char *
find_user_directory (const SbxPlaces *places, const SbxPathWord *row)
{
  const char *set = places->xdg_dirs ? places->xdg_dirs[row->directory] : NULL;

  if (!places->home || g_strcmp0 (set, places->home) == 0)
    return NULL;
  return set ? g_strdup (set) : g_build_filename (places->home, row->usual, NULL);
}

/* The directory that the first component of @word (@n bytes) stands for, or NULL where there is none. FALSE when it is
 * no such word. */
static gboolean
find_base (const char *word, gsize n, const SbxPlaces *places, char **base)
{
  for (const SbxPathWord *row = sbx_path_words; row->word; row++) {
    if (strlen (row->word) != n || strncmp (word, row->word, n) != 0)
      continue;
    if (row->path)
      *base = g_strdup (row->path);
    else
      *base = row->usual ? find_user_directory (places, row)
                         : g_strdup (G_STRUCT_MEMBER (const char *, places, row->place));
    return TRUE;
  }
  return FALSE;
}

char *
sbx_paths_resolve (const char *word, const SbxPlaces *places, GError **error)
{
  gsize n = strcspn (word, "/");
  g_autofree char *base = NULL, *joined = NULL;

  if (word[0] == '/')
    return resolve_absolute (word, error);
  if (!find_base (word, n, places, &base)) {
    sbx_throw (error, SBX_ERROR_BAD_OPTION,
               "\"%s\" is not a path: say /absolute/path, ~/path, home, host, or xdg-download and the like", word);
    return NULL;
  }
  if (!base || base[0] != '/')
    return NULL;
  joined = g_strconcat (base, word + n, NULL);
  return resolve_absolute (joined, error);
}
