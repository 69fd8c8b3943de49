/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What programs inside have to be told so that they take what their filtered bus has, in the place of what the desktop
 * would have outside: settings, input methods. */
#pragma once

#include "plan/draft.h"

G_BEGIN_DECLS

/* For a box that has a filtered session bus. */
void sbx_mounts_tell_toolkits (SbxDraft *self);

G_END_DECLS
