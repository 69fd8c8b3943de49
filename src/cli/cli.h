/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the verbs share. */
#pragma once

#include <glib.h>
#include <glib/gi18n.h>

#include "cli/text/output.h"
#include "common/names.h"
#include "policy/policy.h"

G_BEGIN_DECLS

/* What was open when the program began, before anything else could open more. */
typedef struct {
  GArray *inherited; /* int, from 3 on, not close-on-exec, in order */
  gboolean closed[3];
} SbxDescriptors;

typedef struct _SbxCommand SbxCommand;

/* Returns the exit status. */
typedef int (*SbxVerbFunction) (SbxCommand *command);

/* All about a verb: for main (), the usage, and completion. The table is in verbs/verbs.c. */
typedef struct {
  const char *name;
  SbxVerbFunction function;
  const char *summary; /* NULL: not for people */
  gboolean forwards;   /* what we get is for another command: signals, options after the first word */
  gboolean policy;     /* takes the policy options too */
  const char *options; /* its own, separated by blanks; with "=" those that take a value */
} SbxVerb;

/* The one of @verbs, which end with a NULL name, that is called @name, or NULL. */
const SbxVerb *sbx_verb_find (const SbxVerb *verbs, const char *name);
/* The names of those for people, NULL-terminated; g_free () the array only. */
const char **sbx_verb_names (const SbxVerb *verbs);

/* A word behind a verb, as in `profile list`. */
typedef struct {
  const char *name;
  int (*function) (gpointer self); /* returns the exit status */
  guint min, max;                  /* words that follow it */
  const char *usage;
} SbxSubVerb;

/* Runs the one of @verbs that is called @name with @self, or says how it is used unless @n_words will do. Returns the
 * exit status; -1 if there is none of that name. */
int sbx_sub_verb_run (const SbxSubVerb *verbs, gsize n_verbs, const char *name, guint n_words, gpointer self);

struct _SbxCommand {
  int argc; /* from the verb on */
  char **argv;
  const SbxDescriptors *descriptors;
  gboolean strict; /* what follows the first word that is no option belongs to somebody else */
  const SbxVerb *verbs;
};

/* For `VERB SANDBOX [OPTION…] [--] COMMAND…`, where options may also come first. The first takes SANDBOX out of the
 * words if it is the first of them; the second, after sbx_parse (), returns it either way, or NULL, and the
 * NULL-terminated command in @argv. */
const char *sbx_take_first_word (SbxCommand *command);
const char *sbx_take_sandbox_and_command (SbxCommand *command, const char *first, char ***argv);

/* Parses a verb's options; what is left is in command->argv from 1 on. FALSE with *@status to exit with. @summary and
 * @usage are for --help. @groups may be NULL. */
gboolean sbx_parse (SbxCommand *command, const GOptionEntry *entries, GOptionGroup *group, const char *usage,
                    const char *summary, int *status);

/* The user's places, as the service reads policies against them: what they point to is the environment's, and
 * @xdg_dirs, which has G_USER_N_DIRECTORIES entries and is filled. */
SbxPlaces sbx_find_places (const char **xdg_dirs);

G_END_DECLS
