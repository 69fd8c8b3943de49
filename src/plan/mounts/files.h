/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* filesystems=, and what is covered again. */
#pragma once

#include "plan/draft.h"

G_BEGIN_DECLS

void sbx_mounts_add_files (SbxDraft *self);
/* Whether each second name (sbx_policy_get_attached ()) is in an empty place of the sandbox's own, and of something
 * that may have one. Comes after every other mount. Errors: BAD_OPTION, with what is in the way. */
gboolean sbx_mounts_check_attached (const SbxDraft *self, GError **error);
/* Makes what is covered read-only. Comes after every other mount, since a mount below it needs its place to be made
 * first. */
void sbx_mounts_close_covered (SbxDraft *self);

G_END_DECLS
