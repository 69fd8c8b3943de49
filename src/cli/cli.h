/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the verbs share. */
#pragma once

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "cli/text/output.h"
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
