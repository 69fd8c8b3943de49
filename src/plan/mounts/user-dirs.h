/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of the sandbox's own part of the home: where the user's directories are, as far as the policy opens them. */
#pragma once

#include "plan/draft.h"

G_BEGIN_DECLS

/* Adds user-dirs.dirs, with those directories of the user (xdg-download and so on) that the policy opens, for programs
 * that ask where to save; and user-dirs.locale. */
void sbx_mounts_add_user_dirs (SbxDraft *self);

G_END_DECLS
