/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What instances have left on the disk whose service and whose keeper were killed. */
#pragma once

#include "daemon/instances/registry.h"
#include "daemon/launch/context.h"

G_BEGIN_DECLS

/* Removes it, in the background where it may take long. */
void sbx_left_remove (SbxContext *context, SbxRegistry *registry);

G_END_DECLS
