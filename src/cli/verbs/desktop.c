/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandboxctl desktop: launchers that start applications in sandboxes. Only the user's own files are written. */
#include <stdio.h>
#include <string.h>

#include "cli/begin.h"
#include "cli/desktop-advice.h"
#include "cli/exposure.h"
#include "cli/link/service.h"
#include "cli/text/json.h"
#include "cli/text/output.h"
#include "cli/text/service-text.h"
#include "cli/verbs/functions.h"
#include "common/error.h"
#include "desktop/bypasses.h"
#include "desktop/install.h"
#include "desktop/portal.h"

typedef struct {
  SbxDesktopPlaces *places;
  SbxService *service;
  char *profile;
  gboolean force, json, no_portal, all;
  char **words; /* what follows the sub-verb */
  JsonArray *array;
} Desktop;

/* Whether the service knows @profile: its policy, and its own application id, which may be NULL; both the caller's. */
static gboolean
ask_profile (Desktop *self, const char *profile, SbxPolicy **policy, char **own_id, GError **error)
{
  g_autoptr (GVariant) reply = NULL, groups = NULL, details = NULL;
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
  groups = g_variant_get_child_value (reply, 0);
  details = g_variant_get_child_value (reply, 2);
  g_variant_lookup (details, "app-id", "&s", &app_id);
  *own_id = *app_id ? g_strdup (app_id) : NULL;
  *policy = sbx_exposure_policy (groups, error);
  return *policy != NULL;
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

/* What new launchers open. */
static void
refresh (const Desktop *self)
{
  if (!sbx_desktop_refresh (self->places))
    g_printerr (_ ("sandboxctl: the desktop does not learn what the launcher opens: an entry of yours is no regular "
                   "file, and update-desktop-database would wait for it\n"));
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
    g_printerr (_ ("sandboxctl: waiting for an answer in the desktop's dialog (--no-portal: without)\n"));
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

/* What is known of an application before it is wrapped. */
typedef struct {
  SbxDesktopFile *file;
  SbxDesktopEntry *entry;
  SbxDesktopKindFound kind; /* of what no profile is made for */
  char *profile, *app_id, *own_id;
  SbxPolicy *policy;
} Candidate;

static void
candidate_clear (Candidate *self)
{
  g_clear_pointer (&self->file, sbx_desktop_file_free);
  g_clear_pointer (&self->entry, sbx_desktop_entry_free);
  sbx_desktop_kind_clear (&self->kind);
  g_free (self->profile);
  g_free (self->app_id);
  g_free (self->own_id);
  g_clear_pointer (&self->policy, sbx_policy_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Candidate, candidate_clear)

static gboolean
find_application (Desktop *self, SbxDesktopStore *store, const char *word, Candidate *candidate, GError **error)
{
  g_autoptr (GHashTable) all = sbx_desktop_store_view (store, NULL);
  g_autoptr (GError) problem = NULL;
  g_autofree char *near = NULL;

  candidate->file = sbx_desktop_find (self->places, all, word, &problem);
  if (!candidate->file && g_error_matches (problem, SBX_ERROR, SBX_ERROR_NOT_FOUND))
    near = sbx_advice_nearest (self->places, word);
  if (near)
    g_prefix_error (&problem, _ ("did you mean %s? "), near);
  if (!candidate->file) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  candidate->entry = sbx_desktop_entry_read (candidate->file->file, SBX_DESKTOP_GROUP, error);
  return candidate->entry != NULL;
}

/* The one that was asked for; that is made for it; that its kind needs; or the ordinary one. */
static gboolean
choose_profile (Desktop *self, Candidate *candidate, GError **error)
{
  const char *made = sbx_desktop_choose_profile (self->places, candidate->file, error);

  if (!made)
    return FALSE;
  if (!self->profile && strcmp (made, "desktop") == 0
      && sbx_desktop_find_kind (self->places, candidate->entry, &candidate->kind))
    made = candidate->kind.profile;
  candidate->profile = g_strdup (self->profile ? self->profile : made);
  if (!ask_profile (self, candidate->profile, &candidate->policy, &candidate->own_id, error))
    return FALSE;
  if (!candidate->own_id)
    candidate->app_id = make_app_id (candidate->file->id);
  return self->force || sbx_advice_check (self->places, candidate->entry, candidate->policy, candidate->profile, error);
}

static void
advise (Desktop *self, const Candidate *candidate)
{
  g_auto (GStrv) warnings = sbx_advice_warnings (self->places, candidate->entry, candidate->policy, candidate->profile);
  g_autoptr (GPtrArray) programs = sbx_desktop_places_programs (self->places, candidate->entry, SBX_DESKTOP_GROUP);
  g_autofree char *kind = candidate->kind.profile ? sbx_advice_of_kind (&candidate->kind) : NULL;
  g_autofree char *import = programs->len > 0
                                ? sbx_advice_import (self->places, programs->pdata[0],
                                                     candidate->own_id ? candidate->own_id : candidate->app_id)
                                : NULL;

  if (self->json)
    return;
  if (kind)
    printf ("  %s\n", kind);
  for (char **warning = warnings; *warning; warning++)
    printf (_ ("  ! a click may not work: %s\n"), *warning);
  if (import)
    printf ("  %s\n", import);
}

static gboolean
install_one (Desktop *self, SbxDesktopStore *store, const char *word, GError **error)
{
  g_auto (Candidate) candidate = { 0 };
  g_autoptr (GHashTable) view = NULL;
  g_autoptr (SbxDesktopRecord) record = NULL;
  g_autofree char *sandboxctl = sbx_own_path (error);
  SbxWrap how = { .sandboxctl = sandboxctl };

  if (!sandboxctl || !find_application (self, store, word, &candidate, error)
      || !choose_profile (self, &candidate, error))
    return FALSE;
  how.profile = candidate.profile;
  how.app_id = candidate.app_id;
  view = sbx_desktop_store_view (store, candidate.file->id);
  record = sbx_desktop_plan (self->places, view, candidate.file, &how, error);
  if (!record || !install_record (self, store, record, candidate.file, error))
    return FALSE;
  refresh (self);
  tell (self, record);
  advise (self, &candidate);
  return TRUE;
}

/* All applications that are not wrapped yet; those that cannot be are named, and no failure. */
static int
install_all (Desktop *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxDesktopStore) store = sbx_desktop_store_open (self->places, TRUE, &error);
  g_auto (GStrv) ids = store ? sbx_advice_all (self->places, NULL) : NULL;

  if (!store)
    return sbx_fail_error (error);
  if (*self->words)
    return sbx_fail (_ ("desktop install --all takes no application, and \"%s\" is one"), *self->words);
  self->no_portal = TRUE; /* a dialog for each would be too many */
  for (char **id = ids; *id; id++) {
    g_autoptr (GError) problem = NULL;

    if (install_one (self, store, *id, &problem))
      continue;
    g_dbus_error_strip_remote_error (problem);
    g_printerr (_ ("sandboxctl: %s is left as it is: %s\n"), *id, problem->message);
  }
  return 0;
}

static int
fail_to_install (GError *error)
{
  g_autofree char *said = NULL;

  g_dbus_error_strip_remote_error (error);
  said = sbx_service_text (error->message);
  return sbx_fail (_ ("%s; nothing was installed"), said);
}

static int
install (gpointer data)
{
  Desktop *self = data;
  int status = 0;

  if (self->all)
    return install_all (self);
  for (char **word = self->words; *word; word++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxDesktopStore) store = sbx_desktop_store_open (self->places, TRUE, &error);

    if (store && install_one (self, store, *word, &error))
      continue;
    status = fail_to_install (error);
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
  refresh (self);
  for (char **path = left; *path; path++)
    sbx_fail (_ ("%s has been changed since and is left; --force brings back what was there before"), *path);
  if (self->json)
    json_array_add_string_element (self->array, id);
  else if (!*left)
    printf (_ ("%s: as it was before\n"), id);
  return !*left;
}

/* The words, or the ids of all that is installed; GStrv. */
static char **
what_to_remove (Desktop *self)
{
  g_autoptr (SbxDesktopStore) store = self->all ? sbx_desktop_store_open (self->places, FALSE, NULL) : NULL;
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();
  GPtrArray *records = store ? sbx_desktop_store_get_records (store) : NULL;

  if (!self->all)
    return g_strdupv (self->words);
  for (guint i = 0; records && i < records->len; i++)
    g_strv_builder_add (ids, ((const SbxDesktopRecord *) records->pdata[i])->id);
  return g_strv_builder_end (ids);
}

static int
remove_several (gpointer data)
{
  Desktop *self = data;
  g_auto (GStrv) words = what_to_remove (self);
  int status = 0;

  if (self->all && *self->words)
    return sbx_fail (_ ("desktop remove --all takes no application, and \"%s\" is one"), *self->words);
  for (char **word = words; *word; word++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxDesktopStore) store = sbx_desktop_store_open (self->places, TRUE, &error);

    if (store && remove_one (self, store, *word, &error))
      continue;
    status = error ? sbx_fail_error (error) : SBX_EXIT_SANDBOX;
  }
  return status;
}

static int
list (gpointer data)
{
  Desktop *self = data;
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

static const SbxSubVerb verbs[] = {
  { "install", install, 1, G_MAXUINT, "desktop install [--profile=PROFILE] [--force] FILE.desktop|APPLICATION…|--all" },
  { "remove", remove_several, 1, G_MAXUINT, "desktop remove [--force] FILE.desktop|APPLICATION…|--all" },
  { "list", list, 0, 0, "desktop list [--json]" },
};

int
sbx_cmd_desktop (SbxCommand *command)
{
  Desktop self = { 0 };
  const GOptionEntry entries[] = {
    { "profile", 'p', 0, G_OPTION_ARG_FILENAME, &self.profile, N_ ("install: under this profile"), N_ ("NAME") },
    { "force", 0, 0, G_OPTION_ARG_NONE, &self.force, N_ ("Also what has changed since; also what cannot start"), NULL },
    { "all", 'a', 0, G_OPTION_ARG_NONE, &self.all, N_ ("install, remove: all applications"), NULL },
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
  self.words = command->argc < 2 ? command->argv : command->argv + 2;
  self.array = json_array_new ();
  self.places = sbx_desktop_places_new ();
  status = sbx_sub_verb_run (verbs, G_N_ELEMENTS (verbs), command->argc > 1 ? command->argv[1] : "",
                             g_strv_length (self.words) + self.all, &self);
  if (status < 0)
    status = sbx_fail (_ ("desktop takes one of install, remove and list"));
  else if (self.json)
    sbx_output_json (json_node_init_array (json_node_alloc (), self.array));
  json_array_unref (self.array);
  sbx_desktop_places_free (self.places);
  g_clear_pointer (&self.service, sbx_service_free);
  g_free (self.profile);
  return status;
}
