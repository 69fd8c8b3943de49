/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/profile-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "common/error.h"
#include "common/key-file.h"
#include "common/write-file.h"
#include "wire/landlock.h"
#include "wire/sys.h"

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
  g_clear_pointer (&self->profile, sbx_profile_free);
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

int
sbx_profile_file_lock (const char *path, GError **error)
{
  g_autofree char *name = g_path_get_dirname (path);
  int directory = -1, rc;

  if (g_mkdir_with_parents (name, 0700) == 0)
    directory = open (name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) {
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, _ ("cannot make %s"), name);
    return -1;
  }
  do
    rc = flock (directory, LOCK_EX);
  while (rc < 0 && errno == EINTR);
  return directory; /* where a file system has no locks, nobody is waited for */
}

/* A file of a name of its own beside @name, which is stored in @fresh; no file ends up half written. */
static gboolean
write_beside (int directory, const char *name, const char *text, char **fresh, GError **error)
{
  int fd, rc, problem;

  *fresh = g_strdup_printf (".%s.%d.new", name, (int) getpid ());
  (void) unlinkat (directory, *fresh, 0);
  fd = openat (directory, *fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, _ ("cannot write %s"), name);
  rc = sbx_write_all (fd, text, strlen (text));
  if (rc == 0)
    rc = fsync (fd);
  problem = errno;
  close (fd);
  if (rc == 0)
    return TRUE;
  (void) unlinkat (directory, *fresh, 0);
  return sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, problem, _ ("cannot write %s"), name);
}

/* By three renames, where a file system cannot exchange two names. */
static int
exchange (int directory, const char *fresh, const char *name)
{
  g_autofree char *old = g_strconcat (fresh, "~", NULL);

  if (sbx_sys_renameat2 (directory, fresh, directory, name, SBX_RENAME_EXCHANGE) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOSYS)
    return -1;
  if (renameat (directory, name, directory, old) < 0)
    return -1;
  if (renameat (directory, fresh, directory, name) == 0)
    return renameat (directory, old, directory, fresh);
  (void) renameat (directory, old, directory, name);
  return -1;
}

/* What was at @name is at @fresh afterwards, if there was something: *@swapped. */
static int
put_in_place (int directory, const char *fresh, const char *name, gboolean *swapped)
{
  struct stat st;

  *swapped = FALSE;
  if (fstatat (directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR (st.st_mode)) {
    errno = EISDIR;
    return -1;
  }
  *swapped = exchange (directory, fresh, name) == 0;
  if (*swapped)
    return 0;
  return errno == ENOENT ? renameat (directory, fresh, directory, name) : -1;
}

gboolean
sbx_profile_file_replace (SbxProfileSet *set, const char *profile, int directory, const char *path, const char *text,
                          GError **error)
{
  g_autofree char *name = g_path_get_basename (path), *fresh = NULL;
  g_autoptr (SbxProfile) read = NULL;
  gboolean swapped;

  if (!write_beside (directory, name, text, &fresh, error))
    return FALSE;
  if (put_in_place (directory, fresh, name, &swapped) < 0) {
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, _ ("cannot write %s"), path);
    (void) unlinkat (directory, fresh, 0);
    return FALSE;
  }
  read = sbx_profile_set_lookup (set, profile, error);
  if (!read && swapped)
    (void) renameat (directory, fresh, directory, name);
  else if (!read)
    (void) unlinkat (directory, name, 0);
  else if (swapped)
    (void) unlinkat (directory, fresh, 0);
  return read != NULL;
}
