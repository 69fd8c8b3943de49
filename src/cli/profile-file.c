/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/profile-file.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "common/error.h"
#include "common/key-file.h"
#include "wire/landlock.h"

#define MAX_ERRORS 100
#define MAX_SIZE (1024 * 1024)

static const SbxKeyFileKind kind = { "profile", SBX_ERROR_BAD_PROFILE, MAX_SIZE, TRUE };

gboolean
sbx_is_profile_file (const char *word)
{
  return strchr (word, '/') || g_str_has_suffix (word, SBX_PROFILE_SUFFIX);
}

SbxProfileSet *
sbx_profile_file_open_set (void)
{
  const char *xdg_dirs[G_USER_N_DIRECTORIES] = { NULL };
  SbxPlaces places = sbx_find_places (xdg_dirs);
  SbxConditions conditions = { .landlock_abi = sbx_landlock_abi (),
                               .wayland = g_getenv ("WAYLAND_DISPLAY") != NULL,
                               .x11 = g_getenv ("DISPLAY") != NULL,
                               .session_bus = g_getenv ("DBUS_SESSION_BUS_ADDRESS") != NULL };
  g_auto (GStrv) dirs = sbx_profile_set_default_dirs ();

  return sbx_profile_set_new ((const char *const *) dirs, &places, &conditions);
}

static gboolean
find_inherits (const SbxKeyFileEntry *entry, gpointer data, GError **error)
{
  char **inherits = data;

  if (strcmp (entry->group, "Profile") == 0 && g_strcmp0 (entry->key, "Inherits") == 0) {
    g_free (*inherits);
    *inherits = g_strdup (entry->value);
  }
  return TRUE;
}

SbxProfileFile *
sbx_profile_file_read (const char *path, GError **error)
{
  g_autoptr (SbxProfileSet) set = sbx_profile_file_open_set ();
  g_autoptr (SbxProfile) profile = sbx_profile_set_load_file (set, path, error);
  g_autoptr (SbxProfileFile) self = NULL;
  const char *group, *key, *value, *file;
  GVariantIter iter;

  if (!profile)
    return NULL;
  self = g_new0 (SbxProfileFile, 1);
  self->policy = sbx_policy_options_new ();
  if (!sbx_key_file_read (&kind, path, find_inherits, &self->inherits, error))
    return NULL;
  g_variant_iter_init (&iter, sbx_profile_get_origins (profile));
  while (g_variant_iter_next (&iter, "(&s&s&s&su)", &group, &key, &value, &file, NULL))
    if (strcmp (file, path) == 0)
      sbx_policy_options_put (self->policy, group, key, value);
  self->profile = g_steal_pointer (&profile);
  return g_steal_pointer (&self);
}

void
sbx_profile_file_free (SbxProfileFile *self)
{
  g_clear_object (&self->profile);
  g_clear_pointer (&self->policy, sbx_policy_options_free);
  g_free (self->inherits);
  g_free (self);
}

/* The number of the line that @text, "PATH:LINE:COLUMN: …", speaks of, from 1; 0: of none, or of another file. */
static guint
line_of (const char *text, const char *path)
{
  gsize n = strlen (path);

  return strncmp (text, path, n) == 0 && text[n] == ':' ? (guint) strtoul (text + n + 1, NULL, 10) : 0;
}

static gboolean
is_heading (const char *line)
{
  return line[strspn (line, " \t")] == '[';
}

/* Takes the line out, so that what follows is looked at; of a heading, all that is below it, which would be looked at
 * in another group. */
static void
blank (char **lines, guint line)
{
  gboolean heading = is_heading (lines[line]);

  do {
    g_free (lines[line]);
    lines[line++] = g_strdup ("#");
  } while (heading && lines[line] && !is_heading (lines[line]));
}

/* With what is read from @copy; its errors speak of @path. */
static void
find_errors (GPtrArray *errors, SbxProfileSet *set, const char *path, const char *copy, char **lines)
{
  guint n = g_strv_length (lines);

  while (errors->len < MAX_ERRORS) {
    g_autofree char *text = g_strjoinv ("\n", lines);
    g_autoptr (GError) error = NULL;
    g_autoptr (SbxProfile) profile = NULL;
    guint line;

    if (!g_file_set_contents (copy, text, -1, NULL))
      return;
    profile = sbx_profile_set_load_file (set, copy, &error);
    if (profile)
      return;
    line = line_of (error->message, copy);
    g_ptr_array_add (errors,
                     line ? g_strconcat (path, error->message + strlen (copy), NULL) : g_strdup (error->message));
    if (line < 1 || line > n || strcmp (lines[line - 1], "#") == 0)
      return;
    blank (lines, line - 1);
  }
}

GPtrArray *
sbx_profile_file_check (const char *path)
{
  g_autoptr (GPtrArray) errors = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (SbxProfileSet) set = sbx_profile_file_open_set ();
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxProfile) profile = sbx_profile_set_load_file (set, path, &error);
  g_autofree char *directory = NULL, *base = g_path_get_basename (path), *copy = NULL, *text = NULL;

  if (profile)
    return g_steal_pointer (&errors);
  directory = line_of (error->message, path) ? g_dir_make_tmp ("sandbox-check-XXXXXX", NULL) : NULL;
  if (directory && g_file_get_contents (path, &text, NULL, NULL)) {
    g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

    copy = g_build_filename (directory, base, NULL);
    find_errors (errors, set, path, copy, lines);
    (void) g_unlink (copy);
  }
  if (directory)
    (void) g_rmdir (directory);
  if (errors->len == 0)
    g_ptr_array_add (errors, g_strdup (error->message));
  return g_steal_pointer (&errors);
}
