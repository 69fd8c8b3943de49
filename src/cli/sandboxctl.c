/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandboxctl: the command line. It starts nothing itself: everything is asked of sandboxd. */
#include <dirent.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/link/follow.h"
#include "cli/text/output.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"
#include "config.h"

static void
usage (FILE *stream)
{
  fprintf (stream, _ ("Usage: sandboxctl VERB [OPTION…] [ARGUMENT…]\n\n"));
  for (const SbxVerb *verb = sbx_verbs; verb->name; verb++)
    if (verb->summary)
      fprintf (stream, "  %-9s %s\n", verb->name, _ (verb->summary));
  fprintf (stream, _ ("\n`sandboxctl VERB --help` has the options of each; sandboxctl(1) has the rest.\n"));
}

static int
unknown_verb (const char *name)
{
  g_autofree const char **verbs = sbx_verb_names (sbx_verbs);
  g_autofree char *meant = sbx_words_explain_verb (verbs, name);

  return sbx_fail (_ ("there is no verb \"%s\"; %s"), name, meant);
}

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

/* By the name of sandbox-spawn, or that of the program whose options it takes, it is the verb "spawn". Returns the
 * words of that command line (g_free () the array only), or NULL. */
static char **
expand_name (int argc, char **argv)
{
  const char *slash = argv[0] ? strrchr (argv[0], '/') : NULL, *name = slash ? slash + 1 : argv[0];
  char **words;

  if (!name || (strcmp (name, "sandbox-spawn") != 0 && strcmp (name, "flatpak-spawn") != 0))
    return NULL;
  words = g_new0 (char *, (gsize) argc + 2);
  words[0] = argv[0];
  words[1] = (char *) "spawn";
  for (int i = 1; i < argc; i++)
    words[i + 1] = argv[i];
  return words;
}

static int
work (int argc, char **argv)
{
  SbxDescriptors descriptors;
  SbxCommand command = { argc - 1, argv + 1, &descriptors, FALSE, sbx_verbs };
  const SbxVerb *verb;
  int status;

  verb = argc > 1 ? sbx_verb_find (sbx_verbs, argv[1]) : NULL;
  command.strict = verb && verb->forwards;
  if (command.strict)
    sbx_follow_block_signals ();
  note_descriptors (&descriptors);
  fill_holes (&descriptors);
  /* Only what text needs: each further category is two files to open */
  setlocale (LC_CTYPE, "");
  setlocale (LC_MESSAGES, "");
  bindtextdomain (GETTEXT_PACKAGE, SBX_LOCALEDIR);
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname ("sandboxctl");
  if (argc < 2) {
    usage (stderr);
    return SBX_EXIT_SANDBOX;
  }
  if (argc == 3 && strcmp (argv[1], "help") == 0) {
    char *words[] = { argv[2], (char *) "--help", NULL };

    verb = sbx_verb_find (sbx_verbs, argv[2]);
    if (!verb)
      return unknown_verb (argv[2]);
    command.argc = 2;
    command.argv = words;
    return verb->function (&command);
  }
  if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0 || strcmp (argv[1], "help") == 0) {
    usage (stdout);
    return sbx_output_finish (descriptors.closed[1]) ? EXIT_SUCCESS : SBX_EXIT_SANDBOX;
  }
  if (strcmp (argv[1], "--version") == 0) {
    printf ("sandboxctl %s\n", SBX_VERSION);
    return sbx_output_finish (descriptors.closed[1]) ? EXIT_SUCCESS : SBX_EXIT_SANDBOX;
  }
  status = verb ? verb->function (&command) : unknown_verb (argv[1]);
  if (!sbx_output_finish (descriptors.closed[1]) && status == EXIT_SUCCESS)
    status = SBX_EXIT_SANDBOX;
  return status;
}

int
main (int argc, char **argv)
{
  g_autofree char **expanded = expand_name (argc, argv);

  return expanded ? work (argc + 1, expanded) : work (argc, argv);
}
