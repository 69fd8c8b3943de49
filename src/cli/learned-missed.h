/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a learning run found to be there outside and not inside, kept for `why`: in $XDG_STATE_HOME/sandbox/learned/ID.
 */
#pragma once

#include "learn/proposal.h"

G_BEGIN_DECLS

#define SBX_LEARNED_RUNS 16 /* that are kept: the last ones */

/* Writes what @proposals missed, of the instance @id. Without room for it all goes on. */
void sbx_learned_missed_write (const char *id, const SbxProposals *proposals);

typedef struct {
  char *call, *path, *option; /* "open", "/home/u/Documents/a.odt", "--filesystem=xdg-documents"; cleaned */
} SbxMissed;

/* SbxMissed *, the caller's; NULL: nothing was learned of that instance. */
GPtrArray *sbx_learned_missed_read (const char *id);

G_END_DECLS
