/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plan/draft.h"

G_BEGIN_DECLS

/* Writes the box's command line of bwrap from all the rest of it. */
void sbx_bwrap_write (SbxDraft *self);
/* The option of bwrap that makes @mount, without its dashes. */
const char *sbx_bwrap_word (const SbxMount *mount);

G_END_DECLS
