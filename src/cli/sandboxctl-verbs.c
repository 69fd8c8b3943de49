/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandboxctl-verbs: what sandboxctl becomes for every verb that is not there, and for none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/begin.h"
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

int
main (int argc, char **argv)
{
  SbxDescriptors descriptors;
  SbxCommand command = { argc - 1, argv + 1, &descriptors, FALSE, sbx_verbs };
  const SbxVerb *verb;

  verb = argc > 1 ? sbx_verb_find (sbx_verbs, argv[1]) : NULL;
  sbx_begin (&command, &descriptors, verb);
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
    return sbx_end (&command, EXIT_SUCCESS);
  }
  if (strcmp (argv[1], "--version") == 0) {
    printf ("sandboxctl %s\n", SBX_VERSION);
    return sbx_end (&command, EXIT_SUCCESS);
  }
  return sbx_end (&command, verb ? verb->function (&command) : unknown_verb (argv[1]));
}
