/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filesystems=, and what is covered again. */
#pragma once

#include "plan/draft.h"

G_BEGIN_DECLS

void sbx_mounts_add_files (SbxDraft *self);
/* Makes what is covered read-only. Comes after every other mount, since a mount below it needs its place to be made
 * first. */
void sbx_mounts_close_covered (SbxDraft *self);

G_END_DECLS
