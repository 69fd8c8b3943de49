/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GrantNetwork of org.example.Sandbox.Instance: planned, for what the authority is to be asked ──▶ asked ──▶ planned
 * anew ──▶ the border goes by it ──▶ answered. */
#include "common/error.h"
#include "daemon/bus/functions.h"
#include "daemon/instances/lineage.h"
#include "daemon/launch/running.h"
#include "daemon/launch/widening.h"

/* call->data */
typedef struct {
  SbxWideningRequest *request;
  guint asked; /* the classes that the authority has been asked for */
  SbxWideningPlan *plan;
} Widening;

static void
widening_free (gpointer data)
{
  Widening *widening = data;

  g_clear_pointer (&widening->plan, sbx_widening_plan_free);
  g_clear_pointer (&widening->request, sbx_widening_request_free);
  g_free (widening);
}

/* What was started from inside of an instance never has more than that. */
static gboolean
check_starter (const SbxCall *call, SbxHost *host, GError **error)
{
  const Widening *widening = call->data;
  SbxInstance *starter = sbx_lineage_get_starter (sbx_call_get_registry (call), call->instance);
  g_autoptr (SbxPolicy) most = NULL;

  if (!starter)
    return TRUE;
  most = sbx_running_policy (host, sbx_instance_get_info (starter), error);
  if (!most)
    return FALSE;
  return (sbx_policy_excess (widening->plan->policy, most) & widening->plan->classes) == 0
         || sbx_throw (error, SBX_ERROR_POLICY_EXCEEDED,
                       "%s cannot be granted: this instance was started from inside of %016llx, which has not got that "
                       "itself; grant it to that one first",
                       widening->request->where[0], (unsigned long long) sbx_instance_get_id (starter));
}

static gboolean
plan (SbxCall *call, GError **error)
{
  SbxHost *host = sbx_call_get_context (call)->host;
  Widening *widening = call->data;

  g_clear_pointer (&widening->plan, sbx_widening_plan_free);
  if (sbx_call_check_change (call, error))
    widening->plan = sbx_widening_plan_new (host, sbx_instance_get_info (call->instance), widening->request, error);
  return widening->plan && check_starter (call, host, error);
}

static void
on_widened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SbxCall *call = user_data;
  GError *error = NULL;

  if (sbx_widen_finish (SBX_INSTANCE (source), result, &error))
    sbx_call_return (call, NULL);
  else
    sbx_call_fail (call, error);
}

/* Much may have happened until somebody has said yes. */
static void
on_approved (SbxCall *call)
{
  Widening *widening = call->data;
  GError *error = NULL;

  if (!plan (call, &error)) {
    sbx_call_fail (call, error);
  } else if (widening->plan->classes == 0) {
    sbx_call_return (call, NULL);
  } else if (widening->plan->classes & ~widening->asked) {
    sbx_throw (&error, SBX_ERROR_NOT_AUTHORIZED,
               "the instance was changed meanwhile, and now this is more than what was approved; try again");
    sbx_call_fail (call, error);
  } else {
    sbx_widen_async (call->instance, widening->plan, widening->request,
                     (guint32) sbx_caller_get_pid (call->subject->caller), on_widened, call);
  }
}

void
sbx_method_grant_network (SbxCall *call)
{
  GVariant *parameters = g_dbus_method_invocation_get_parameters (call->invocation);
  g_autoptr (GVariant) where = g_variant_get_child_value (parameters, 0);
  g_autoptr (GVariant) how = g_variant_get_child_value (parameters, 1);
  g_autofree const char **actions = NULL;
  Widening *widening = g_new0 (Widening, 1);
  GError *error = NULL;

  call->data = widening;
  call->free_data = widening_free;
  if (sbx_call_check_change (call, &error))
    widening->request = sbx_widening_request_new (where, how, &error);
  if (!widening->request || !plan (call, &error)) {
    sbx_call_fail (call, error);
    return;
  }
  if (widening->plan->classes == 0) { /* it has that already */
    sbx_call_return (call, NULL);
    return;
  }
  widening->asked = widening->plan->classes;
  actions = sbx_gate_actions (NULL, widening->asked);
  sbx_call_ask (call, actions, sbx_call_is_interactive (call), on_approved);
}
