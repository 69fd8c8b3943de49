/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandboxctl logs: what applications have printed that were started from icons, or detached. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/instances.h"
#include "cli/log.h"
#include "cli/text/output.h"
#include "cli/verbs/functions.h"

#define SUFFIX ".log"

/* The ids of all that are kept, the newest first. */
static GPtrArray *
list_ids (const char *directory)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (name[0] != '.' && g_str_has_suffix (name, SUFFIX))
      g_ptr_array_add (rows, g_strndup (name, strlen (name) - strlen (SUFFIX)));
  return rows;
}

/* The only id that begins with @word, or NULL. */
static const char *
find_id (GPtrArray *ids, const char *word)
{
  const char *found = NULL;

  for (guint i = 0; i < ids->len; i++)
    if (g_str_has_prefix (ids->pdata[i], word)) {
      if (found)
        return NULL;
      found = ids->pdata[i];
    }
  return found;
}

static char *
path_of (const char *directory, const char *id)
{
  g_autofree char *name = g_strconcat (id, SUFFIX, NULL);

  return g_build_filename (directory, name, NULL);
}

/* Lines as they are for a program, and harmless ones for a terminal. */
static void
print_lines (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (char **line = lines; *line && (line[1] || **line); line++) {
    g_autoptr (GString) flat = g_string_new (*line);
    g_autofree char *clean = NULL;

    g_string_replace (flat, "\t", "        ", 0);
    clean = sbx_output_clean (flat->str);
    puts (isatty (STDOUT_FILENO) ? clean : *line);
  }
}

static int
show (const char *directory, const char *id)
{
  g_autofree char *path = path_of (directory, id), *text = NULL;
  g_autoptr (GError) error = NULL;

  if (!g_file_get_contents (path, &text, NULL, &error))
    return sbx_fail (_ ("nothing is kept of what %s printed: it went to where it was started, or is too old"), id);
  print_lines (text);
  return 0;
}

static int
list (const char *directory, GPtrArray *ids)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  const char *heading[] = { _ ("ID"), _ ("SIZE"), _ ("LAST"), _ ("COMMAND"), NULL };

  g_ptr_array_add (rows, g_strdupv ((char **) heading));
  for (guint i = 0; i < ids->len; i++) {
    g_autofree char *path = path_of (directory, ids->pdata[i]), *text = NULL;
    g_autoptr (GDateTime) time = NULL;
    struct stat st;
    char *first;

    if (lstat (path, &st) < 0 || !g_file_get_contents (path, &text, NULL, NULL))
      continue;
    time = g_date_time_new_from_unix_local ((gint64) st.st_mtime);
    first = g_str_has_prefix (text, "# ") ? text + 2 : text;
    first[strcspn (first, "\n")] = '\0';
    char *row[] = { g_strdup (ids->pdata[i]), g_format_size_full ((guint64) st.st_size, G_FORMAT_SIZE_IEC_UNITS),
                    time ? g_date_time_format (time, "%F %H:%M") : g_strdup ("-"), sbx_output_clean (first), NULL };
    g_ptr_array_add (rows, g_memdup2 (row, sizeof row));
  }
  sbx_output_table (rows);
  return 0;
}

int
sbx_cmd_logs (SbxCommand *command)
{
  const GOptionEntry entries[] = { G_OPTION_ENTRY_NULL };
  g_autofree char *directory = sbx_log_directory ();
  g_autoptr (GPtrArray) ids = list_ids (directory), instances = NULL;
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GError) error = NULL;
  const SbxInstanceInfo *info;
  int status;

  if (!sbx_parse (
          command, entries, NULL, _ ("[SANDBOX]"),
          _ ("Prints what an application has printed that was started from an icon, or detached with its output "
             "going nowhere."),
          &status))
    return status;
  if (command->argc > 2)
    return sbx_fail (_ ("logs takes one sandbox, or none for a list"));
  if (command->argc < 2)
    return list (directory, ids);
  if (find_id (ids, command->argv[1]))
    return show (directory, find_id (ids, command->argv[1]));
  info = sbx_instances_open (command->argv[1], &service, &instances, &error);
  return info ? show (directory, info->id) : sbx_fail_error (error);
}
