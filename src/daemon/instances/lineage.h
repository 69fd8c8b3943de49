/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which instance was started from inside of which. */
#pragma once

#include "daemon/instances/registry.h"

G_BEGIN_DECLS

/* The instance from inside of which @instance was started, borrowed; NULL: it was started from outside, or its starter
 * is not known any more. */
SbxInstance *sbx_lineage_get_starter (SbxRegistry *registry, SbxInstance *instance);

/* Whether @above has started @instance, directly or through others. */
gboolean sbx_lineage_is_below (SbxRegistry *registry, SbxInstance *above, SbxInstance *instance);

/* Returns the instance that was started from outside and that @instance descends from, borrowed; @instance itself if
 * it was started from outside. */
SbxInstance *sbx_lineage_get_top (SbxRegistry *registry, SbxInstance *instance);

G_END_DECLS
