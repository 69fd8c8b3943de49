/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus/call.h"

#include <gio/gunixfdlist.h>

#include "common/error.h"
#include "daemon/instances/lineage.h"
#include "daemon/launch/running.h"

/* A call that waits for the authority. */
typedef struct {
  SbxCall *call;
  SbxCallFunc func;
  GCancellable *asking; /* withdraws the question when the caller leaves */
} Waiting;

SbxCall *
sbx_call_new (SbxManager *manager, SbxInstance *instance, GDBusMethodInvocation *invocation, SbxSubject *subject)
{
  SbxCall *call = g_new (SbxCall, 1);

  *call =
      (SbxCall){ g_object_ref (manager), instance ? g_object_ref (instance) : NULL, invocation, subject, NULL, NULL };
  return call;
}

void
sbx_call_free (SbxCall *call)
{
  if (call->data)
    call->free_data (call->data);
  g_object_unref (call->manager);
  g_clear_object (&call->instance);
  g_clear_object (&call->invocation);
  sbx_subject_unref (call->subject);
  g_free (call);
}

SbxContext *
sbx_call_get_context (const SbxCall *call)
{
  return sbx_manager_get_context (call->manager);
}

SbxRegistry *
sbx_call_get_registry (const SbxCall *call)
{
  return sbx_manager_get_registry (call->manager);
}

void
sbx_call_fail (SbxCall *call, GError *error)
{
  g_dbus_method_invocation_take_error (g_steal_pointer (&call->invocation), error);
  sbx_call_free (call);
}

void
sbx_call_return (SbxCall *call, GVariant *value)
{
  g_dbus_method_invocation_return_value (g_steal_pointer (&call->invocation), value);
  sbx_call_free (call);
}

void
sbx_call_return_fd (SbxCall *call, int fd)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new_from_array (&fd, 1);

  g_dbus_method_invocation_return_value_with_unix_fd_list (g_steal_pointer (&call->invocation),
                                                           g_variant_new ("(h)", 0), fds);
  sbx_call_free (call);
}

gboolean
sbx_call_check_change (const SbxCall *call, GError **error)
{
  return sbx_subject_check_outside (call->subject, error) && sbx_call_check_runs (call, error);
}

gboolean
sbx_call_check_runs (const SbxCall *call, GError **error)
{
  return sbx_instance_get_state (call->instance) == SBX_STATE_RUNNING
         || sbx_throw (error, SBX_ERROR_EXITED, "the instance %016llx has ended",
                       (unsigned long long) sbx_instance_get_id (call->instance));
}

gboolean
sbx_call_check_starter (const SbxCall *call, const SbxPolicy *policy, guint classes, const char *what, GError **error)
{
  SbxInstance *starter = sbx_lineage_get_starter (sbx_call_get_registry (call), call->instance);
  g_autoptr (SbxPolicy) most = NULL;

  if (!starter)
    return TRUE;
  if (sbx_instance_is_changing (starter)) /* it may be losing just that */
    return sbx_throw (error, SBX_ERROR_LIMITS, "another change of this instance is being made; try again");
  most = sbx_running_policy (sbx_call_get_context (call)->host, sbx_instance_get_info (starter), error);
  if (!most)
    return FALSE;
  return (sbx_policy_excess (policy, most) & classes) == 0
         || sbx_throw (error, SBX_ERROR_POLICY_EXCEEDED,
                       "%s cannot be granted: this instance was started from inside of %016llx, which has not got that "
                       "itself; grant it to that one first",
                       what, (unsigned long long) sbx_instance_get_id (starter));
}

gboolean
sbx_call_check_approved (guint asked, guint classes, GError **error)
{
  return (classes & ~asked) == 0
         || sbx_throw (error, SBX_ERROR_NOT_AUTHORIZED,
                       "the instance was changed meanwhile, and now this is more than what was approved; try again");
}

void
sbx_call_refuse (SbxCall *call, const SbxStanding *standing)
{
  GError *error = NULL;

  if (standing->about && !standing->sees)
    sbx_throw (&error, SBX_ERROR_NOT_FOUND, "there is no such instance that a caller in this sandbox may know of");
  else if (sbx_subject_check_outside (call->subject, &error))
    sbx_throw (&error, SBX_ERROR_NOT_AUTHORIZED, "this is not for the caller to do");
  sbx_call_fail (call, error);
}

gboolean
sbx_call_is_interactive (const SbxCall *call)
{
  GDBusMessage *message = g_dbus_method_invocation_get_message (call->invocation);

  return (g_dbus_message_get_flags (message) & G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION) != 0;
}

static void
on_caller_gone (SbxCaller *caller, gpointer user_data)
{
  g_cancellable_cancel (((Waiting *) user_data)->asking);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Waiting *waiting = user_data;
  g_autoptr (GCancellable) asking = waiting->asking;
  GError *error = NULL;

  g_signal_handlers_disconnect_by_data (waiting->call->subject->caller, waiting);
  if (sbx_authority_check_finish (SBX_AUTHORITY (source), result, &error))
    waiting->func (waiting->call);
  else
    sbx_call_fail (waiting->call, error);
}

void
sbx_call_ask (SbxCall *call, const char *const *actions, gboolean interactive, SbxCallFunc func)
{
  Waiting *waiting = g_new (Waiting, 1);

  *waiting = (Waiting){ call, func, g_cancellable_new () };
  g_signal_connect (call->subject->caller, "gone", G_CALLBACK (on_caller_gone), waiting);
  sbx_authority_check_async (sbx_call_get_context (call)->authority, call->subject, actions, interactive,
                             waiting->asking, on_answer, waiting);
}
