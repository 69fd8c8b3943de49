/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/begin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/link/follow.h"
#include "cli/link/helper.h"
#include "cli/text/output.h"
#include "config.h"

#define PROGRAM "sandboxctl"
#define DELETED " (deleted)"

static int
compare_ints (gconstpointer a, gconstpointer b)
{
  return *(const int *) a - *(const int *) b;
}

/* The descriptors that the caller left open for us, and those that it closed. */
static void
note_descriptors (SbxDescriptors *descriptors)
{
  struct dirent *entry;
  DIR *dir;

  descriptors->inherited = g_array_new (FALSE, FALSE, sizeof (int));
  for (int fd = 0; fd < 3; fd++)
    descriptors->closed[fd] = fcntl (fd, F_GETFD) < 0;
  dir = opendir ("/proc/self/fd");
  while (dir && (entry = readdir (dir))) {
    int fd = atoi (entry->d_name);
    int flags = fd >= 3 && fd != dirfd (dir) ? fcntl (fd, F_GETFD) : -1;

    if (flags >= 0 && !(flags & FD_CLOEXEC))
      g_array_append_val (descriptors->inherited, fd);
  }
  if (dir)
    closedir (dir);
  g_array_sort (descriptors->inherited, compare_ints);
}

/* Nothing of ours may be opened under the numbers of the standard descriptors. */
static void
fill_holes (const SbxDescriptors *descriptors)
{
  for (int fd = 0; fd < 3; fd++)
    if (descriptors->closed[fd] && open ("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) != fd)
      exit (SBX_EXIT_SANDBOX);
}

/* Only what text needs: each further category is two files to open. */
static void
speak (void)
{
  setlocale (LC_CTYPE, "");
  setlocale (LC_MESSAGES, "");
  bindtextdomain (GETTEXT_PACKAGE, SBX_LOCALEDIR);
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname (PROGRAM);
}

void
sbx_begin (SbxCommand *command, SbxDescriptors *descriptors, const SbxVerb *verb)
{
  command->descriptors = descriptors;
  command->strict = verb && verb->forwards;
  if (command->strict)
    sbx_follow_block_signals ();
  note_descriptors (descriptors);
  fill_holes (descriptors);
  speak ();
}

int
sbx_end (const SbxCommand *command, int status)
{
  if (sbx_output_finish (command->descriptors->closed[1]) || status != EXIT_SUCCESS)
    return status;
  return SBX_EXIT_SANDBOX;
}

/* What is running. */
static char *
read_own_path (GError **error)
{
  char *path = g_file_read_link ("/proc/self/exe", error);

  if (path && g_str_has_suffix (path, DELETED))
    path[strlen (path) - strlen (DELETED)] = '\0';
  return path;
}

char *
sbx_own_path (GError **error)
{
  g_autofree char *path = read_own_path (error);
  g_autofree char *dir = path ? g_path_get_dirname (path) : NULL;
  g_autofree char *beside = dir ? g_build_filename (dir, PROGRAM, NULL) : NULL;

  if (!path || !g_str_has_suffix (path, "/" SBX_ALL_VERBS))
    return g_steal_pointer (&path);
  return g_file_test (beside, G_FILE_TEST_IS_EXECUTABLE) ? g_steal_pointer (&beside)
                                                         : g_build_filename (SBX_BINDIR, PROGRAM, NULL);
}

int
sbx_hand_over (char **argv)
{
  g_autofree char *path = read_own_path (NULL);
  g_autofree char *dir = path ? g_path_get_dirname (path) : NULL;
  g_autofree char *beside = dir ? g_build_filename (dir, SBX_ALL_VERBS, NULL) : NULL, *program = NULL;

  if (beside)
    execv (beside, argv); /* in a build tree */
  program = sbx_helper_find (SBX_ALL_VERBS, "cli");
  execv (program, argv);
  speak ();
  return sbx_fail (_ ("cannot start %s: %s; is it installed?"), program, g_strerror (errno));
}
