/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandboxctl desktop: launchers that start applications in sandboxes. Only the user's own files are written. */
#include <stdio.h>
#include <string.h>

#include "cli/link/service.h"
#include "cli/text/output.h"
#include "cli/verbs/functions.h"
#include "common/error.h"
#include "desktop/bypasses.h"
#include "desktop/install.h"
#include "desktop/portal.h"

typedef struct {
  SbxDesktopPlaces *places;
  SbxService *service;
  char *profile;
  gboolean force, json, no_portal;
  char **words; /* what follows the sub-verb */
  JsonArray *array;
} Desktop;

/* Whether the service knows @profile, and whether that has an application id of its own. */
static gboolean
ask_profile (Desktop *self, const char *profile, gboolean *has_app_id, GError **error)
{
  g_autoptr (GVariant) reply = NULL, details = NULL;
  g_autofree char *valid = g_utf8_make_valid (profile, -1);
  const char *app_id = "";

  if (!self->service)
    self->service = sbx_service_open (error);
  if (!self->service)
    return FALSE;
  reply = sbx_service_call (self->service, SBX_MANAGER_PATH, SBX_MANAGER_INTERFACE, "GetProfile",
                            g_variant_new ("(s)", valid), NULL, error);
  if (!reply)
    return FALSE;
  details = g_variant_get_child_value (reply, 2);
  g_variant_lookup (details, "app-id", "&s", &app_id);
  *has_app_id = *app_id != '\0';
  return TRUE;
}

static JsonArray *
files_to_json (const SbxDesktopRecord *record)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < record->items->len; i++) {
    const SbxDesktopItem *item = g_ptr_array_index (record->items, i);
    JsonObject *object = json_object_new ();
    g_autofree char *path = g_utf8_make_valid (item->path, -1);

    json_object_set_string_member (object, "kind", item->kind);
    json_object_set_string_member (object, "path", path);
    json_array_add_object_element (array, object);
  }
  return array;
}

static JsonArray *
ways_to_json (GPtrArray *ways)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < ways->len; i++) {
    const SbxBypass *way = g_ptr_array_index (ways, i);
    JsonObject *object = json_object_new ();
    g_autofree char *path = g_utf8_make_valid (way->path, -1), *detail = g_utf8_make_valid (way->detail, -1);

    json_object_set_string_member (object, "kind", way->kind);
    json_object_set_string_member (object, "path", path);
    json_object_set_string_member (object, "detail", detail);
    json_array_add_object_element (array, object);
  }
  return array;
}

static void
add_json (Desktop *self, const SbxDesktopRecord *record, GPtrArray *ways)
{
  g_autofree char *source = g_utf8_make_valid (record->source, -1);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "id", record->id);
  json_object_set_string_member (object, "profile", record->profile);
  json_object_set_string_member (object, "app-id", record->app_id ? record->app_id : "");
  json_object_set_string_member (object, "source", source);
  json_object_set_array_member (object, "files", files_to_json (record));
  json_object_set_array_member (object, "around", ways_to_json (ways));
  json_array_add_object_element (self->array, object);
}

static void
tell (Desktop *self, const SbxDesktopRecord *record)
{
  g_autoptr (GPtrArray) ways = sbx_desktop_find_bypasses (self->places, record);

  if (self->json) {
    add_json (self, record, ways);
    return;
  }
  printf (_ ("%s: starts in a sandbox, under the profile %s\n"), record->id, record->profile);
  for (guint i = 0; i < record->items->len; i++) {
    const SbxDesktopItem *item = g_ptr_array_index (record->items, i);
    g_autofree char *path = sbx_output_clean (item->path);

    printf ("  %-12s  %s\n", item->kind, path);
  }
  if (ways->len == 0)
    printf (_ ("  nothing was found that goes round it\n"));
  else
    printf (_ ("  what goes round it:\n"));
  for (guint i = 0; i < ways->len; i++) {
    const SbxBypass *way = g_ptr_array_index (ways, i);
    g_autofree char *path = sbx_output_clean (way->path), *detail = sbx_output_clean (way->detail);

    printf ("  ! %-12s %s: %s\n", way->kind, path, detail);
  }
}

/* The record that @word means: an id, or what finds one. */
static SbxDesktopRecord *
find_record (Desktop *self, SbxDesktopStore *store, const char *word)
{
  g_autofree char *base = g_path_get_basename (word), *id = g_strconcat (base, ".desktop", NULL);
  g_autoptr (GHashTable) view = sbx_desktop_store_view (store, NULL);
  g_autoptr (SbxDesktopFile) file = NULL;
  SbxDesktopRecord *record = sbx_desktop_store_find (store, base);

  if (!record)
    record = sbx_desktop_store_find (store, id);
  if (record || strchr (word, '/'))
    return record;
  file = sbx_desktop_find (self->places, view, word, NULL);
  return file ? sbx_desktop_store_find (store, file->id) : NULL;
}

/* "/usr/bin/sandboxctl": what is running, so that a launcher starts the same one. */
static char *
own_path (GError **error)
{
  g_autofree char *path = g_file_read_link ("/proc/self/exe", error);

  if (path && g_str_has_suffix (path, " (deleted)"))
    path[strlen (path) - strlen (" (deleted)")] = '\0';
  return g_steal_pointer (&path);
}

/* The name of the entry in the letters that an application id may have: sbx_option_check_app_id () */
static char *
make_app_id (const char *id)
{
  char *app_id = g_strndup (id, strlen (id) - strlen (".desktop"));

  g_strcanon (app_id, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-.", '_');
  for (char *p = app_id; *p; p++)
    if (*p == '.' && (p == app_id || p[-1] == '.' || p[1] == '\0'))
      *p = '_';
  return app_id;
}

/* Installs what has been planned: after the user has agreed in the desktop's own dialog where there is one. */
static gboolean
install_record (Desktop *self, SbxDesktopStore *store, SbxDesktopRecord *record, const SbxDesktopFile *file,
                GError **error)
{
  g_autoptr (SbxPortal) portal = self->no_portal ? NULL : sbx_portal_open ();
  g_autoptr (SbxDesktopEntry) entry = sbx_desktop_entry_read (file->file, SBX_DESKTOP_GROUP, error);
  g_autoptr (GError) problem = NULL;
  g_autofree char *token = NULL;
  SbxPortalAnswer answer = SBX_PORTAL_BROKEN;

  if (!entry)
    return FALSE;
  if (portal)
    answer = sbx_portal_ask (portal, self->places, entry, &token, &problem);
  if (answer == SBX_PORTAL_NO)
    return sbx_throw (error, SBX_ERROR_NOT_AUTHORIZED, "%s",
                      problem ? problem->message : _ ("the dialog of the desktop has been cancelled"));
  if (problem)
    g_printerr (_ ("sandboxctl: %s; the launcher is written without it\n"), problem->message);
  if (!sbx_desktop_store_install (store, record, error))
    return FALSE;
  if (token)
    (void) sbx_portal_install (portal, store, self->places, record, token);
  return TRUE;
}

static gboolean
install_one (Desktop *self, SbxDesktopStore *store, const char *word, GError **error)
{
  g_autoptr (GHashTable) all = sbx_desktop_store_view (store, NULL), view = NULL;
  g_autoptr (SbxDesktopFile) file = sbx_desktop_find (self->places, all, word, error);
  g_autoptr (SbxDesktopRecord) record = NULL;
  g_autofree char *sandboxctl = file ? own_path (error) : NULL, *app_id = NULL;
  SbxWrap how = { .sandboxctl = sandboxctl, .profile = self->profile };
  gboolean has_app_id;

  if (!file || !sandboxctl)
    return FALSE;
  if (!how.profile)
    how.profile = sbx_desktop_choose_profile (self->places, file, error);
  if (!how.profile || !ask_profile (self, how.profile, &has_app_id, error))
    return FALSE;
  app_id = has_app_id ? NULL : make_app_id (file->id);
  how.app_id = app_id;
  view = sbx_desktop_store_view (store, file->id);
  record = sbx_desktop_plan (self->places, view, file, &how, error);
  if (!record || !install_record (self, store, record, file, error))
    return FALSE;
  sbx_desktop_refresh (self->places);
  tell (self, record);
  return TRUE;
}

static int
install (Desktop *self)
{
  int status = 0;

  for (char **word = self->words; *word; word++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxDesktopStore) store = sbx_desktop_store_open (self->places, TRUE, &error);

    if (store && install_one (self, store, *word, &error))
      continue;
    g_dbus_error_strip_remote_error (error);
    status = sbx_fail (_ ("%s; nothing was installed"), error->message);
  }
  return status;
}

static gboolean
remove_one (Desktop *self, SbxDesktopStore *store, const char *word, GError **error)
{
  const SbxDesktopRecord *record = find_record (self, store, word);
  const char *id = record ? record->id : word; /* an unknown one is the store's to complain of */
  g_auto (GStrv) left = NULL;

  if (!sbx_desktop_store_remove (store, id, self->force, &left, error))
    return FALSE;
  sbx_desktop_refresh (self->places);
  for (char **path = left; *path; path++)
    sbx_fail (_ ("%s has been changed since and is left; --force brings back what was there before"), *path);
  if (self->json)
    json_array_add_string_element (self->array, id);
  else if (!*left)
    printf (_ ("%s: as it was before\n"), id);
  return !*left;
}

static int
remove_all (Desktop *self)
{
  int status = 0;

  for (char **word = self->words; *word; word++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxDesktopStore) store = sbx_desktop_store_open (self->places, TRUE, &error);

    if (store && remove_one (self, store, *word, &error))
      continue;
    status = error ? sbx_fail_error (error) : SBX_EXIT_SANDBOX;
  }
  return status;
}

static int
list (Desktop *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxDesktopStore) store = sbx_desktop_store_open (self->places, FALSE, &error);
  GPtrArray *records;

  if (!store)
    return sbx_fail_error (error);
  records = sbx_desktop_store_get_records (store);
  for (guint i = 0; i < records->len; i++)
    tell (self, g_ptr_array_index (records, i));
  if (records->len == 0 && !self->json)
    printf (_ ("nothing is installed; `sandboxctl desktop install APPLICATION` does it\n"));
  return 0;
}

static const struct {
  const char *name;
  int (*function) (Desktop *self);
  guint min, max;
  const char *usage;
} verbs[] = {
  { "install", install, 1, G_MAXUINT, "desktop install [--profile=PROFILE] FILE.desktop|APPLICATION…" },
  { "remove", remove_all, 1, G_MAXUINT, "desktop remove [--force] FILE.desktop|APPLICATION…" },
  { "list", list, 0, 0, "desktop list [--json]" },
};

int
sbx_cmd_desktop (SbxCommand *command)
{
  Desktop self = { 0 };
  const GOptionEntry entries[] = {
    { "profile", 'p', 0, G_OPTION_ARG_FILENAME, &self.profile, N_ ("install: under this profile"), N_ ("NAME") },
    { "force", 0, 0, G_OPTION_ARG_NONE, &self.force, N_ ("remove: also what somebody has changed since"), NULL },
    { "no-portal", 0, 0, G_OPTION_ARG_NONE, &self.no_portal, N_ ("install: without asking in a dialog of the desktop"),
      NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &self.json, N_ ("Print JSON"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  int status;

  if (!sbx_parse (command, entries, NULL, _ ("install|remove FILE.desktop|APP… | list"),
                  _ ("Makes the desktop start applications in sandboxes, brings back what was before, lists both."),
                  &status))
    return status;
  status = -1;
  self.words = command->argc < 2 ? command->argv : command->argv + 2;
  self.array = json_array_new ();
  for (gsize i = 0; command->argc > 1 && i < G_N_ELEMENTS (verbs); i++)
    if (strcmp (verbs[i].name, command->argv[1]) == 0) {
      guint n = g_strv_length (self.words);

      self.places = sbx_desktop_places_new ();
      status = n >= verbs[i].min && n <= verbs[i].max ? verbs[i].function (&self)
                                                      : sbx_fail (_ ("usage: sandboxctl %s"), verbs[i].usage);
    }
  if (status < 0)
    status = sbx_fail (_ ("desktop takes one of install, remove and list"));
  else if (self.json)
    sbx_output_json (json_node_init_array (json_node_alloc (), self.array));
  json_array_unref (self.array);
  g_clear_pointer (&self.places, sbx_desktop_places_free);
  g_clear_pointer (&self.service, sbx_service_free);
  g_free (self.profile);
  return status;
}
