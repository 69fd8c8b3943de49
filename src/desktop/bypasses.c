/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "desktop/bypasses.h"

#include <glib/gi18n.h>
#include <string.h>

#include "desktop/app-profiles.h"
#include "desktop/exec.h"
#include "desktop/wrap.h"

typedef struct {
  const SbxDesktopPlaces *places;
  const SbxDesktopRecord *record;
  GPtrArray *programs; /* that the application starts; absolute */
  GHashTable *bare;    /* ids of desktop entries in force that start one of them unwrapped */
  GPtrArray *ways;
} Look;

void
sbx_bypass_free (SbxBypass *way)
{
  g_free (way->path);
  g_free (way->detail);
  g_free (way);
}

static void add (Look *look, const char *kind, const char *path, const char *format, ...) G_GNUC_PRINTF (4, 5);

static void
add (Look *look, const char *kind, const char *path, const char *format, ...)
{
  SbxBypass *way = g_new0 (SbxBypass, 1);
  va_list args;

  va_start (args, format);
  way->detail = g_strdup_vprintf (format, args);
  va_end (args);
  way->kind = kind;
  way->path = g_strdup (path);
  g_ptr_array_add (look->ways, way);
}

static gboolean
is_program (const Look *look, const char *path)
{
  for (guint i = 0; i < look->programs->len; i++)
    if (sbx_desktop_same_program (g_ptr_array_index (look->programs, i), path))
      return TRUE;
  return FALSE;
}

static gboolean
starts_program (const Look *look, const SbxDesktopEntry *entry, const char *group)
{
  g_autoptr (GPtrArray) programs = sbx_desktop_places_programs (look->places, entry, group);

  for (guint i = 0; i < programs->len; i++)
    if (is_program (look, g_ptr_array_index (programs, i)))
      return TRUE;
  return FALSE;
}

static void
look_at_entries (Look *look, SbxDesktopKind kind, const char *name)
{
  g_autoptr (GPtrArray) files = sbx_desktop_places_list (look->places, kind, NULL);

  for (guint i = 0; i < files->len; i++) {
    const SbxDesktopFile *file = g_ptr_array_index (files, i);
    g_autoptr (SbxDesktopEntry) entry = sbx_desktop_entry_read (file->file, SBX_DESKTOP_GROUP, NULL);

    if (!entry || sbx_desktop_entry_get_boolean (entry, SBX_DESKTOP_GROUP, "Hidden")
        || sbx_desktop_entry_is_wrapped (entry))
      continue;
    if (!starts_program (look, entry, SBX_DESKTOP_GROUP) && !g_str_equal (file->id, look->record->id))
      continue;
    if (kind == SBX_DESKTOP_APPLICATIONS)
      g_hash_table_add (look->bare, g_strdup (file->id));
    add (look, name, file->path,
         kind == SBX_DESKTOP_AUTOSTART ? _ ("is started at login without a sandbox") : _ ("starts the same program"));
  }
}

static gboolean
is_wrapped_service (const SbxDesktopEntry *service)
{
  const char *exec = sbx_desktop_entry_get (service, SBX_DBUS_SERVICE_GROUP, "Exec");
  g_auto (GStrv) argv = exec ? sbx_exec_split_shell (exec, NULL) : NULL;
  g_auto (GStrv) inner = argv ? sbx_unwrap_argv ((const char *const *) argv) : NULL;

  return inner && !sbx_desktop_entry_get (service, SBX_DBUS_SERVICE_GROUP, "SystemdService");
}

/* What is in force for a name is the file in the first directory, whatever that file is called. */
static GHashTable *
wrapped_names (const Look *look)
{
  GHashTable *names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *own = sbx_desktop_places_own (look->places, SBX_DESKTOP_SERVICES);
  g_autoptr (GDir) files = g_dir_open (own, 0, NULL);
  const char *file;

  while (files && (file = g_dir_read_name (files))) {
    g_autofree char *path = g_build_filename (own, file, NULL);
    g_autoptr (SbxDesktopEntry) service = sbx_desktop_entry_read (path, SBX_DBUS_SERVICE_GROUP, NULL);
    const char *name = service ? sbx_desktop_entry_get (service, SBX_DBUS_SERVICE_GROUP, "Name") : NULL;

    if (name && is_wrapped_service (service))
      g_hash_table_add (names, g_strdup (name));
  }
  return names;
}

static void
look_at_services (Look *look)
{
  g_autoptr (GPtrArray) files = sbx_desktop_places_list (look->places, SBX_DESKTOP_SERVICES, NULL);
  g_autoptr (GHashTable) wrapped = wrapped_names (look);
  g_autofree char *own_name = g_strndup (look->record->id, strlen (look->record->id) - strlen (".desktop"));

  for (guint i = 0; i < files->len; i++) {
    const SbxDesktopFile *file = g_ptr_array_index (files, i);
    g_autoptr (SbxDesktopEntry) service = sbx_desktop_entry_read (file->file, SBX_DBUS_SERVICE_GROUP, NULL);
    const char *name = service ? sbx_desktop_entry_get (service, SBX_DBUS_SERVICE_GROUP, "Name") : NULL;

    if (name && !g_hash_table_contains (wrapped, name) && !is_wrapped_service (service)
        && (g_str_equal (name, own_name) || starts_program (look, service, SBX_DBUS_SERVICE_GROUP)))
      add (look, "dbus", file->path, _ ("is started over D-Bus when somebody calls %s"), name);
  }
}

/* mimeapps.list: "type=id;id;" in [Default Applications] and [Added Associations]. */
static void
look_at_mime_file (Look *look, const char *path)
{
  static const char *const groups[] = { "Default Applications", "Added Associations" };
  g_autoptr (GKeyFile) file = g_key_file_new ();
  gsize size;
  g_autofree char *text = sbx_desktop_read_file (path, SBX_DESKTOP_MAX, &size, NULL);

  if (!text || !g_key_file_load_from_data (file, text, size, G_KEY_FILE_NONE, NULL))
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (groups); i++) {
    g_auto (GStrv) types = g_key_file_get_keys (file, groups[i], NULL, NULL);

    for (char **type = types; type && *type; type++) {
      g_auto (GStrv) ids = g_key_file_get_string_list (file, groups[i], *type, NULL, NULL);

      for (char **id = ids; id && *id; id++)
        if (g_hash_table_contains (look->bare, *id))
          add (look, "mime-default", path, _ ("%s is opened with %s"), *type, *id);
    }
  }
}

/* The order of the Association between MIME types and applications specification; "$desktop-mimeapps.list" as well. */
static void
look_at_mime (Look *look)
{
  const char *current = g_getenv ("XDG_CURRENT_DESKTOP");
  g_auto (GStrv) desktops = g_strsplit (current ? current : "", ":", -1);
  g_autoptr (GPtrArray) dirs = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_add (dirs, g_strdup (look->places->config_home));
  for (char **dir = look->places->config_dirs; *dir; dir++)
    g_ptr_array_add (dirs, g_strdup (*dir));
  g_ptr_array_add (dirs, g_build_filename (look->places->data_home, "applications", NULL));
  for (char **dir = look->places->data_dirs; *dir; dir++)
    g_ptr_array_add (dirs, g_build_filename (*dir, "applications", NULL));
  for (guint i = 0; i < dirs->len; i++) {
    g_autofree char *path = g_build_filename (g_ptr_array_index (dirs, i), "mimeapps.list", NULL);

    look_at_mime_file (look, path);
    for (char **desktop = desktops; *desktop; desktop++) {
      g_autofree char *lower = g_ascii_strdown (*desktop, -1);
      g_autofree char *special = g_strdup_printf ("%s/%s-mimeapps.list", (char *) g_ptr_array_index (dirs, i), lower);

      if (**desktop)
        look_at_mime_file (look, special);
    }
  }
}

/* Names in PATH that come to one of the programs. */
static void
look_at_commands (Look *look)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (char **dir = look->places->path; *dir; dir++) {
    g_autoptr (GDir) names = g_dir_open (*dir, 0, NULL);
    const char *name;

    while (names && (name = g_dir_read_name (names))) {
      g_autofree char *path = g_build_filename (*dir, name, NULL);
      g_autofree char *own = g_build_filename (look->places->bin_dir, name, NULL);
      gboolean wrapped = FALSE;

      for (guint i = 0; i < look->record->items->len; i++)
        wrapped = wrapped || g_str_equal (((SbxDesktopItem *) g_ptr_array_index (look->record->items, i))->path, own);
      wrapped = wrapped && g_file_test (own, G_FILE_TEST_IS_EXECUTABLE) && look->places->bin_dir_first;
      if (wrapped || !is_program (look, path) || !g_hash_table_add (seen, g_strdup (name)))
        continue;
      if (!look->places->bin_dir_first && g_file_test (own, G_FILE_TEST_IS_EXECUTABLE))
        add (look, "command", path, _ ("comes before %s in PATH"), look->places->bin_dir);
      else
        add (look, "command", path, _ ("can be typed in a terminal"));
    }
  }
}

static void
look_at_units_in (Look *look, const char *dir)
{
  g_autoptr (GDir) names = g_dir_open (dir, 0, NULL);
  const char *name;

  while (names && (name = g_dir_read_name (names))) {
    g_autofree char *path = g_build_filename (dir, name, NULL), *text = NULL;
    g_auto (GStrv) lines = NULL;
    gsize size;

    if (g_str_has_suffix (name, ".service"))
      text = sbx_desktop_read_file (path, SBX_DESKTOP_MAX, &size, NULL);
    lines = g_strsplit (text ? text : "", "\n", -1);
    for (char **line = lines; *line; line++) {
      g_auto (GStrv) argv = NULL;

      /* systemd.service(5): prefixes of the command */
      if (g_str_has_prefix (*line, "ExecStart=")
          && g_shell_parse_argv (*line + strlen ("ExecStart=") + strspn (*line + strlen ("ExecStart="), "@-:+!"), NULL,
                                 &argv, NULL)
          && is_program (look, argv[0])) {
        add (look, "systemd", path, _ ("is a service of the user's systemd that starts it"));
        break;
      }
    }
  }
}

static void
look_at_units (Look *look)
{
  static const char *const dirs[] = { "/etc/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user" };
  g_autofree char *own = g_build_filename (look->places->config_home, "systemd", "user", NULL);

  look_at_units_in (look, own);
  for (gsize i = 0; i < G_N_ELEMENTS (dirs); i++)
    look_at_units_in (look, dirs[i]);
}

/* Files that we have put there and that are gone or changed. */
static void
look_at_items (Look *look)
{
  for (guint i = 0; i < look->record->items->len; i++) {
    const SbxDesktopItem *item = g_ptr_array_index (look->record->items, i);

    if (!g_file_test (item->path, G_FILE_TEST_EXISTS))
      add (look, "gone", item->path, _ ("is not there any more; install again"));
    else if (!sbx_desktop_item_is_in_place (item))
      add (look, "gone", item->path, _ ("has been changed by somebody; install again"));
  }
}

GPtrArray *
sbx_desktop_find_bypasses (const SbxDesktopPlaces *places, const SbxDesktopRecord *record)
{
  g_autoptr (GPtrArray) programs = NULL;
  g_autoptr (GHashTable) bare = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GPtrArray *ways = g_ptr_array_new_with_free_func ((GDestroyNotify) sbx_bypass_free);
  Look look = { .places = places, .record = record, .bare = bare, .ways = ways };

  /* From what is in force; where that is gone, from what it was made from */
  for (guint i = 0; i <= record->items->len && (!programs || programs->len == 0); i++) {
    const SbxDesktopItem *item = i < record->items->len ? g_ptr_array_index (record->items, i) : NULL;
    g_autoptr (SbxDesktopEntry) entry = NULL;

    if (item && !g_str_equal (item->kind, "launcher"))
      continue;
    entry = sbx_desktop_entry_read (item ? item->path : record->source, SBX_DESKTOP_GROUP, NULL);
    g_clear_pointer (&programs, g_ptr_array_unref);
    programs = entry ? sbx_desktop_places_programs (places, entry, SBX_DESKTOP_GROUP) : NULL;
  }
  if (!programs)
    programs = g_ptr_array_new_with_free_func (g_free);
  look.programs = programs;
  look_at_items (&look);
  look_at_entries (&look, SBX_DESKTOP_APPLICATIONS, "launcher");
  look_at_entries (&look, SBX_DESKTOP_AUTOSTART, "autostart");
  look_at_services (&look);
  look_at_mime (&look);
  look_at_commands (&look);
  look_at_units (&look);
  return ways;
}
