/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GrantFacilities of org.example.Sandbox.Instance: planned, for what the authority is to be asked ──▶ asked ──▶ planned
 * anew ──▶ the keeper does it ──▶ answered. */
#include "common/error.h"
#include "daemon/bus/functions.h"
#include "daemon/launch/opening.h"
#include "daemon/launch/running.h"

/* call->data */
typedef struct {
  SbxOpeningRequest *request;
  guint asked; /* the classes that the authority has been asked for */
  SbxOpeningPlan *plan;
} Opening;

static void
opening_free (gpointer data)
{
  Opening *opening = data;

  g_clear_pointer (&opening->plan, sbx_opening_plan_free);
  g_clear_pointer (&opening->request, sbx_opening_request_free);
  g_free (opening);
}

static gboolean
plan (SbxCall *call, GError **error)
{
  SbxHost *host = sbx_call_get_context (call)->host;
  Opening *opening = call->data;

  g_clear_pointer (&opening->plan, sbx_opening_plan_free);
  if (sbx_call_check_change (call, error))
    opening->plan = sbx_opening_plan_new (host, sbx_instance_get_info (call->instance), opening->request, error);
  return opening->plan
         && sbx_call_check_starter (call, opening->plan->policy, opening->plan->classes, opening->request->text, error);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
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
  Opening *opening = call->data;
  GError *error = NULL;

  if (!plan (call, &error)) {
    sbx_call_fail (call, error);
  } else if (opening->plan->classes == 0) {
    sbx_call_return (call, NULL);
  } else if (!sbx_call_check_approved (opening->asked, opening->plan->classes, &error)) {
    sbx_call_fail (call, error);
  } else {
    sbx_open_async (call->instance, opening->plan, opening->request,
                    (guint32) sbx_caller_get_pid (call->subject->caller), on_opened, call);
  }
}

void
sbx_method_grant_facilities (SbxCall *call)
{
  GVariant *parameters = g_dbus_method_invocation_get_parameters (call->invocation);
  g_autoptr (GVariant) what = g_variant_get_child_value (parameters, 0);
  g_autoptr (GVariant) how = g_variant_get_child_value (parameters, 1);
  g_autofree const char **actions = NULL;
  Opening *opening = g_new0 (Opening, 1);
  GError *error = NULL;

  call->data = opening;
  call->free_data = opening_free;
  if (sbx_call_check_change (call, &error))
    opening->request = sbx_opening_request_new (what, how, &error);
  if (!opening->request || !plan (call, &error)) {
    sbx_call_fail (call, error);
    return;
  }
  if (opening->plan->classes == 0) { /* it has that already */
    sbx_call_return (call, NULL);
    return;
  }
  opening->asked = opening->plan->classes;
  g_clear_pointer (&opening->plan, sbx_opening_plan_free); /* it holds files open */
  actions = sbx_gate_actions (NULL, opening->asked);
  sbx_call_ask (call, actions, sbx_call_is_interactive (call), on_approved);
}
