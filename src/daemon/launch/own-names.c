/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/own-names.h"

#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>

#include "common/read-file.h"
#include "daemon/identity/subject.h"
#include "daemon/launch/program-names.h"

#define SERVICE_GROUP "D-BUS Service"
#define SERVICE_MAX 65536 /* bytes */

/* Otherwise the id is the profile's. */
static gboolean
has_app_id (char **argv)
{
  for (; *argv && !g_str_equal (*argv, "--"); argv++)
    if (g_str_has_prefix (*argv, "--app-id="))
      return TRUE;
  return FALSE;
}

/* Whether the service file at @path starts its service by `sandboxctl run` as the application @app_id, as
 * `sandboxctl desktop install` writes it. */
static gboolean
is_wrapper (const char *path, const char *name, const char *app_id)
{
  g_autofree char *option = g_strconcat ("--app-id=", app_id, NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *text = NULL, *of = NULL, *exec = NULL, *unit = NULL, *program = NULL;
  g_auto (GStrv) argv = NULL;
  gsize size = 0;

  /* An application may have put a FIFO there, or something without an end */
  text = sbx_read_file (AT_FDCWD, path, SERVICE_MAX, SBX_READ_PLAIN, &size);
  if (!text || !g_key_file_load_from_data (file, text, size, G_KEY_FILE_NONE, NULL))
    return FALSE;
  of = g_key_file_get_string (file, SERVICE_GROUP, "Name", NULL);
  exec = g_key_file_get_string (file, SERVICE_GROUP, "Exec", NULL);
  unit = g_key_file_get_string (file, SERVICE_GROUP, "SystemdService", NULL);
  if (g_strcmp0 (of, name) != 0 || !exec || unit || !g_shell_parse_argv (exec, NULL, &argv, NULL))
    return FALSE;
  program = g_path_get_basename (argv[0]);
  return g_path_is_absolute (argv[0]) && g_str_equal (program, "sandboxctl") && g_strcmp0 (argv[1], "run") == 0
         && (!has_app_id (argv) || g_strv_contains ((const char *const *) argv, option));
}

/* The user's file comes before all others but those of the runtime directory (dbus-daemon(1), standard_session_
 * servicedirs). */
static gboolean
is_wrapped (const SbxOwnNames *self, const char *name)
{
  const char *runtime = g_environ_getenv ((char **) self->environment, "XDG_RUNTIME_DIR");
  g_autofree char *file = g_strconcat (name, ".service", NULL);
  g_autofree char *own = g_build_filename (g_get_user_data_dir (), "dbus-1", "services", file, NULL);
  g_autofree char *earlier = runtime ? g_build_filename (runtime, "dbus-1", "services", file, NULL) : NULL;

  return is_wrapper (own, name, self->app_id) && !(earlier && g_file_test (earlier, G_FILE_TEST_EXISTS));
}

static gboolean
is_own_instance (const SbxOwnNames *self, pid_t pid)
{
  SbxInstance *instance =
      pid > 0 && self->registry ? sbx_subject_find_by_proxy (self->registry, self->runtime, pid) : NULL;

  return instance && g_str_equal (sbx_instance_get_info (instance)->app_id, self->app_id);
}

/* Returns whose name stands in the way of the rule @rule, or NULL; *@started: the bus would start its service. */
static const char *
find_foreign (const SbxOwnNames *self, const char *rule, gboolean *started)
{
  GHashTableIter iter;
  gpointer name, pid;

  *started = FALSE;
  g_hash_table_iter_init (&iter, self->session->owners);
  while (g_hash_table_iter_next (&iter, &name, &pid))
    if (sbx_names_cover (rule, name) && !is_own_instance (self, GPOINTER_TO_INT (pid)))
      return name;
  *started = TRUE;
  g_hash_table_iter_init (&iter, self->session->activatable);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (sbx_names_cover (rule, name) && !is_wrapped (self, name))
      return name;
  return NULL;
}

/* Only of names that the application cannot do without: for a player or an icon it is no news. */
static void
warn (const SbxOwnNames *self, const char *rule, const char *foreign, gboolean started, GPtrArray *warnings)
{
  if (strcmp (rule, self->app_id) != 0)
    return;
  if (started)
    g_ptr_array_add (warnings,
                     g_strdup_printf (N_ ("the session bus starts %s outside of any sandbox when it is called, so the "
                                          "application does not get that name; `sandboxctl desktop install %s` has it "
                                          "started in its sandbox"),
                                      foreign, self->app_id));
  else
    g_ptr_array_add (warnings,
                     g_strdup_printf (N_ ("a program outside of this application's sandboxes has the name %s on the "
                                          "session bus, so the application does not get it; close that program first"),
                                      foreign));
}

static gboolean
may_have (const SbxOwnNames *self, const char *rule, GPtrArray *warnings)
{
  gboolean started = FALSE;
  const char *foreign;

  if (self->within) /* whose names have been looked at when it was started */
    return sbx_policy_owns (self->within, rule);
  if (!self->session || !self->session->known)
    return FALSE;
  foreign = find_foreign (self, rule, &started);
  if (foreign)
    warn (self, rule, foreign, started, warnings);
  return !foreign;
}

SbxPolicy *
sbx_own_names_add (const SbxOwnNames *self, const SbxPolicy *policy, GPtrArray *warnings)
{
  g_autoptr (GPtrArray) written = self->within ? NULL : sbx_program_names (policy, self->app_id, self->command);
  g_autoptr (GPtrArray) names = sbx_own_names_list (policy, self->app_id, self->command, written);
  g_autoptr (GPtrArray) given = g_ptr_array_new ();

  for (guint i = 0; i < names->len; i++)
    if (may_have (self, names->pdata[i], warnings))
      g_ptr_array_add (given, names->pdata[i]);
  return sbx_policy_with_own (policy, (const char *const *) given->pdata, given->len);
}
