/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandboxctl: the command line. It starts nothing itself: everything is asked of sandboxd.
 *
 * Here are the verbs that start a process, which is what a shell does over and over, and they get along with GLib
 * alone; for the others this becomes a program that has all, and is linked with GIO and what that needs (begin.h). */
#include <string.h>

#include "cli/begin.h"
#include "cli/verbs/quick.h"

static const SbxVerb quick_verbs[] = { SBX_VERB_RUN, SBX_VERB_EXEC, SBX_VERB_SPAWN, { .name = NULL } };

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

int
main (int argc, char **argv)
{
  g_autofree char **expanded = expand_name (argc, argv);
  char **words = expanded ? expanded : argv;
  SbxDescriptors descriptors;
  SbxCommand command = { argc - (expanded ? 0 : 1), words + 1, &descriptors, FALSE, quick_verbs };
  const SbxVerb *verb = words[0] && words[1] ? sbx_verb_find (quick_verbs, words[1]) : NULL;

  if (!verb)
    return sbx_hand_over (words);
  sbx_begin (&command, &descriptors, verb);
  return sbx_end (&command, verb->function (&command));
}
