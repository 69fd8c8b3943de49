/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* devices= */
#pragma once

#include "plan/draft.h"

G_BEGIN_DECLS

void sbx_mounts_add_devices (SbxDraft *self);

G_END_DECLS
