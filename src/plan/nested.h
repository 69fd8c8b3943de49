/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plan/plan.h"

G_BEGIN_DECLS

/* Checks that an instance with policy @within may launch the plan @self, which is for the same application id and whose
 * policy allows no more than @within. POLICY_EXCEEDED with the path that it must not have. */
gboolean sbx_plan_check_nested (SbxPlan *self, const SbxPolicy *within, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
