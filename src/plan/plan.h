/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan: a box, the first process in it, and what is to be said about both. A value, and a pure function of policy,
 * request and machine: no file is opened, nothing is started. build.h makes it, blocks.h writes it for the keeper,
 * variant.h for people. */
#pragma once

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "plan/box.h"
#include "plan/process.h"

G_BEGIN_DECLS

#define SBX_TYPE_PLAN (sbx_plan_get_type ())
G_DECLARE_FINAL_TYPE (SbxPlan, sbx_plan, SBX, PLAN, GObject)

/* Takes @box, @process and @warnings, which ends with NULL; @policy is kept. */
SbxPlan *sbx_plan_assemble (const SbxPolicy *policy, SbxBox *box, SbxProcess *process, GPtrArray *warnings,
                            gboolean inferiors_only);

/* All of it stays the plan's. */
const SbxPolicy *sbx_plan_get_policy (SbxPlan *self);
const SbxBox *sbx_plan_get_box (SbxPlan *self);
const SbxProcess *sbx_plan_get_process (SbxPlan *self);
/* What the caller should know: sentences, ends with NULL. */
const char *const *sbx_plan_get_warnings (SbxPlan *self);
/* Whether /proc shows the application nothing but what it may trace. */
gboolean sbx_plan_is_inferiors_only (SbxPlan *self);

/* What a plan with cpu= warns of. Where there is a scope there is nothing to warn of. */
#define SBX_PLAN_CPU_WARNING                                                                                           \
  N_ ("cpu= takes a scope of the systemd user manager; where there is none, it is not limited")

G_END_DECLS
