/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan.h"

struct _SbxPlan {
  GObject parent_instance;
  SbxPolicy *policy;
  SbxBox *box;
  SbxProcess *process;
  GPtrArray *warnings; /* ends with NULL */
  gboolean inferiors_only;
};

G_DEFINE_FINAL_TYPE (SbxPlan, sbx_plan, G_TYPE_OBJECT)

static void
sbx_plan_init (SbxPlan *self)
{
}

static void
sbx_plan_finalize (GObject *object)
{
  SbxPlan *self = SBX_PLAN (object);

  g_clear_pointer (&self->policy, sbx_policy_unref);
  g_clear_pointer (&self->box, sbx_box_free);
  g_clear_pointer (&self->process, sbx_process_free);
  g_clear_pointer (&self->warnings, g_ptr_array_unref);
  G_OBJECT_CLASS (sbx_plan_parent_class)->finalize (object);
}

static void
sbx_plan_class_init (SbxPlanClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sbx_plan_finalize;
}

SbxPlan *
sbx_plan_assemble (const SbxPolicy *policy, SbxBox *box, SbxProcess *process, GPtrArray *warnings,
                   gboolean inferiors_only)
{
  SbxPlan *self = g_object_new (SBX_TYPE_PLAN, NULL);

  self->policy = sbx_policy_ref (policy);
  self->box = box;
  self->process = process;
  self->warnings = warnings;
  self->inferiors_only = inferiors_only;
  return self;
}

const SbxPolicy *
sbx_plan_get_policy (SbxPlan *self)
{
  return self->policy;
}

const SbxBox *
sbx_plan_get_box (SbxPlan *self)
{
  return self->box;
}

const SbxProcess *
sbx_plan_get_process (SbxPlan *self)
{
  return self->process;
}

const char *const *
sbx_plan_get_warnings (SbxPlan *self)
{
  return (const char *const *) self->warnings->pdata;
}

gboolean
sbx_plan_is_inferiors_only (SbxPlan *self)
{
  return self->inferiors_only;
}
