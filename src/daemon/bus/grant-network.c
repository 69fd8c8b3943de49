/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GrantNetwork of org.example.Sandbox.Instance: planned, for what the authority is to be asked ──▶ asked ──▶ planned
 * anew ──▶ the border goes by it ──▶ answered. */
#include "common/error.h"
#include "daemon/bus/functions.h"
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

static gboolean
plan (SbxCall *call, GError **error)
{
  SbxHost *host = sbx_call_get_context (call)->host;
  Widening *widening = call->data;

  g_clear_pointer (&widening->plan, sbx_widening_plan_free);
  if (sbx_call_check_change (call, error))
    widening->plan = sbx_widening_plan_new (host, sbx_instance_get_info (call->instance), widening->request, error);
  return widening->plan
         && sbx_call_check_starter (call, widening->plan->policy, widening->plan->classes, widening->request->where[0],
                                    error);
}

static void
on_widened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SbxCall *call = user_data;
  GError *error = NULL;

  if (sbx_running_change_finish (SBX_INSTANCE (source), result, &error))
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
  } else if (!sbx_call_check_approved (widening->asked, widening->plan->classes, &error)) {
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
