/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/forward.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "common/error.h"
#include "common/path.h"
#include "policy/profile-set.h"
#include "sources/source.h"
#include "taint/taint.h"

#define FILES_BEGIN "@@"
#define URIS_BEGIN "@@u"
#define END "@@"
#define DIRECTORIES_MAX 4 /* of files that are not there yet */
#define FILES_MAX 200     /* policy/options.c takes no more */

typedef struct {
  SbxFdList *fds;
  GVariantBuilder *handles, *new_files;
  GHashTable *paths;             /* already there */
  GHashTable *directories;       /* of new files: from where each is to its handle */
  SbxObjectSet *homes, *tainted; /* what a link in a path is judged by; the second NULL until there is one */
} Forward;

/* What the sandbox has of its own, and no file of the host's may lie over. */
static gboolean
is_special (const char *path)
{
  static const char *const tops[] = { "/proc", "/sys", "/dev" };

  for (gsize i = 0; i < G_N_ELEMENTS (tops); i++)
    if (sbx_path_is_below (path, tops[i]))
      return TRUE;
  return g_str_equal (path, "/");
}

/* Of this user, as the service has them. */
static const SbxObjectSet *
load_tainted (gpointer data)
{
  Forward *self = data;
  g_auto (GStrv) dirs = sbx_profile_set_default_dirs ();
  const char *xdg_dirs[G_USER_N_DIRECTORIES] = { NULL };
  const SbxPlaces places = sbx_find_places (xdg_dirs);
  const SbxConditions conditions = { 0 };

  if (!self->tainted) {
    g_autoptr (SbxProfileSet) profiles = sbx_profile_set_new ((const char *const *) dirs, &places, &conditions);

    self->tainted = sbx_taint_of_profiles (profiles);
  }
  return self->tainted;
}

/* Opens @path as its user means it: a descriptor with O_PATH; or -1, with errno, and with @error for a link on the way
 * that an application may have made, so that it leads its user's next one to a file of its choice. */
static int
open_file (Forward *forward, const char *path, GError **error)
{
  g_autofree char *here = g_path_is_absolute (path) ? NULL : g_get_current_dir ();
  g_autofree char *absolute = here ? g_build_filename (here, path, NULL) : g_strdup (path);
  g_autofree char *plain = g_canonicalize_filename (absolute, NULL);
  gboolean planted = FALSE;
  const SbxSourceWay way = {
    .parents_tainted = forward->homes, .more_tainted = load_tainted, .data = forward, .planted = &planted
  };
  g_autoptr (GError) problem = NULL;
  g_autoptr (SbxSource) source = is_special (plain) ? NULL : sbx_source_open (absolute, &way, &problem);

  if (source)
    return fcntl (source->fd, F_DUPFD_CLOEXEC, 3);
  if (!planted)
    return open (path, O_PATH | (is_special (plain) ? 0 : O_NOFOLLOW) | O_CLOEXEC);
  g_propagate_error (error, g_steal_pointer (&problem));
  errno = ELOOP;
  return -1;
}

/* Where the file of @fd is; NULL for what is no file or directory, or has no place. */
static char *
place_of (int fd)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autofree char *path = g_file_read_link (link, NULL);
  struct stat st;

  if (fstat (fd, &st) < 0 || !(S_ISREG (st.st_mode) || S_ISDIR (st.st_mode)) || !path || is_special (path))
    return NULL;
  return g_steal_pointer (&path);
}

static gboolean
add_file (Forward *forward, int fd, const char *path, GError **error)
{
  int handle;

  if (g_hash_table_contains (forward->paths, path))
    return TRUE;
  if (g_hash_table_size (forward->paths) == FILES_MAX)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, _ ("more than %d files at once; open fewer, or their directory"),
                      FILES_MAX);
  g_hash_table_add (forward->paths, g_strdup (path));
  handle = sbx_fd_list_append (forward->fds, fd, error);
  if (handle < 0)
    return FALSE;
  g_variant_builder_add (forward->handles, "h", handle);
  return TRUE;
}

/* Whether @path may be meant as a file that is to be made: what is an option or a URI is not. */
static gboolean
may_be_made (const char *path, const char *name)
{
  return path[0] != '-' && !strstr (path, "://") && strlen (name) <= NAME_MAX && strcmp (name, ".") != 0
         && strcmp (name, "..") != 0 && strcmp (name, "/") != 0;
}

/* The handle of the directory @fd, which is at @place. -1 with @error; or without: there are too many. A bus takes few
 * descriptors with one message (dbus-daemon: 16), so each directory is there once, and only some are. */
static int
find_directory (Forward *forward, int fd, const char *place, GError **error)
{
  gpointer known;
  int handle;

  if (g_hash_table_lookup_extended (forward->directories, place, NULL, &known))
    return GPOINTER_TO_INT (known);
  if (g_hash_table_size (forward->directories) == DIRECTORIES_MAX)
    return -1;
  handle = sbx_fd_list_append (forward->fds, fd, error);
  if (handle >= 0)
    g_hash_table_insert (forward->directories, g_strdup (place), GINT_TO_POINTER (handle));
  return handle;
}

/* @path is not there. */
static gboolean
add_new_file (Forward *forward, const char *path, GError **error)
{
  g_autofree char *name = g_path_get_basename (path), *above = g_path_get_dirname (path);
  g_autoptr (GError) problem = NULL;
  int fd = may_be_made (path, name) ? open (above, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1, handle = -1;
  g_autofree char *place = fd < 0 ? NULL : place_of (fd);
  g_autofree char *full = place ? g_build_filename (place, name, NULL) : NULL;

  if (full && g_hash_table_size (forward->paths) < FILES_MAX && !g_hash_table_contains (forward->paths, full))
    handle = find_directory (forward, fd, place, &problem);
  if (handle >= 0) {
    g_hash_table_add (forward->paths, g_steal_pointer (&full));
    g_variant_builder_add (forward->new_files, "(h@ay)", handle,
                           g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, name, strlen (name), 1));
  }
  if (fd >= 0)
    close (fd);
  if (!problem)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

/* Opens up @path; *@place is where it is, NULL when there is nothing to be opened up. */
static gboolean
forward_path (Forward *forward, const char *path, char **place, GError **error)
{
  g_autoptr (GError) planted = NULL;
  int fd = open_file (forward, path, &planted);
  gboolean ok;

  *place = NULL;
  if (planted) {
    g_propagate_error (error, g_steal_pointer (&planted));
    return FALSE;
  }
  if (fd < 0 && (errno == EMFILE || errno == ENFILE))
    return sbx_throw_errno (error, SBX_ERROR_LIMITS, errno, _ ("cannot open %s"), path);
  if (fd < 0 && errno == ENOENT)
    return add_new_file (forward, path, error);
  if (fd < 0)
    return TRUE; /* the application will complain of it */
  *place = place_of (fd);
  ok = !*place || add_file (forward, fd, *place, error);
  close (fd);
  return ok;
}

/* A path or a file:// URI becomes one that holds inside; *@result is NULL where it is neither. */
static gboolean
forward_word (Forward *forward, const char *word, char **result, GError **error)
{
  gboolean is_uri = g_ascii_strncasecmp (word, "file://", 7) == 0;
  g_autofree char *of_uri = is_uri ? g_filename_from_uri (word, NULL, NULL) : NULL, *place = NULL;
  g_autofree char *absolute = NULL;

  *result = NULL;
  if (*word == '\0' || (is_uri && !of_uri))
    return TRUE;
  absolute = g_canonicalize_filename (of_uri ? of_uri : word, NULL);
  if (!forward_path (forward, of_uri ? of_uri : word, &place, error))
    return FALSE;
  if (!place)
    return TRUE;
  if (g_str_equal (place, absolute) && (of_uri || g_path_is_absolute (word)))
    *result = g_strdup (word);
  else
    *result = of_uri ? g_filename_to_uri (place, NULL, error) : g_steal_pointer (&place);
  return *result != NULL;
}

static char *
forward_argument (Forward *forward, const char *argument, GError **error)
{
  const char *equals = argument[0] == '-' ? strchr (argument, '=') : NULL;
  char *result = NULL;

  if (!forward_word (forward, argument, &result, error))
    return NULL;
  if (!result && equals) {
    g_autofree char *value = NULL;

    if (!forward_word (forward, equals + 1, &value, error))
      return NULL;
    if (value)
      result = g_strdup_printf ("%.*s=%s", (int) (equals - argument), argument, value);
  }
  return result ? result : g_strdup (argument);
}

static char **
forward_all (Forward *forward, char **argv, GError **error)
{
  g_autoptr (GPtrArray) result = g_ptr_array_new_with_free_func (g_free);
  gboolean inside = FALSE;

  for (; *argv; argv++) {
    char *argument;

    if (!inside && (g_str_equal (*argv, FILES_BEGIN) || g_str_equal (*argv, URIS_BEGIN))) {
      inside = TRUE;
      continue;
    }
    if (inside && g_str_equal (*argv, END)) {
      inside = FALSE;
      continue;
    }
    argument = inside ? forward_argument (forward, *argv, error) : g_strdup (*argv);
    if (!argument)
      return NULL;
    g_ptr_array_add (result, argument);
  }
  g_ptr_array_add (result, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&result), FALSE);
}

char **
sbx_forward_files (char **argv, SbxFdList *fds, GVariantBuilder *handles, GVariantBuilder *new_files, GError **error)
{
  g_autoptr (GHashTable) paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (SbxObjectSet) homes = sbx_object_set_new ();
  g_autoptr (GHashTable) directories = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Forward forward = { fds, handles, new_files, paths, directories, homes, NULL };
  char **result = NULL;

  if (sbx_taint_add_homes (homes, g_get_user_data_dir ()) < 0)
    sbx_throw_errno (error, SBX_ERROR_LIMITS, errno, _ ("cannot open %s"), g_get_user_data_dir ());
  else
    result = forward_all (&forward, argv, error);
  g_clear_pointer (&forward.tainted, sbx_object_set_free);
  return result;
}
