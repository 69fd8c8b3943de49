/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was learned, in words. Everything that comes from the application is cleaned: it can do nothing to a terminal.
 */
#pragma once

#include "learn/proposal.h"

G_BEGIN_DECLS

/* "filesystems=~/Letters: 3 names, as /home/u/Letters/a.txt", and for what is asked what an application that has it can
 * do; in one line, the caller's. */
char *sbx_learned_text_comment (const SbxProposal *line);
/* What could not be learned: sentences on standard output. */
void sbx_learned_text_notes (const SbxTraces *traces, const SbxProposals *proposals, gboolean asking);
/* Every line as it would stand in the profile, with its comment, beside those of @base. */
void sbx_learned_text_print (const SbxProposals *proposals, const char *base);
/* Asks for one line on the terminal. Whether it was accepted; end of file is no. */
gboolean sbx_learned_text_ask (const SbxProposal *line);

G_END_DECLS
