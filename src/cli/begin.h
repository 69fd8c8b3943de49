/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How both programs begin: sandboxctl, which has the verbs that start a process, and sandboxctl-verbs, which has all.
 */
#pragma once

#include "cli/cli.h"

G_BEGIN_DECLS

/* The program that sandboxctl becomes for what it does not do itself; in libexecdir. */
#define SBX_ALL_VERBS "sandboxctl-verbs"

/* Before anything else. @verb: the one that is meant, or NULL. Fills in @command, whose words are those of main () from
 * the first on. */
void sbx_begin (SbxCommand *command, SbxDescriptors *descriptors, const SbxVerb *verb);
/* What main () returns: @status, unless something could not be written. */
int sbx_end (const SbxCommand *command, int status);

/* The name by which people start this program: a path. The caller's; NULL with @error. */
char *sbx_own_path (GError **error);

/* Becomes SBX_ALL_VERBS, with those words. Returns, with the exit status, only if it cannot, and has said so. */
int sbx_hand_over (char **argv);

G_END_DECLS
