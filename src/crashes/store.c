/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crashes/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/names.h"
#include "common/read-file.h"
#include "common/write-file.h"

#define ID_DIGITS 16
#define MAX_OF_ONE 1000 /* crashes of one instance */
#define MAX_APP 255     /* bytes of an application's id */
#define MAX_DEPTH 16    /* of directories that a handler may have made: what is below is not counted */
#define MAX_PASSES 4096 /* over them, to remove what is deeper */

void
sbx_crash_entry_free (SbxCrashEntry *entry)
{
  g_free (entry->id);
  g_free (entry->app);
  g_free (entry);
}

/* The name of a crash's directory: the instance's id, and for a second and later crash of it a number. */
static gboolean
is_id (const char *id)
{
  gsize n = strspn (id, "0123456789abcdef");

  if (n != ID_DIGITS)
    return FALSE;
  return id[n] == '\0'
         || (id[n] == '-' && id[n + 1] != '\0' && strspn (id + n + 1, "0123456789") == strlen (id + n + 1));
}

char *
sbx_crash_store_path (const char *const *environment)
{
  const char *state = g_environ_getenv ((char **) environment, "XDG_STATE_HOME");
  const char *home = g_environ_getenv ((char **) environment, "HOME");

  if (state && g_path_is_absolute (state))
    return g_build_filename (state, SBX_RUNTIME_SUBDIR, "crashes", NULL);
  return g_build_filename (home ? home : g_get_home_dir (), ".local", "state", SBX_RUNTIME_SUBDIR, "crashes", NULL);
}

int
sbx_crash_store_open (const char *path, gboolean make, GError **error)
{
  struct stat st;
  int fd;

  if (make && g_mkdir_with_parents (path, 0700) < 0) {
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "make the directory %s", path);
    return -1;
  }
  fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0 && fstat (fd, &st) == 0 && st.st_uid == geteuid ())
    return fd;
  if (fd >= 0)
    errno = EPERM;
  sbx_throw_errno (error, errno == ENOENT ? SBX_ERROR_NOT_FOUND : SBX_ERROR_SPAWN_FAILED, errno, "open %s", path);
  if (fd >= 0)
    close (fd);
  return -1;
}

/* A directory of ours, opened even if a handler has taken our rights to it away. No link is followed. */
static int
open_directory (int parent, const char *name)
{
  const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  int fd = openat (parent, name, flags);

  if (fd < 0 && errno == EACCES && fchmodat (parent, name, 0700, AT_SYMLINK_NOFOLLOW) == 0)
    fd = openat (parent, name, flags);
  return fd;
}

static int
open_entry (int store, const char *id)
{
  if (!is_id (id)) {
    errno = ENOENT;
    return -1;
  }
  return open_directory (store, id);
}

/* What is done below the directory of a crash. */
typedef struct {
  int top; /* its descriptor if all is to be removed, or -1 */
  guint64 bytes;
  guint lifted; /* directories that were too deep and are now at the top */
} Walk;

/* So that any depth can be removed with few descriptors. */
static void
lift (Walk *walk, int parent, const char *name)
{
  g_autofree char *fresh = g_strdup_printf (".deep-%08x", g_random_int ());

  if (renameat (parent, name, walk->top, fresh) == 0)
    walk->lifted++;
}

/* Takes @fd. */
static void
walk_directory (Walk *walk, int fd, int depth)
{
  DIR *dir = fdopendir (fd);
  struct dirent *entry;

  if (!dir) {
    close (fd);
    return;
  }
  if (walk->top >= 0)
    (void) fchmod (fd, 0700); /* it may have been made read-only */
  while ((entry = readdir (dir)) != NULL) {
    struct stat st;

    if (strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0
        || fstatat (dirfd (dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
      continue;
    walk->bytes += (guint64) st.st_blocks * 512;
    if (S_ISDIR (st.st_mode)) {
      int below = open_directory (dirfd (dir), entry->d_name);

      if (below >= 0 && depth < MAX_DEPTH) {
        walk_directory (walk, below, depth + 1);
      } else if (below >= 0) {
        if (walk->top >= 0 && fchmod (below, 0700) == 0)
          lift (walk, dirfd (dir), entry->d_name);
        close (below);
      }
    }
    if (walk->top >= 0)
      unlinkat (dirfd (dir), entry->d_name, S_ISDIR (st.st_mode) ? AT_REMOVEDIR : 0);
  }
  closedir (dir);
}

/* Removes what is below @top, whose owner is the caller. */
static void
empty (int top)
{
  Walk walk = { .top = top };

  for (int i = 0; i < MAX_PASSES && (i == 0 || walk.lifted > 0); i++) {
    int fd = openat (top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    walk.lifted = 0;
    if (fd >= 0)
      walk_directory (&walk, fd, 0);
  }
}

/* The handler could have written it, so it is compared and nothing else. */
static char *
read_app (int store, const char *id)
{
  gsize size = 0;
  g_autofree char *app = sbx_crash_store_read (store, id, SBX_APP_FILE, &size, NULL);

  return app && size > 0 && size <= MAX_APP ? g_steal_pointer (&app) : NULL;
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  const SbxCrashEntry *first = *(SbxCrashEntry *const *) a, *second = *(SbxCrashEntry *const *) b;

  if (first->time != second->time)
    return first->time < second->time ? -1 : 1;
  return strcmp (first->id, second->id);
}

GPtrArray *
sbx_crash_store_list (int store)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) sbx_crash_entry_free);
  int fd = openat (store, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd < 0 ? NULL : fdopendir (fd);
  struct dirent *row;

  while (dir && (row = readdir (dir)) != NULL) {
    int below = open_entry (store, row->d_name);
    Walk walk = { .top = -1 };
    struct stat st;
    SbxCrashEntry *entry;

    if (below < 0)
      continue;
    entry = g_new0 (SbxCrashEntry, 1);
    entry->id = g_strdup (row->d_name);
    entry->time = fstat (below, &st) == 0 ? st.st_mtime : 0;
    walk_directory (&walk, below, 0);
    entry->bytes = walk.bytes;
    entry->app = read_app (store, entry->id);
    g_ptr_array_add (list, entry);
  }
  if (dir)
    closedir (dir);
  g_ptr_array_sort (list, compare_times);
  return list;
}

char *
sbx_crash_store_add (int store, const char *instance, GError **error)
{
  for (int n = 1; n < MAX_OF_ONE; n++) {
    g_autofree char *id = n == 1 ? g_strdup (instance) : g_strdup_printf ("%s-%d", instance, n);

    if (mkdirat (store, id, 0700) == 0)
      return g_steal_pointer (&id);
    if (errno != EEXIST)
      break;
  }
  sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "make a directory for the crash");
  return NULL;
}

static gboolean
is_same_source (const SbxCrashEntry *a, const SbxCrashEntry *b, gboolean by_app)
{
  if (by_app)
    return a->app && g_strcmp0 (a->app, b->app) == 0;
  return strncmp (a->id, b->id, ID_DIGITS) == 0;
}

/* How much there is from the source of @entry: its instance, or its application if that has more. */
static guint64
weigh (GPtrArray *list, const SbxCrashEntry *entry, gboolean by_bytes)
{
  guint64 of_instance = 0, of_app = 0;

  for (guint i = 0; i < list->len; i++) {
    const SbxCrashEntry *other = g_ptr_array_index (list, i);
    guint64 weight = by_bytes ? other->bytes : 1;

    of_instance += is_same_source (entry, other, FALSE) ? weight : 0;
    of_app += is_same_source (entry, other, TRUE) ? weight : 0;
  }
  return MAX (of_instance, of_app);
}

/* The oldest of the source that has most; not @keep, and nobody else's if @keep is all that this source has. */
static SbxCrashEntry *
choose_victim (GPtrArray *list, const char *keep, gboolean by_bytes)
{
  SbxCrashEntry *victim = NULL;
  guint64 most = 0;

  for (guint i = 0; i < list->len; i++) {
    SbxCrashEntry *entry = g_ptr_array_index (list, i);
    guint64 weight = weigh (list, entry, by_bytes);
    gboolean kept = g_strcmp0 (entry->id, keep) == 0;

    if (weight > most || (weight == most && !victim && !kept))
      victim = kept ? NULL : entry;
    most = MAX (most, weight);
  }
  return victim;
}

void
sbx_crash_store_rotate (int store, const char *keep, guint count, guint64 bytes)
{
  g_autoptr (GPtrArray) list = sbx_crash_store_list (store);
  guint64 sum = 0;

  for (guint i = 0; i < list->len; i++)
    sum += ((SbxCrashEntry *) g_ptr_array_index (list, i))->bytes;
  while (list->len > count || sum > bytes) {
    SbxCrashEntry *victim = choose_victim (list, keep, list->len <= count);
    g_autoptr (GError) error = NULL;

    if (!victim)
      return;
    if (!sbx_crash_store_remove (store, victim->id, &error))
      g_warning ("%s", error->message);
    sum -= victim->bytes;
    g_ptr_array_remove (list, victim);
  }
}

gboolean
sbx_crash_store_remove (int store, const char *id, GError **error)
{
  int fd = open_entry (store, id);

  if (fd < 0)
    return sbx_throw (error, SBX_ERROR_NOT_FOUND, "there is no crash \"%s\"; `sandboxctl crashes list` has them all",
                      id);
  empty (fd);
  close (fd);
  if (unlinkat (store, id, AT_REMOVEDIR) == 0)
    return TRUE;
  return sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "remove the crash %s", id);
}

gboolean
sbx_crash_store_write (int store, const char *id, const char *name, const char *text, GError **error)
{
  int directory = open_entry (store, id);
  gboolean ok = directory >= 0 && sbx_replace_file (directory, name, text, strlen (text)) == 0;

  if (!ok)
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "write %s of the crash %s", name, id);
  if (directory >= 0)
    close (directory);
  return ok;
}

char *
sbx_crash_store_read (int store, const char *id, const char *name, gsize *size, GError **error)
{
  int directory = open_entry (store, id);
  char *text = directory < 0 ? NULL : sbx_read_file (directory, name, SBX_CRASH_FILE_MAX, SBX_READ_NO_LINK, size);

  if (directory >= 0)
    close (directory);
  if (!text)
    sbx_throw (error, SBX_ERROR_NOT_FOUND, "there is no %s of a crash \"%s\"; `sandboxctl crashes list` has them all",
               name, id);
  return text;
}
