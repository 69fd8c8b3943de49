/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The closed objects, as layers over what items show of them. */
#pragma once

#include "layers/items.h"
#include "layers/list.h"

G_BEGIN_DECLS

/* Fills items->closed. Errors: those of sbx_closed_list_add (). */
gboolean sbx_covers_find (SbxItems *items, GError **error);
/* Adds the covers to @layers, and what keeps the directories above them where they are. Errors: SPAWN_FAILED for a
 * policy that allows to undo that. */
gboolean sbx_covers_add (SbxItems *items, SbxLayerList *layers, GError **error);

G_END_DECLS
