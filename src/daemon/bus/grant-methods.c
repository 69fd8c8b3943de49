/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Grant of org.example.Sandbox.Instance:
 *
 *   planned, for what the authority is to be asked ──▶ asked ──▶ planned anew ──▶ the keeper mounts it ──▶ answered
 *
 * What is mounted is held open until the keeper has answered. */
#include <gio/gunixfdlist.h>

#include "common/error.h"
#include "daemon/bus/functions.h"
#include "daemon/instances/keeper-requests.h"
#include "daemon/launch/giving.h"

/* call->data */
typedef struct {
  SbxGrantRequest *request;
  guint asked; /* the classes that the authority has been asked for */
  SbxGrantPlan *plan;
} Grant;

static void
grant_free (gpointer data)
{
  Grant *grant = data;

  g_clear_pointer (&grant->plan, sbx_grant_plan_free);
  g_clear_pointer (&grant->request, sbx_grant_request_free);
  g_free (grant);
}

/* Whether there is anything to be done. */
static gboolean
is_new (const Grant *grant)
{
  return grant->plan->layers || grant->plan->extends;
}

static gboolean
plan_grant (SbxCall *call, GError **error)
{
  SbxHost *host = sbx_call_get_context (call)->host;
  Grant *grant = call->data;

  g_clear_pointer (&grant->plan, sbx_grant_plan_free);
  if (sbx_call_check_change (call, error))
    grant->plan = sbx_grant_plan_new (host, sbx_instance_get_info (call->instance), grant->request, FALSE, error);
  return grant->plan
         && sbx_call_check_starter (call, grant->plan->policy, grant->plan->classes, grant->request->path, error)
         && sbx_give_check (host, call->instance, grant->plan, grant->request, error);
}

static void
on_granted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SbxCall *call = user_data;
  GError *error = NULL;

  if (sbx_give_finish (SBX_INSTANCE (source), result, &error))
    sbx_call_return (call, NULL);
  else
    sbx_call_fail (call, error);
}

static void
carry_out (SbxCall *call)
{
  Grant *grant = call->data;

  sbx_give_async (call->instance, sbx_call_get_registry (call), g_steal_pointer (&grant->plan), grant->request,
                  (guint32) sbx_caller_get_pid (call->subject->caller), on_granted, call);
}

/* Much may have happened until somebody has said yes. */
static void
on_approved (SbxCall *call)
{
  Grant *grant = call->data;
  GError *error = NULL;

  if (!plan_grant (call, &error)) {
    sbx_call_fail (call, error);
  } else if (!is_new (grant)) {
    sbx_call_return (call, NULL);
  } else if (!sbx_call_check_approved (grant->asked, grant->plan->classes, &error)) {
    sbx_call_fail (call, error);
  } else {
    carry_out (call);
  }
}

/* The descriptor @handle of the message, borrowed, or -1. */
static int
find_descriptor (const SbxCall *call, gint32 handle, GError **error)
{
  GUnixFDList *list = g_dbus_message_get_unix_fd_list (g_dbus_method_invocation_get_message (call->invocation));
  gint n = 0;
  const gint *all = list ? g_unix_fd_list_peek_fds (list, &n) : NULL;

  if (handle >= 0 && handle < n)
    return all[handle];
  sbx_throw (error, SBX_ERROR_BAD_OPTION, "\"what\" is descriptor %d, but the message carries %d", handle, n);
  return -1;
}

static gboolean
read_call (SbxCall *call, GError **error)
{
  GVariant *parameters = g_dbus_method_invocation_get_parameters (call->invocation);
  g_autoptr (GVariant) where = g_variant_get_child_value (parameters, 1);
  g_autoptr (GVariant) how = g_variant_get_child_value (parameters, 2);
  Grant *grant = call->data;
  gint32 handle;
  int fd;

  g_variant_get_child (parameters, 0, "h", &handle);
  fd = find_descriptor (call, handle, error);
  grant->request = fd >= 0 ? sbx_grant_request_new (fd, where, how, error) : NULL;
  return grant->request != NULL;
}

void
sbx_method_grant (SbxCall *call)
{
  g_autofree const char **actions = NULL;
  Grant *grant = g_new0 (Grant, 1);
  GError *error = NULL;

  call->data = grant;
  call->free_data = grant_free;
  if (!sbx_call_check_change (call, &error) || !read_call (call, &error) || !plan_grant (call, &error)) {
    sbx_call_fail (call, error);
    return;
  }
  if (!is_new (grant)) { /* it has that already */
    sbx_call_return (call, NULL);
    return;
  }
  grant->asked = grant->plan->classes;
  g_clear_pointer (&grant->plan, sbx_grant_plan_free); /* it holds files open, and the authority may take its time */
  actions = sbx_gate_actions (NULL, grant->asked);
  sbx_call_ask (call, actions, sbx_call_is_interactive (call), on_approved);
}
