/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plan/plan.h"

G_BEGIN_DECLS

/* Everything but what is secret, for Explain and the golden files: a{sv}, floating. */
GVariant *sbx_plan_to_variant (SbxPlan *self);

G_END_DECLS
