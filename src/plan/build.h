/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From policy + request + machine to everything a launch does. */
#pragma once

#include "plan/machine/machine.h"
#include "plan/plan.h"
#include "plan/request.h"
#include "policy/policy.h"

G_BEGIN_DECLS

/* @policy, @request and @machine are not kept, but for a reference to the policy. Errors: NOT_SUPPORTED (names what is
 * missing), BAD_PROFILE (a policy that contradicts itself), BAD_OPTION. */
SbxPlan *sbx_plan_new (const SbxPolicy *policy, const SbxPlanRequest *request, SbxMachine *machine, GError **error);

G_END_DECLS
