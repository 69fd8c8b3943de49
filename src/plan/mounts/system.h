/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The read-only system that every box has, and its own places: /usr, /etc, /dev, /proc, the home. */
#pragma once

#include "plan/draft.h"

G_BEGIN_DECLS

void sbx_mounts_add_system (SbxDraft *self);

G_END_DECLS
