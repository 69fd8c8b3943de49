/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/desktop-advice.h"

#include <string.h>

#include "common/error.h"
#include "common/path.h"
#include "desktop/obstacles.h"
#include "desktop/wrap.h"
#include "policy/nearest.h"

/* What every sandbox has. */
static const char *const system_places[] = { "/usr", "/opt", "/bin", "/sbin", "/lib", "/lib64", "/etc" };

static gboolean
is_shown (const char *path, gpointer data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (system_places); i++)
    if (sbx_path_is_below (path, system_places[i]))
      return TRUE;
  return sbx_policy_get_access (data, path) != SBX_ACCESS_NONE;
}

static GPtrArray *
find (const SbxDesktopPlaces *places, const SbxDesktopEntry *entry, const SbxPolicy *policy)
{
  return sbx_desktop_find_obstacles (places, entry, is_shown, (gpointer) policy);
}

static char *
describe (const SbxObstacle *obstacle, const char *profile)
{
  if (!obstacle->show)
    return g_strdup (obstacle->text);
  return g_strdup_printf (_ ("%s; `sandboxctl override %s --filesystem=%s:ro` shows it"), obstacle->text, profile,
                          obstacle->show);
}

gboolean
sbx_advice_check (const SbxDesktopPlaces *places, const SbxDesktopEntry *entry, const SbxPolicy *policy,
                  const char *profile, GError **error)
{
  g_autoptr (GPtrArray) found = find (places, entry, policy);
  g_autofree char *text = found->len > 0 ? describe (found->pdata[0], profile) : NULL;

  return !text
         || sbx_throw (error, SBX_ERROR_NOT_SUPPORTED, _ ("a click could not work: %s (--force: all the same)"), text);
}

char **
sbx_advice_warnings (const SbxDesktopPlaces *places, const SbxDesktopEntry *entry, const SbxPolicy *policy,
                     const char *profile)
{
  g_autoptr (GPtrArray) found = find (places, entry, policy);
  g_autoptr (GStrvBuilder) lines = g_strv_builder_new ();

  for (guint i = 0; i < found->len; i++) {
    g_autofree char *line = describe (found->pdata[i], profile);

    g_strv_builder_add (lines, line);
  }
  return g_strv_builder_end (lines);
}

char *
sbx_advice_of_kind (const SbxDesktopKindFound *found)
{
  if (strcmp (found->profile, "online") == 0)
    return g_strdup_printf (_ ("it is made for the network (%s), and gets that; --profile=desktop is without"),
                            found->because);
  return g_strdup_printf (_ ("it is built on Chromium (%s), and gets the network, and user namespaces for its own "
                             "sandbox; --profile=desktop is without both"),
                          found->because);
}

/* Where programs keep what is theirs, other than in a directory of their own name. */
static const struct {
  const char *program, *place;
} own_places[] = {
  { "firefox", ".mozilla" },
  { "firefox-esr", ".mozilla" },
  { "thunderbird", ".thunderbird" },
  { "chromium", ".config/chromium" },
  { "gimp", ".config/GIMP" },
  { "soffice", ".config/libreoffice" },
  { "libreoffice", ".config/libreoffice" },
  { "pidgin", ".purple" },
  { "code", ".config/Code" },
  { "signal-desktop", ".config/Signal" },
  { "slack", ".config/Slack" },
  { "element-desktop", ".config/Element" },
};

static char *
find_own_place (const SbxDesktopPlaces *places, const char *name)
{
  static const char *const usual[] = { ".config", ".local/share" };

  for (gsize i = 0; i < G_N_ELEMENTS (own_places); i++)
    if (strcmp (own_places[i].program, name) == 0) {
      g_autofree char *path = g_build_filename (places->home, own_places[i].place, NULL);

      return g_file_test (path, G_FILE_TEST_IS_DIR) ? g_strdup (own_places[i].place) : NULL;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (usual); i++) {
    g_autofree char *place = g_build_filename (usual[i], name, NULL);
    g_autofree char *path = g_build_filename (places->home, place, NULL);

    if (g_file_test (path, G_FILE_TEST_IS_DIR))
      return g_steal_pointer (&place);
  }
  return NULL;
}

char *
sbx_advice_import (const SbxDesktopPlaces *places, const char *program, const char *app_id)
{
  g_autofree char *name = g_path_get_basename (program), *place = find_own_place (places, name);
  g_autofree char *kept = g_build_filename (places->data_home, SBX_RUNTIME_SUBDIR, app_id, NULL);
  g_autofree char *there = place ? g_build_filename (kept, place, NULL) : NULL;
  g_autofree char *above = there ? g_path_get_dirname (there) : NULL;

  if (!place || g_file_test (there, G_FILE_TEST_EXISTS))
    return NULL;
  return g_strdup_printf (_ ("it begins with an empty home; what it has in ~/%s is not taken over. For that: "
                             "mkdir -p %s && cp -a ~/%s %s/"),
                          place, above, place, above);
}

char *
sbx_advice_nearest (const SbxDesktopPlaces *places, const char *name)
{
  g_autoptr (GPtrArray) files = sbx_desktop_places_list (places, SBX_DESKTOP_APPLICATIONS, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);
  const char *near;

  for (guint i = 0; i < files->len; i++) {
    const SbxDesktopFile *file = g_ptr_array_index (files, i);
    char *base = g_strndup (file->id, strlen (file->id) - MIN (strlen (file->id), strlen (".desktop")));
    const char *dot = strrchr (base, '.');

    g_ptr_array_add (names, base);
    g_hash_table_insert (ids, base, file->id);
    if (dot) {
      char *last = g_ascii_strdown (dot + 1, -1);

      g_ptr_array_add (names, last);
      g_hash_table_insert (ids, last, file->id);
    }
  }
  g_ptr_array_add (names, NULL);
  near = sbx_nearest_word (name, (const char *const *) names->pdata);
  return near ? g_strdup (g_hash_table_lookup (ids, near)) : NULL;
}

/* Parts of a desktop: what they do, a sandbox forbids. */
static gboolean
is_desktops_own (const SbxDesktopEntry *entry)
{
  static const char *const categories[] = { "Settings",    "System",           "PackageManager",        "FileManager",
                                            "Screensaver", "TerminalEmulator", "X-GNOME-Settings-Panel" };
  g_auto (GStrv) own = sbx_desktop_entry_get_list (entry, SBX_DESKTOP_GROUP, "Categories");

  for (gsize i = 0; i < G_N_ELEMENTS (categories); i++)
    if (g_strv_contains ((const char *const *) own, categories[i]))
      return TRUE;
  return FALSE;
}

char **
sbx_advice_all (const SbxDesktopPlaces *places, GHashTable *view)
{
  g_autoptr (GPtrArray) files = sbx_desktop_places_list (places, SBX_DESKTOP_APPLICATIONS, view);
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();

  for (guint i = 0; i < files->len; i++) {
    const SbxDesktopFile *file = g_ptr_array_index (files, i);
    g_autoptr (SbxDesktopEntry) entry = sbx_desktop_entry_read (file->file, SBX_DESKTOP_GROUP, NULL);

    if (entry && sbx_desktop_entry_get (entry, SBX_DESKTOP_GROUP, "Exec")
        && !sbx_desktop_entry_get_boolean (entry, SBX_DESKTOP_GROUP, "NoDisplay")
        && !sbx_desktop_entry_get_boolean (entry, SBX_DESKTOP_GROUP, "Hidden") && !sbx_desktop_entry_is_wrapped (entry)
        && !is_desktops_own (entry))
      g_strv_builder_add (ids, file->id);
  }
  return g_strv_builder_end (ids);
}
