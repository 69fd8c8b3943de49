/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "desktop/install.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"
#include "common/path.h"
#include "desktop/app-profiles.h"
#include "desktop/exec.h"

#define REFRESH_MS 5000 /* for a thousand entries it takes a tenth of a second */

typedef struct {
  const SbxDesktopPlaces *places;
  GHashTable *view;
  const SbxWrap *how;
  SbxDesktopRecord *record;
  GPtrArray *programs;
} Plan;

static char *
first_program (const SbxDesktopPlaces *places, const SbxDesktopEntry *entry)
{
  g_autoptr (GPtrArray) programs = sbx_desktop_places_programs (places, entry, SBX_DESKTOP_GROUP);

  return programs->len > 0 ? g_strdup (programs->pdata[0]) : NULL;
}

static SbxDesktopFile *
file_of_path (const char *path)
{
  SbxDesktopFile *file = g_new0 (SbxDesktopFile, 1);

  file->id = g_path_get_basename (path);
  file->path = g_canonicalize_filename (path, NULL);
  file->file = g_strdup (file->path);
  return file;
}

/* Entries that menus show come before those that they do not. */
static gboolean
is_hidden (const SbxDesktopEntry *entry)
{
  return sbx_desktop_entry_get_boolean (entry, SBX_DESKTOP_GROUP, "NoDisplay")
         || sbx_desktop_entry_get_boolean (entry, SBX_DESKTOP_GROUP, "Hidden");
}

static GPtrArray *
find_matches (const SbxDesktopPlaces *places, GPtrArray *files, const char *name, gboolean hidden)
{
  GPtrArray *matches = g_ptr_array_new ();

  for (guint i = 0; i < files->len; i++) {
    SbxDesktopFile *file = g_ptr_array_index (files, i);
    g_autoptr (SbxDesktopEntry) entry = sbx_desktop_entry_read (file->file, SBX_DESKTOP_GROUP, NULL);
    g_autofree char *program = entry ? first_program (places, entry) : NULL;

    if (entry && is_hidden (entry) == hidden && sbx_app_profile_match (name, file->id, program))
      g_ptr_array_add (matches, file);
  }
  return matches;
}

static SbxDesktopFile *
copy_file (const SbxDesktopFile *file)
{
  SbxDesktopFile *copy = g_new0 (SbxDesktopFile, 1);

  copy->id = g_strdup (file->id);
  copy->path = g_strdup (file->path);
  copy->file = g_strdup (file->file);
  return copy;
}

/* The one whose id itself is that name, rather than that of its program: org.xfce.mousepad.desktop and not its
 * org.xfce.mousepad-settings.desktop. NULL: none, or several. */
static const SbxDesktopFile *
find_named (GPtrArray *matches, const char *name)
{
  const SbxDesktopFile *found = NULL;

  for (guint i = 0; i < matches->len; i++) {
    const SbxDesktopFile *file = matches->pdata[i];

    if (!sbx_app_profile_match (name, file->id, NULL))
      continue;
    if (found)
      return NULL;
    found = file;
  }
  return found;
}

static SbxDesktopFile *
several (GPtrArray *matches, const char *name, GError **error)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (guint i = 0; i < matches->len; i++)
    g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", ((SbxDesktopFile *) matches->pdata[i])->id);
  sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("\"%s\" may be any of %s; say which"), name, list->str);
  return NULL;
}

SbxDesktopFile *
sbx_desktop_find (const SbxDesktopPlaces *places, GHashTable *view, const char *name, GError **error)
{
  g_autoptr (GPtrArray) files = NULL;
  g_autofree char *id = g_str_has_suffix (name, ".desktop") ? g_strdup (name) : g_strconcat (name, ".desktop", NULL);

  if (strchr (name, '/')) {
    g_autofree char *path = g_canonicalize_filename (name, NULL), *base = g_path_get_basename (path);

    /* What we have put there stands for what it was made from */
    return view && g_hash_table_contains (view, path) ? sbx_desktop_find (places, view, base, error)
                                                      : file_of_path (path);
  }
  if (!g_utf8_validate (name, -1, NULL))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("the name of the application is not UTF-8 text")), NULL;
  files = sbx_desktop_places_list (places, SBX_DESKTOP_APPLICATIONS, view);
  for (guint i = 0; i < files->len; i++)
    if (g_str_equal (((SbxDesktopFile *) files->pdata[i])->id, id))
      return copy_file (files->pdata[i]);
  for (int hidden = 0; hidden < 2; hidden++) {
    g_autoptr (GPtrArray) matches = find_matches (places, files, name, hidden);

    if (matches->len == 1)
      return copy_file (matches->pdata[0]);
    if (matches->len > 1) {
      const SbxDesktopFile *named = find_named (matches, name);

      return named ? copy_file (named) : several (matches, name, error);
    }
  }
  if (g_str_has_suffix (name, ".desktop") && g_file_test (name, G_FILE_TEST_EXISTS))
    return file_of_path (name);
  sbx_throw (error, SBX_ERROR_NOT_FOUND,
             _ ("there is no desktop entry for \"%s\" in the applications directories; name the file (./%s)"), name,
             id);
  return NULL;
}

const char *
sbx_desktop_choose_profile (const SbxDesktopPlaces *places, const SbxDesktopFile *file, GError **error)
{
  g_autoptr (SbxDesktopEntry) entry = sbx_desktop_entry_read (file->file, SBX_DESKTOP_GROUP, error);
  g_auto (GStrv) categories = entry ? sbx_desktop_entry_get_list (entry, SBX_DESKTOP_GROUP, "Categories") : NULL;
  g_autofree char *program = entry ? first_program (places, entry) : NULL;

  return entry ? sbx_app_profile_find (file->id, program, (const char *const *) categories) : NULL;
}

static void
add_item (Plan *plan, const char *kind, const char *path, const char *content, guint mode)
{
  g_ptr_array_add (plan->record->items, sbx_desktop_item_new (kind, path, content, mode));
}

/* The path of the user's file for the id of @file: where it is already, maybe in a folder, or else under its id. */
static char *
place_of (const Plan *plan, SbxDesktopKind kind, const SbxDesktopFile *file)
{
  g_autofree char *dir = sbx_desktop_places_own (plan->places, kind);

  if (sbx_path_is_below (file->path, dir))
    return g_strdup (file->path);
  return g_build_filename (dir, file->id, NULL);
}

static gboolean
starts_one_of (const Plan *plan, const SbxDesktopEntry *entry, const char *group)
{
  g_autoptr (GPtrArray) programs = sbx_desktop_places_programs (plan->places, entry, group);

  for (guint i = 0; i < programs->len; i++)
    for (guint j = 0; j < plan->programs->len; j++)
      if (sbx_desktop_same_program (programs->pdata[i], plan->programs->pdata[j]))
        return TRUE;
  return FALSE;
}

static gboolean
opens_urls (const SbxDesktopEntry *entry)
{
  g_auto (GStrv) types = sbx_desktop_entry_get_list (entry, SBX_DESKTOP_GROUP, "MimeType");

  for (char **type = types; *type; type++)
    if (g_str_has_prefix (*type, "x-scheme-handler/"))
      return TRUE;
  return FALSE;
}

/* Entries of the same program besides the launcher itself. */
static void
add_entries (Plan *plan, SbxDesktopKind kind, const char *item_kind)
{
  g_autoptr (GPtrArray) files = sbx_desktop_places_list (plan->places, kind, plan->view);

  for (guint i = 0; i < files->len; i++) {
    const SbxDesktopFile *file = g_ptr_array_index (files, i);
    g_autoptr (SbxDesktopEntry) entry = sbx_desktop_entry_read (file->file, SBX_DESKTOP_GROUP, NULL);
    g_autofree char *text = NULL, *path = place_of (plan, kind, file);

    if (!entry || sbx_desktop_entry_is_wrapped (entry) || !starts_one_of (plan, entry, SBX_DESKTOP_GROUP))
      continue;
    if (kind == SBX_DESKTOP_APPLICATIONS && (g_str_equal (file->id, plan->record->id) || !opens_urls (entry)))
      continue;
    if (!sbx_wrap_entry (entry, plan->how, NULL))
      continue;
    text = sbx_desktop_entry_to_text (entry);
    add_item (plan, item_kind, path, text, 0644);
  }
}

/* The data directory that has @path below @sub, or NULL. */
static char *
data_dir_of (const char *path, const char *sub)
{
  const char *at = strstr (path, sub);

  return at ? g_strndup (path, (gsize) (at - path)) : NULL;
}

/* Whether the service @name is the launcher's though it starts another program (gnome-terminal's): it is called as the
 * launcher is, and who has installed one has installed the other. An entry from elsewhere may call itself anything. */
static gboolean
is_of_launcher (const Plan *plan, const SbxDesktopFile *service, const char *name)
{
  g_autofree char *of_launcher = data_dir_of (plan->record->source, "/applications/");
  g_autofree char *of_service = data_dir_of (service->path, "/dbus-1/services/");

  return g_str_has_prefix (plan->record->id, name) && g_str_equal (plan->record->id + strlen (name), ".desktop")
         && of_launcher && g_strcmp0 (of_launcher, of_service) == 0;
}

/* The services of the session bus that are the launcher's. */
static void
add_services (Plan *plan)
{
  g_autoptr (GPtrArray) files = sbx_desktop_places_list (plan->places, SBX_DESKTOP_SERVICES, plan->view);
  g_autofree char *dir = sbx_desktop_places_own (plan->places, SBX_DESKTOP_SERVICES);

  for (guint i = 0; i < files->len; i++) {
    const SbxDesktopFile *file = g_ptr_array_index (files, i);
    g_autoptr (SbxDesktopEntry) service = sbx_desktop_entry_read (file->file, SBX_DBUS_SERVICE_GROUP, NULL);
    const char *name = service ? sbx_desktop_entry_get (service, SBX_DBUS_SERVICE_GROUP, "Name") : NULL;
    g_autofree char *text = NULL, *file_name = NULL, *path = NULL;

    if (!name || !g_dbus_is_name (name) || g_dbus_is_unique_name (name)
        || (!starts_one_of (plan, service, SBX_DBUS_SERVICE_GROUP) && !is_of_launcher (plan, file, name)))
      continue;
    text = sbx_wrap_service (service, plan->how, NULL);
    /* The bus daemon goes by the name inside; dbus-broker wants the file to be named after it */
    file_name = g_strconcat (name, ".service", NULL);
    path = g_build_filename (dir, file_name, NULL);
    if (text)
      add_item (plan, "dbus", path, text, 0644);
  }
}

/* A command of the program's name in ~/.local/bin, unless the program is that very file, or another one would no longer
 * be found by that name. */
static void
add_command (Plan *plan)
{
  const char *program = plan->programs->len > 0 ? plan->programs->pdata[0] : NULL;
  g_autofree char *name = program ? g_path_get_basename (program) : NULL;
  g_autofree char *own = name ? g_build_filename (plan->places->bin_dir, name, NULL) : NULL;
  g_autofree char *found = name ? sbx_desktop_places_find_program (plan->places, name) : NULL;
  g_autofree char *remedy = g_strdup_printf ("sandboxctl desktop remove %s", plan->record->id);
  g_autofree char *text = NULL;

  if (!program || !own || g_str_equal (program, own) || strpbrk (remedy, "`\n")
      || (found && !sbx_desktop_same_program (found, program)))
    return;
  text = sbx_wrap_script (program, plan->how, remedy);
  add_item (plan, "command", own, text, 0755);
}

static gboolean
check_id (const char *id, GError **error)
{
  if (g_str_has_suffix (id, ".desktop") && strlen (id) > strlen (".desktop") && strlen (id) <= 200 && *id != '.'
      && *id != '-' && g_utf8_validate (id, -1, NULL) && !strpbrk (id, "/`$\"'\\ \t\n\r;"))
    return TRUE;
  return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                    _ ("\"%.200s\" is no name of a desktop entry: they end in .desktop and have no blanks or quotes"),
                    id);
}

SbxDesktopRecord *
sbx_desktop_plan (const SbxDesktopPlaces *places, GHashTable *view, const SbxDesktopFile *file, const SbxWrap *how,
                  GError **error)
{
  g_autoptr (SbxDesktopEntry) entry = NULL;
  g_autoptr (SbxDesktopRecord) record = NULL;
  g_autoptr (GPtrArray) programs = NULL;
  g_autofree char *text = NULL, *path = NULL;
  SbxWrap inner = *how;
  Plan plan = { .places = places, .view = view, .how = &inner };

  if (!check_id (file->id, error))
    return NULL;
  entry = sbx_desktop_entry_read (file->file, SBX_DESKTOP_GROUP, error);
  if (!entry)
    return NULL;
  inner.tty = inner.tty || sbx_desktop_entry_get_boolean (entry, SBX_DESKTOP_GROUP, "Terminal");
  record = sbx_desktop_record_new (file->id);
  plan.record = record;
  record->source = g_strdup (file->path);
  record->profile = g_strdup (how->profile);
  record->app_id = g_strdup (how->app_id);
  programs = sbx_desktop_places_programs (places, entry, SBX_DESKTOP_GROUP);
  plan.programs = programs;
  if (sbx_desktop_entry_is_wrapped (entry))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("%s has been wrapped already"), file->path), NULL;
  if (!sbx_wrap_entry (entry, how, error))
    return g_prefix_error (error, "%s: ", file->path), NULL;
  text = sbx_desktop_entry_to_text (entry);
  path = place_of (&plan, SBX_DESKTOP_APPLICATIONS, file);
  add_item (&plan, "launcher", path, text, 0644);
  add_entries (&plan, SBX_DESKTOP_APPLICATIONS, "handler");
  add_entries (&plan, SBX_DESKTOP_AUTOSTART, "autostart");
  add_services (&plan);
  add_command (&plan);
  return g_steal_pointer (&record);
}

/* Whether each entry of the user's is a file: update-desktop-database would wait for who writes a FIFO. */
static gboolean
are_files (const SbxDesktopPlaces *places, const char *dir)
{
  g_autoptr (GPtrArray) files = sbx_desktop_places_list (places, SBX_DESKTOP_APPLICATIONS, NULL);

  for (guint i = 0; i < files->len; i++) {
    const SbxDesktopFile *file = files->pdata[i];

    if (sbx_path_is_below (file->path, dir) && !g_file_test (file->path, G_FILE_TEST_IS_REGULAR)
        && g_file_test (file->path, G_FILE_TEST_EXISTS))
      return FALSE;
  }
  return TRUE;
}

/* An entry may have become something else since: the child is ended then. */
static gboolean
wait_for (GPid pid)
{
  struct pollfd ended = { .fd = (int) syscall (SYS_pidfd_open, pid, 0), .events = POLLIN };
  int n;
  gboolean in_time;

  do
    n = ended.fd >= 0 ? poll (&ended, 1, REFRESH_MS) : 0;
  while (n < 0 && errno == EINTR);
  in_time = n > 0;
  if (!in_time)
    kill (pid, SIGKILL);
  waitpid (pid, NULL, 0);
  if (ended.fd >= 0)
    close (ended.fd);
  return in_time;
}

gboolean
sbx_desktop_refresh (const SbxDesktopPlaces *places)
{
  g_autofree char *program = sbx_desktop_places_find_program (places, "update-desktop-database");
  g_autofree char *dir = sbx_desktop_places_own (places, SBX_DESKTOP_APPLICATIONS);
  char *argv[] = { program, (char *) "-q", dir, NULL };
  GPid pid;

  if (!program || !g_file_test (dir, G_FILE_TEST_IS_DIR))
    return TRUE;
  return are_files (places, dir)
         && (!g_spawn_async (NULL, argv, NULL,
                             G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
                             NULL, &pid, NULL)
             || wait_for (pid));
}
