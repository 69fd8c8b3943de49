/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Message buses that are filtered, by a sidecar. */
#pragma once

#include "plan/draft.h"

G_BEGIN_DECLS

void sbx_mounts_add_buses (SbxDraft *self);
/* Whether a box of @policy is to have documents, and the portal has not put them up yet. */
gboolean sbx_mounts_wants_documents (const SbxPolicy *policy, SbxMachine *machine);
/* Where the socket of @bus is, which no path may open; g_free. NULL where the policy has the whole bus, or none is
 * known. */
char *sbx_mounts_find_bus (SbxDraft *self, SbxBus bus);

G_END_DECLS
