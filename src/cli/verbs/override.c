/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandboxctl override: what the user puts over an application's profile, in a drop-in of the user's own. */
#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/profile-file.h"
#include "cli/text/output.h"
#include "cli/verbs/functions.h"
#include "common/error.h"
#include "common/key-file.h"
#include "desktop/app-profiles.h"
#include "desktop/store.h"

#define FILE_NAME "override.conf"
#define HEADING "# Written by `sandboxctl override`; `sandboxctl override %s --reset` takes it away.\n\n"

typedef struct {
  SbxProfileSet *set;
  char *profile, *directory, *path;
} Override;

static gboolean
exists (Override *self, const char *name)
{
  g_auto (GStrv) names = sbx_profile_set_list (self->set);

  return g_strv_contains ((const char *const *) names, name);
}

/* The profile of the launcher that was installed for @app, or NULL. */
static char *
profile_of_launcher (const char *app)
{
  g_autoptr (SbxDesktopPlaces) places = sbx_desktop_places_new ();
  g_autoptr (SbxDesktopStore) store = sbx_desktop_store_open (places, FALSE, NULL);
  GPtrArray *records = store ? sbx_desktop_store_get_records (store) : NULL;
  char *profile = NULL;

  for (guint i = 0; records && !profile && i < records->len; i++) {
    const SbxDesktopRecord *record = g_ptr_array_index (records, i);

    if (g_strcmp0 (record->app_id, app) == 0 || sbx_app_profile_match (app, record->id, NULL))
      profile = g_strdup (record->profile);
  }
  return profile;
}

static gboolean
find_profile (Override *self, const char *app, GError **error)
{
  static const char *const none[] = { NULL };
  g_autofree char *profile = exists (self, app) ? g_strdup (app) : profile_of_launcher (app);
  g_auto (GStrv) dirs = sbx_profile_set_default_dirs ();
  g_autofree char *name = NULL;

  if (!profile && strcmp (sbx_app_profile_find (app, app, none), "desktop") != 0)
    profile = g_strdup (sbx_app_profile_find (app, app, none));
  if (!profile)
    return sbx_throw (error, SBX_ERROR_UNKNOWN_PROFILE,
                      _ ("\"%s\" is neither a profile (`sandboxctl profile list`) nor an application with a launcher "
                         "(`sandboxctl desktop list`)"),
                      app);
  if (!dirs[SBX_PLACE_USER])
    return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED, _ ("there is no directory for profiles of your own"));
  name = g_strconcat (profile, SBX_PROFILE_SUFFIX ".d", NULL);
  self->profile = g_steal_pointer (&profile);
  self->directory = g_build_filename (dirs[SBX_PLACE_USER], name, NULL);
  self->path = g_build_filename (self->directory, FILE_NAME, NULL);
  return TRUE;
}

static gboolean
take_entry (const SbxKeyFileEntry *entry, gpointer data, GError **error)
{
  if (entry->key)
    sbx_policy_options_put (data, entry->group, entry->key, entry->value);
  return TRUE;
}

/* What is there already; nothing is no error. */
static gboolean
read_before (const Override *self, SbxPolicyOptions *into, GError **error)
{
  static const SbxKeyFileKind kind = { "profile", SBX_ERROR_BAD_PROFILE, 1024 * 1024, TRUE };

  if (!g_file_test (self->path, G_FILE_TEST_EXISTS))
    return TRUE;
  return sbx_key_file_read (&kind, self->path, take_entry, into, error);
}

static int
add (Override *self, const SbxPolicyOptions *options)
{
  g_autoptr (SbxPolicyOptions) all = sbx_policy_options_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *groups = NULL, *heading = g_strdup_printf (HEADING, self->profile), *text = NULL;
  int directory = sbx_profile_file_lock (self->path, &error);
  gboolean written = directory >= 0 && read_before (self, all, &error);

  if (written) {
    sbx_policy_options_put_all (all, options);
    groups = sbx_policy_options_to_text (all);
    text = g_strconcat (heading, groups, NULL);
    written = sbx_profile_file_replace (self->set, self->profile, directory, self->path, text, &error);
  }
  if (directory >= 0)
    close (directory);
  if (!written)
    return sbx_fail_error (error);
  printf (_ ("The profile %s, and all that is started under it from now on: %s\n"), self->profile, self->path);
  return 0;
}

static int
show (const Override *self)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents (self->path, &text, NULL, NULL))
    printf (_ ("Nothing is put over the profile %s\n"), self->profile);
  else
    printf ("# %s\n%s", self->path, text);
  return 0;
}

static int
reset (const Override *self)
{
  if (g_unlink (self->path) < 0 && errno != ENOENT)
    return sbx_fail (_ ("cannot remove %s: %s"), self->path, g_strerror (errno));
  (void) g_rmdir (self->directory); /* unless there is something else in it */
  printf (_ ("Nothing is put over the profile %s any more\n"), self->profile);
  return 0;
}

int
sbx_cmd_override (SbxCommand *command)
{
  gboolean shown = FALSE, gone = FALSE;
  const GOptionEntry entries[] = {
    { "show", 0, 0, G_OPTION_ARG_NONE, &shown, N_ ("Print what is put over it"), NULL },
    { "reset", 0, 0, G_OPTION_ARG_NONE, &gone, N_ ("Take that away again"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (SbxPolicyOptions) policy = sbx_policy_options_new ();
  g_autoptr (GError) error = NULL;
  Override self = { 0 };
  int status;

  if (!sbx_parse (command, entries, sbx_policy_options_make_group (policy), _ ("APPLICATION|PROFILE"),
                  _ ("Puts options over an application's profile for all later starts, in a file of yours."), &status))
    return status;
  if (command->argc != 2)
    return sbx_fail (_ ("override takes one application or profile"));
  if (!shown && !gone && sbx_policy_options_is_empty (policy))
    return sbx_fail (_ ("override takes policy options, as `run` does, or --show, or --reset"));
  self.set = sbx_profile_file_open_set ();
  if (!find_profile (&self, command->argv[1], &error))
    status = sbx_fail_error (error);
  else
    status = gone ? reset (&self) : 0;
  if (status == 0 && !sbx_policy_options_is_empty (policy))
    status = add (&self, policy);
  if (status == 0 && shown)
    status = show (&self);
  sbx_profile_set_free (self.set);
  g_free (self.profile);
  g_free (self.directory);
  g_free (self.path);
  return status;
}
