/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bus on which screen readers read windows: another one than the session's, whose address that one has. */
#pragma once

#include "plan/draft.h"

G_BEGIN_DECLS

/* Whether a box of @policy is to have it. */
gboolean sbx_mounts_wants_accessibility (const SbxPolicy *policy);
/* For a box that has a filtered session bus. */
void sbx_mounts_add_accessibility (SbxDraft *self);

G_END_DECLS
