/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each verb is one function in a file of its own, VERB.c, and one row of the table in verbs.c. */
#pragma once

#include "cli/cli.h"

G_BEGIN_DECLS

/* What `sandboxctl VERB` does. @command: its words and the descriptors that were open. Returns the exit status. */
int sbx_cmd_run (SbxCommand *command);
int sbx_cmd_attach (SbxCommand *command);
int sbx_cmd_exec (SbxCommand *command);
int sbx_cmd_ps (SbxCommand *command);
int sbx_cmd_top (SbxCommand *command);
int sbx_cmd_show (SbxCommand *command);
int sbx_cmd_stop (SbxCommand *command);
int sbx_cmd_kill (SbxCommand *command);
int sbx_cmd_wait (SbxCommand *command);
int sbx_cmd_explain (SbxCommand *command);
int sbx_cmd_profile (SbxCommand *command);
int sbx_cmd_desktop (SbxCommand *command);
int sbx_cmd_crashes (SbxCommand *command);
int sbx_cmd_doctor (SbxCommand *command);
int sbx_cmd_complete (SbxCommand *command);

/* All of a verb: for main (), for the usage, and for completion. */
typedef struct {
  const char *name;
  SbxVerbFunction function;
  const char *summary; /* NULL: not for people */
  gboolean forwards;   /* what we get is for another command: signals, options after the first word */
  gboolean policy;     /* takes the policy options too */
  const char *options; /* its own, separated by blanks; with "=" those that take a value */
} SbxVerb;

/* Ends with a NULL name. */
extern const SbxVerb sbx_verbs[];

/* The verb of that name, or NULL. */
const SbxVerb *sbx_verb_find (const char *name);
/* The names of those for people, NULL-terminated; g_free () the array only. */
const char **sbx_verb_names (void);

G_END_DECLS
