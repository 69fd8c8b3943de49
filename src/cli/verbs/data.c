/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandboxctl data: the homes that are kept for applications. What is in them was written by those, so no link in them
 * is followed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/instances.h"
#include "cli/text/json.h"
#include "cli/text/output.h"
#include "cli/verbs/functions.h"
#include "common/error.h"

#define MAX_DEPTH 200 /* one descriptor for each */

typedef struct {
  gboolean json;
  char **words; /* what follows the sub-verb */
  char *base;   /* of all kept homes */
} Data;

typedef struct {
  guint64 bytes;
  gint64 newest; /* seconds since 1970 */
} Size;

/* Takes @fd. */
static void
measure (int fd, int depth, Size *size)
{
  DIR *directory = fdopendir (fd);
  struct dirent *entry;
  struct stat st;

  if (!directory) {
    close (fd);
    return;
  }
  while ((entry = readdir (directory)) != NULL) {
    if (strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0
        || fstatat (dirfd (directory), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
      continue;
    size->bytes += (guint64) st.st_blocks * 512;
    size->newest = MAX (size->newest, (gint64) st.st_mtime);
    if (S_ISDIR (st.st_mode) && depth < MAX_DEPTH) {
      int below =
          openat (dirfd (directory), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

      if (below >= 0)
        measure (below, depth + 1, size);
    }
  }
  closedir (directory);
}

static Size
size_of (const char *path)
{
  Size size = { 0 };
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat st;

  if (fd >= 0 && fstat (fd, &st) == 0)
    size.newest = (gint64) st.st_mtime;
  if (fd >= 0)
    measure (fd, 0, &size);
  return size;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* The applications that have one, in order. */
static GPtrArray *
list_names (const Data *self)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (self->base, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *path = g_build_filename (self->base, name, NULL);

    if (*name != '.' && g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
      g_ptr_array_add (names, g_strdup (name));
  }
  g_ptr_array_sort (names, compare_names);
  return names;
}

static int
list (gpointer data)
{
  Data *self = data;
  g_autoptr (GPtrArray) names = list_names (self);
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  g_autoptr (JsonArray) array = json_array_new ();
  const char *heading[] = { _ ("APP"), _ ("SIZE"), _ ("LAST USED"), _ ("PLACE"), NULL };

  g_ptr_array_add (rows, g_strdupv ((char **) heading));
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *path = g_build_filename (self->base, names->pdata[i], NULL);
    Size size = size_of (path);
    g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (size.newest);
    char *row[] = { sbx_output_clean (names->pdata[i]), g_format_size_full (size.bytes, G_FORMAT_SIZE_IEC_UNITS),
                    time ? g_date_time_format (time, "%F %H:%M") : g_strdup ("-"), sbx_output_clean (path), NULL };
    JsonObject *object = json_object_new ();

    g_ptr_array_add (rows, g_memdup2 (row, sizeof row));
    json_object_set_string_member (object, "app-id", row[0]);
    json_object_set_int_member (object, "bytes", (gint64) size.bytes);
    json_object_set_int_member (object, "last-used", size.newest);
    json_object_set_string_member (object, "path", row[3]);
    json_array_add_object_element (array, object);
  }
  if (self->json)
    sbx_output_json (json_node_init_array (json_node_alloc (), array));
  else
    sbx_output_table (rows);
  return 0;
}

/* The kept home of @app; NULL with @error. */
static char *
find (const Data *self, const char *app, GError **error)
{
  g_autoptr (GPtrArray) names = list_names (self);

  if (g_ptr_array_find_with_equal_func (names, app, g_str_equal, NULL))
    return g_build_filename (self->base, app, NULL);
  sbx_throw (error, SBX_ERROR_NOT_FOUND, _ ("nothing is kept for \"%s\"; `sandboxctl data list` says for whom"), app);
  return NULL;
}

/* FALSE with @error: an instance of @app is running, or nobody can say. */
static gboolean
is_idle (const char *app, GError **error)
{
  g_autoptr (SbxService) service = sbx_service_open (error);
  g_autoptr (GPtrArray) instances = service ? sbx_instances_list (service, error) : NULL;

  for (guint i = 0; instances && i < instances->len; i++) {
    const SbxInstanceInfo *info = g_ptr_array_index (instances, i);

    if (!sbx_instance_has_ended (info) && strcmp (sbx_instance_text (info, "AppId"), app) == 0)
      return sbx_throw (error, SBX_ERROR_LIMITS, _ ("%s is running; `sandboxctl stop %s` ends it"), app, info->id);
  }
  return instances != NULL;
}

/* Runs @argv to its end; FALSE with @error unless that is good. */
static gboolean
run_tool (const char *const *argv, GError **error)
{
  g_autofree char *complaint = NULL;
  int status;

  return g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, &complaint, &status, error)
         && (g_spawn_check_wait_status (status, NULL)
             || sbx_throw (error, SBX_ERROR_SPAWN_FAILED, "%s", g_strchomp (complaint)));
}

static int
remove_homes (gpointer data)
{
  Data *self = data;
  int status = 0;

  for (char **app = self->words; *app; app++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *path = find (self, *app, &error);
    const char *argv[] = { "rm", "-rf", "--one-file-system", "--", path, NULL }; /* follows no link */

    if (path && is_idle (*app, &error) && run_tool (argv, &error))
      printf (_ ("%s: nothing is kept any more\n"), *app);
    else
      status = sbx_fail_error (error);
  }
  return status;
}

static int
export_home (gpointer data)
{
  Data *self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = find (self, self->words[0], &error), *default_name = NULL;
  const char *file = self->words[1] ? self->words[1] : NULL;

  default_name = g_strconcat (self->words[0], ".tar.gz", NULL);
  if (!file)
    file = default_name;
  {
    g_autofree char *target = g_canonicalize_filename (file, NULL);
    const char *argv[] = { "tar", "--create", "--auto-compress", "--file", target, "--force-local", "--directory", path,
                           ".",   NULL };

    if (!path)
      return sbx_fail_error (error);
    if (g_file_test (target, G_FILE_TEST_EXISTS))
      return sbx_fail (_ ("%s is there already; name another file"), target);
    if (!run_tool (argv, &error))
      return sbx_fail_error (error);
    printf ("%s\n", target);
  }
  return 0;
}

static const SbxSubVerb verbs[] = {
  { "list", list, 0, 0, "data list [--json]" },
  { "remove", remove_homes, 1, G_MAXUINT, "data remove APP…" },
  { "export", export_home, 1, 2, "data export APP [FILE.tar.gz]" },
};

int
sbx_cmd_data (SbxCommand *command)
{
  Data self = { 0 };
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &self.json, N_ ("Print JSON"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  const char *word;
  int status;

  if (!sbx_parse (command, entries, NULL, _ ("list|remove|export [APP…]"),
                  _ ("Lists the homes that are kept for applications, removes them, writes one into an archive."),
                  &status))
    return status;
  word = command->argc > 1 ? command->argv[1] : "list";
  self.words = command->argc > 1 ? command->argv + 2 : command->argv + command->argc;
  self.base = g_build_filename (g_get_user_data_dir (), SBX_RUNTIME_SUBDIR, NULL);
  status = sbx_sub_verb_run (verbs, G_N_ELEMENTS (verbs), word, g_strv_length (self.words), &self);
  if (status < 0)
    status = sbx_fail (_ ("data takes one of list, remove and export, not \"%s\""), word);
  g_free (self.base);
  return status;
}
