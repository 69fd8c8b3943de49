/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Second names: what filesystems=PATH:ro@WHERE says beside PATH:ro.
 *
 * What may be read is a matter of paths of the host alone, in policy-paths.c; a second name opens nothing that the path
 * itself does not, and goes with it. So "!~/x/secret" holds under each name, the score counts the path, and the meet of
 * two policies has the names that both have. */
#include <limits.h>
#include <string.h>

#include "common/error.h"
#include "common/names.h"
#include "common/path.h"
#include "policy/policy-private.h"

static void
clear_row (gpointer data)
{
  SbxAttached *row = data;

  g_free ((char *) row->where);
  g_free ((char *) row->source);
}

GArray *
sbx_attached_new (void)
{
  GArray *rows = g_array_new (FALSE, FALSE, sizeof (SbxAttached));

  g_array_set_clear_func (rows, clear_row);
  return rows;
}

static int
compare (const SbxAttached *a, const char *where, const char *source)
{
  int order = strcmp (a->where, where);

  return order != 0 ? order : strcmp (a->source, source);
}

/* Where the row is, or belongs; they are few. */
static gboolean
find (const GArray *rows, const char *where, const char *source, guint *at)
{
  for (*at = 0; *at < rows->len; (*at)++) {
    int order = compare (&g_array_index (rows, SbxAttached, *at), where, source);

    if (order >= 0)
      return order == 0;
  }
  return FALSE;
}

static void
add (GArray *rows, const char *where, const char *source)
{
  guint at;

  if (!find (rows, where, source, &at)) {
    SbxAttached row = { g_strdup (where), g_strdup (source) };

    g_array_insert_val (rows, at, row);
  }
}

gboolean
sbx_policy_has_attached (const SbxPolicy *policy, const SbxAttached *row)
{
  guint at;

  return find (policy->attached, row->where, row->source, &at);
}

void
sbx_attached_remove_below (GArray *rows, const char *path)
{
  for (guint i = rows->len; i-- > 0;)
    if (sbx_path_is_below (g_array_index (rows, SbxAttached, i).where, path))
      g_array_remove_index (rows, i);
}

void
sbx_attached_set (GArray *rows, const char *where, const char *source)
{
  for (guint i = rows->len; i-- > 0;)
    if (strcmp (g_array_index (rows, SbxAttached, i).where, where) == 0)
      g_array_remove_index (rows, i);
  add (rows, where, source);
}

void
sbx_attached_remove (GArray *rows, const char *where, const char *source)
{
  guint at;

  if (find (rows, where, source, &at))
    g_array_remove_index (rows, at);
}

GArray *
sbx_attached_copy (const GArray *rows)
{
  return sbx_attached_combine (rows, rows, FALSE);
}

GArray *
sbx_attached_combine (const GArray *a, const GArray *b, gboolean least)
{
  GArray *result = sbx_attached_new ();
  guint at;

  for (guint i = 0; i < a->len; i++) {
    const SbxAttached *row = &g_array_index (a, SbxAttached, i);

    if (!least || find (b, row->where, row->source, &at))
      add (result, row->where, row->source);
  }
  for (guint i = 0; !least && i < b->len; i++)
    add (result, g_array_index (b, SbxAttached, i).where, g_array_index (b, SbxAttached, i).source);
  return result;
}

gboolean
sbx_attached_equal (const GArray *a, const GArray *b)
{
  for (guint i = 0; a->len == b->len && i < a->len; i++) {
    const SbxAttached *row = &g_array_index (b, SbxAttached, i);

    if (compare (&g_array_index (a, SbxAttached, i), row->where, row->source) != 0)
      return FALSE;
  }
  return a->len == b->len;
}

void
sbx_attached_normalise (GArray *rows, const GArray *paths)
{
  for (guint i = rows->len; i-- > 0;)
    if (sbx_paths_get (paths, SBX_PATHS_FILES, g_array_index (rows, SbxAttached, i).source) < SBX_ACCESS_RO)
      g_array_remove_index (rows, i);
}

const char *
sbx_attached_find_mark (const char *item)
{
  const char *mark = NULL;

  for (const SbxWord *word = sbx_facility_get (SBX_KIND_PATHS, SBX_PATHS_FILES)->words; word->word; word++) {
    g_autofree char *text = g_strconcat (":", word->word, "@", NULL);
    const char *found = g_strrstr (item, text);

    mark = found && (!mark || found > mark) ? found : mark;
  }
  return mark && !strchr (mark + 1, ':') ? mark : NULL;
}

/* What every sandbox has of its own there, whatever its policy says. */
static const char *
find_own (const char *where, const SbxPlaces *places)
{
  static const char *const trees[] = { "/proc", "/sys",   "/dev",   "/run",    "/usr", "/etc",     "/bin",     "/sbin",
                                       "/lib",  "/lib32", "/lib64", "/libx32", "/opt", "/var/run", "/var/lock" };
  const char *const single[] = { "/", "/tmp", "/var", "/var/tmp", "/home", places->home };

  for (gsize i = 0; i < G_N_ELEMENTS (trees); i++)
    if (sbx_path_is_below (where, trees[i]))
      return trees[i];
  if (places->runtime_dir && sbx_path_is_below (where, places->runtime_dir))
    return places->runtime_dir;
  for (gsize i = 0; i < G_N_ELEMENTS (single); i++)
    if (single[i] && sbx_path_is_below (single[i], where))
      return single[i];
  return NULL;
}

/* What is closed in every sandbox, or above it. */
static gboolean
is_closed (const char *where, const SbxPlaces *places)
{
  g_autofree char *state = places->home ? g_build_filename (places->home, ".local/state", NULL) : NULL;
  g_autofree char *data = places->home ? g_build_filename (places->home, ".local/share", NULL) : NULL;
  g_autofree char *config = places->home ? g_build_filename (places->home, ".config", NULL) : NULL;
  const char *const tops[] = { state, data, config, places->data_home, places->config_home };

  for (gsize i = 0; i < G_N_ELEMENTS (tops); i++) {
    g_autofree char *path = tops[i] ? g_build_filename (tops[i], SBX_RUNTIME_SUBDIR, NULL) : NULL;

    if (path && (sbx_path_is_below (where, path) || sbx_path_is_below (path, where)))
      return TRUE;
  }
  return FALSE;
}

/* An absolute path with nothing in it that would have to be resolved. */
static gboolean
check_plain (const char *word, const char *path, GError **error)
{
  g_autofree char *canonical = sbx_paths_canonical (path, error);

  if (!canonical)
    return FALSE;
  if (!g_utf8_validate (path, -1, NULL) || g_str_has_suffix (path, " "))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"%s\": the name inside is UTF-8, and does not end in a blank",
                      word);
  return strcmp (canonical, path) == 0
         || sbx_throw (error, SBX_ERROR_BAD_OPTION,
                       "\"%s\": the name inside is written without \".\", \"..\" and \"//\", and without \"/\" at its "
                       "end",
                       word);
}

char *
sbx_attached_read_where (const char *word, const SbxPlaces *places, GError **error)
{
  gboolean in_home = g_str_has_prefix (word, "~/");
  g_autofree char *path = in_home && places->home ? g_strconcat (places->home, word + 1, NULL) : g_strdup (word);
  const char *own;

  if (*path != '/') {
    sbx_throw (error, SBX_ERROR_BAD_OPTION,
               "\"%s\" is no name inside: say PATH:ro@/absolute/path, or, where there is a home, PATH:ro@~/path", word);
    return NULL;
  }
  if (!check_plain (word, path, error))
    return NULL;
  own = find_own (path, places);
  if (own) {
    sbx_throw (error, SBX_ERROR_BAD_OPTION,
               "\"%s\" cannot be the name of something else: every sandbox has %s of its own", word, own);
    return NULL;
  }
  if (is_closed (path, places)) {
    sbx_throw (error, SBX_ERROR_BAD_OPTION,
               "\"%s\" cannot be the name of something else: it is closed in every sandbox", word);
    return NULL;
  }
  return g_steal_pointer (&path);
}
