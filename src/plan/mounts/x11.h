/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A display: the one of the host that the caller has, or one of its own. */
#pragma once

#include "plan/draft.h"

G_BEGIN_DECLS

void sbx_mounts_add_x11 (SbxDraft *self);

G_END_DECLS
