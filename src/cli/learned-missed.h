/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a learning run found to be there outside and not inside, kept for `why`: in $XDG_STATE_HOME/sandbox/learned/ID.
 */
#pragma once

#include "learn/missed.h"

G_BEGIN_DECLS

#define SBX_LEARNED_RUNS 16 /* that are kept: the last ones */

/* Writes what @proposals missed, of the instance @id. Without room for it all goes on. */
void sbx_learned_missed_write (const char *id, const SbxProposals *proposals);

/* SbxMissed *, each text cleaned, the caller's; NULL: nothing was learned of that instance, or not by us. */
GPtrArray *sbx_learned_missed_read (const char *id);

G_END_DECLS
