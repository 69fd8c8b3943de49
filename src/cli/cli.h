/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the verbs share. Each verb is one function in a file of its own and one row in sandboxctl.c. */
#pragma once

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "common/names.h"

G_BEGIN_DECLS

/* What was open when the program began, before anything else could open more. */
typedef struct {
  GArray *inherited; /* int, from 3 on, not close-on-exec, in order */
  gboolean closed[3];
} SbxDescriptors;

typedef struct {
  int argc; /* from the verb on */
  char **argv;
  const SbxDescriptors *descriptors;
  gboolean strict; /* what follows the first word that is no option belongs to somebody else */
} SbxCommand;

/* Returns the exit status. */
typedef int (*SbxVerbFunction) (SbxCommand *command);

/* One for each verb, in verbs/VERB.c. */
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

/* Prints "sandboxctl: message" to standard error, on one line; returns SBX_EXIT_SANDBOX. */
int sbx_fail (const char *format, ...) G_GNUC_PRINTF (1, 2);
/* The same for an error, without the D-Bus name that GDBus puts into its text. Frees nothing. */
int sbx_fail_error (const GError *error);

/* For `VERB SANDBOX [OPTION…] [--] COMMAND…`, where options may also come first. The first takes SANDBOX out of the
 * words if it is the first of them; the second, after sbx_parse (), returns it either way, or NULL, and the
 * NULL-terminated command in @argv. */
const char *sbx_take_first_word (SbxCommand *command);
const char *sbx_take_sandbox_and_command (SbxCommand *command, const char *first, char ***argv);

/* Parses a verb's options; what is left is in command->argv from 1 on. FALSE with *@status to exit with. @summary and
 * @usage are for --help. @groups may be NULL. */
gboolean sbx_parse (SbxCommand *command, const GOptionEntry *entries, GOptionGroup *group, const char *usage,
                    const char *summary, int *status);

G_END_DECLS
