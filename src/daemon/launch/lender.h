/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ends what was granted for a time, in all instances. */
#pragma once

#include "daemon/instances/registry.h"
#include "daemon/launch/context.h"

G_BEGIN_DECLS

typedef struct _SbxLender SbxLender;

/* @context must outlive it. */
SbxLender *sbx_lender_new (SbxContext *context, SbxRegistry *registry);
void sbx_lender_free (SbxLender *self);
/* Looks at all deadlines: ends what is due, and looks again at the next one. To be called when there may be new ones.
 */
void sbx_lender_look (SbxLender *self);

G_END_DECLS
