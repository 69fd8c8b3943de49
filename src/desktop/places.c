/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "desktop/places.h"

#include <string.h>
#include <sys/stat.h>

#include "desktop/exec.h"
#include "desktop/wrap.h"

SbxDesktopPlaces *
sbx_desktop_places_new (void)
{
  SbxDesktopPlaces *self = g_new0 (SbxDesktopPlaces, 1);
  const char *path = g_getenv ("PATH");
  g_auto (GStrv) all = g_strsplit (path ? path : "/usr/local/bin:/usr/bin:/bin", ":", -1);
  g_autoptr (GStrvBuilder) dirs = g_strv_builder_new ();
  gboolean other = FALSE;

  self->home = g_strdup (g_get_home_dir ());
  self->data_home = g_strdup (g_get_user_data_dir ());
  self->config_home = g_strdup (g_get_user_config_dir ());
  self->state_home = g_strdup (g_get_user_state_dir ());
  self->data_dirs = g_strdupv ((char **) g_get_system_data_dirs ());
  self->config_dirs = g_strdupv ((char **) g_get_system_config_dirs ());
  self->bin_dir = g_build_filename (self->home, ".local", "bin", NULL);
  for (char **dir = all; *dir; dir++) {
    if (g_str_equal (*dir, self->bin_dir)) {
      self->bin_dir_first = self->bin_dir_first || !other;
    } else if (g_path_is_absolute (*dir)) {
      g_strv_builder_add (dirs, *dir);
      other = TRUE;
    }
  }
  self->path = g_strv_builder_end (dirs);
  return self;
}

void
sbx_desktop_places_free (SbxDesktopPlaces *self)
{
  g_free (self->home);
  g_free (self->data_home);
  g_free (self->config_home);
  g_free (self->state_home);
  g_free (self->bin_dir);
  g_strfreev (self->data_dirs);
  g_strfreev (self->config_dirs);
  g_strfreev (self->path);
  g_free (self);
}

void
sbx_desktop_file_free (SbxDesktopFile *file)
{
  g_free (file->id);
  g_free (file->path);
  g_free (file->file);
  g_free (file);
}

static const struct {
  const char *subdir, *suffix;
  gboolean config, deep; /* below the configuration; "a/b.desktop" is the id "a-b.desktop" */
} kinds[] = {
  [SBX_DESKTOP_APPLICATIONS] = { "applications", ".desktop", FALSE, TRUE },
  [SBX_DESKTOP_AUTOSTART] = { "autostart", ".desktop", TRUE, FALSE },
  [SBX_DESKTOP_SERVICES] = { "dbus-1/services", ".service", FALSE, FALSE },
};

char *
sbx_desktop_places_own (const SbxDesktopPlaces *self, SbxDesktopKind kind)
{
  return g_build_filename (kinds[kind].config ? self->config_home : self->data_home, kinds[kind].subdir, NULL);
}

typedef struct {
  GPtrArray *files;
  GHashTable *ids;
  GHashTable *view;
  SbxDesktopKind kind;
} Walk;

#define DEPTH_MAX 4

static void
add_file (Walk *walk, const char *path, char *id)
{
  const char *other = walk->view ? g_hash_table_lookup (walk->view, path) : NULL;
  SbxDesktopFile *file;

  if (!g_str_has_suffix (id, kinds[walk->kind].suffix) || (other && !*other) || g_hash_table_contains (walk->ids, id)) {
    g_free (id);
    return;
  }
  file = g_new0 (SbxDesktopFile, 1);
  file->id = id;
  file->path = g_strdup (path);
  file->file = g_strdup (other ? other : path);
  g_hash_table_add (walk->ids, file->id);
  g_ptr_array_add (walk->files, file);
}

static void
walk_directory (Walk *walk, const char *dir, const char *prefix, guint depth)
{
  g_autoptr (GDir) names = g_dir_open (dir, 0, NULL);
  const char *name;

  while (names && (name = g_dir_read_name (names))) {
    g_autofree char *path = g_build_filename (dir, name, NULL), *id = g_strconcat (prefix, name, NULL);

    if (!g_utf8_validate (id, -1, NULL))
      continue;
    if (!g_file_test (path, G_FILE_TEST_IS_DIR)) {
      add_file (walk, path, g_steal_pointer (&id));
    } else if (kinds[walk->kind].deep && depth < DEPTH_MAX) {
      g_autofree char *below = g_strconcat (id, "-", NULL);

      walk_directory (walk, path, below, depth + 1);
    }
  }
}

static int
compare_files (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(const SbxDesktopFile *const *) a)->id, (*(const SbxDesktopFile *const *) b)->id);
}

GPtrArray *
sbx_desktop_places_list (const SbxDesktopPlaces *self, SbxDesktopKind kind, GHashTable *view)
{
  GPtrArray *files = g_ptr_array_new_with_free_func ((GDestroyNotify) sbx_desktop_file_free);
  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree char *own = sbx_desktop_places_own (self, kind);
  Walk walk = { files, ids, view, kind };

  walk_directory (&walk, own, "", 0);
  for (char **dir = kinds[kind].config ? self->config_dirs : self->data_dirs; *dir; dir++) {
    g_autofree char *path = g_build_filename (*dir, kinds[kind].subdir, NULL);

    walk_directory (&walk, path, "", 0);
  }
  g_ptr_array_sort (files, compare_files);
  return files;
}

char *
sbx_desktop_places_find_program (const SbxDesktopPlaces *self, const char *program)
{
  if (g_path_is_absolute (program))
    return g_file_test (program, G_FILE_TEST_IS_EXECUTABLE) ? g_strdup (program) : NULL;
  for (char **dir = self->path; *dir && !strchr (program, '/'); dir++) {
    g_autofree char *path = g_build_filename (*dir, program, NULL);

    if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE) && !g_file_test (path, G_FILE_TEST_IS_DIR))
      return g_steal_pointer (&path);
  }
  return NULL;
}

gboolean
sbx_desktop_same_program (const char *a, const char *b)
{
  struct stat first, second;

  return g_str_equal (a, b)
         || (stat (a, &first) == 0 && stat (b, &second) == 0 && first.st_dev == second.st_dev
             && first.st_ino == second.st_ino);
}

static void
add_program (const SbxDesktopPlaces *self, GPtrArray *programs, char **argv)
{
  g_auto (GStrv) inner = sbx_unwrap_argv ((const char *const *) argv);
  const char *name = sbx_exec_program ((const char *const *) (inner ? inner : argv));
  g_autofree char *path = name ? sbx_desktop_places_find_program (self, name) : NULL;

  for (guint i = 0; path && i < programs->len; i++)
    if (g_str_equal (g_ptr_array_index (programs, i), path))
      return;
  if (path)
    g_ptr_array_add (programs, g_steal_pointer (&path));
}

static void
add_value (const SbxDesktopPlaces *self, GPtrArray *programs, const char *value, gboolean service)
{
  g_auto (GStrv) argv = service ? sbx_exec_split_shell (value, NULL) : sbx_exec_split (value, NULL);

  if (argv && *argv)
    add_program (self, programs, argv);
}

GPtrArray *
sbx_desktop_places_programs (const SbxDesktopPlaces *self, const SbxDesktopEntry *entry, const char *group)
{
  GPtrArray *programs = g_ptr_array_new_with_free_func (g_free);
  g_autofree const char **groups = sbx_desktop_entry_groups (entry);
  gboolean service = g_str_equal (group, SBX_DBUS_SERVICE_GROUP);

  for (gsize i = 0; groups[i]; i++) {
    g_autofree const char **keys = sbx_desktop_entry_keys (entry, groups[i]);

    for (gsize j = 0; keys[j]; j++)
      /* Translations too: some desktops start those */
      if (g_str_equal (keys[j], "Exec") || g_str_has_prefix (keys[j], "Exec["))
        add_value (self, programs, sbx_desktop_entry_get (entry, groups[i], keys[j]), service);
  }
  return programs;
}
