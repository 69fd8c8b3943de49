/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/link/missing.h"

#include <fcntl.h>
#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/path.h"

#define MAX_INTERPRETERS 4 /* a script may be interpreted by a script: BINPRM_MAX_RECURSION */
#define MAX_LINE 256       /* of "#!": BINPRM_BUF_SIZE */

/* The path of @command outside, if it is there. */
static char *
find_outside (const char *command)
{
  if (strchr (command, '/'))
    return g_file_test (command, G_FILE_TEST_EXISTS) ? g_canonicalize_filename (command, NULL) : NULL;
  return g_find_program_in_path (command);
}

/* What every sandbox has. */
static gboolean
is_of_system (const char *path)
{
  static const char *const places[] = { "/usr", "/opt", "/bin", "/sbin", "/lib", "/lib64" };

  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    if (sbx_path_is_below (path, places[i]))
      return TRUE;
  return FALSE;
}

/* What --filesystem has to name for @path: its directory, where what it needs lies too; the file alone where that would
 * be the whole home or more. */
static char *
place_of (const char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);

  if (sbx_path_is_below (g_get_home_dir (), directory) || strcmp (directory, "/tmp") == 0)
    return g_strdup (path);
  return g_steal_pointer (&directory);
}

static void
add_place (GPtrArray *places, const char *path)
{
  g_autofree char *place = is_of_system (path) ? NULL : place_of (path);

  for (guint i = 0; place && i < places->len; i++)
    if (sbx_path_is_below (place, places->pdata[i]))
      return;
  if (place)
    g_ptr_array_add (places, g_steal_pointer (&place));
}

/* The program that the first line of the script @path names, or NULL. */
static char *
interpreter_of (const char *path)
{
  char line[MAX_LINE + 1];
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  ssize_t n = fd < 0 ? -1 : read (fd, line, MAX_LINE);
  char *begin;

  if (fd >= 0)
    close (fd);
  if (n < 3 || line[0] != '#' || line[1] != '!')
    return NULL;
  line[n] = '\0';
  begin = line + 2 + strspn (line + 2, " \t");
  begin[strcspn (begin, " \t\r\n")] = '\0';
  return *begin == '/' ? g_strdup (begin) : NULL;
}

/* All that has to be there for @path to start, in the order in which the kernel looks. @missing: an interpreter that is
 * not there outside either. */
static GPtrArray *
list_places (const char *path, char **missing)
{
  GPtrArray *places = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *next = g_strdup (path);

  for (int i = 0; next && i < MAX_INTERPRETERS; i++) {
    g_autofree char *real = realpath (next, NULL), *before = g_steal_pointer (&next);

    if (!real) {
      *missing = g_steal_pointer (&before);
      break;
    }
    add_place (places, before);
    add_place (places, real);
    next = interpreter_of (real);
  }
  return places;
}

static char *
write_options (GPtrArray *places)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < places->len; i++)
    g_string_append_printf (text, "%s--filesystem=%s:ro", i > 0 ? " " : "", (const char *) places->pdata[i]);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

char *
sbx_explain_missing (const char *command, const char *profile)
{
  g_autofree char *outside = find_outside (command), *missing = NULL, *options = NULL;
  g_autoptr (GPtrArray) places = outside ? list_places (outside, &missing) : NULL;

  if (!outside)
    return g_strdup_printf (_ ("command not found: %s"), command);
  if (missing)
    return g_strdup_printf (_ ("%s cannot be started: its first line names %s, which is not there"), outside, missing);
  if (places->len == 0)
    return g_strdup_printf (_ ("%s cannot be started: the interpreter it names is not there in the sandbox"), outside);
  options = write_options (places);
  if (!profile)
    return g_strdup_printf (
        _ ("command not found in the sandbox: %s is there outside, but the profile does not show it; "
           "add %s"),
        outside, options);
  return g_strdup_printf (_ ("command not found in the sandbox: %s is there outside, but the profile \"%s\" does not "
                             "show it; add %s"),
                          outside, profile, options);
}
