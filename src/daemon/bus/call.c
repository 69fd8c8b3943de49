/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus/call.h"

#include "common/error.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"

/* A call that waits: for the caller to be known, then for the authority. */
typedef struct {
  SbxCall *call;
  const SbxGate *gate;
  gboolean interactive;
  SbxCallFunc func;
  GCancellable *asking; /* withdraws the question when the caller leaves */
} Passing;

void
sbx_call_free (SbxCall *call)
{
  g_object_unref (call->manager);
  g_clear_object (&call->instance);
  g_clear_object (&call->own);
  g_object_unref (call->caller);
  g_clear_object (&call->invocation);
  g_free (call);
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

gboolean
sbx_call_is_interactive (const SbxCall *call)
{
  GDBusMessage *message = g_dbus_method_invocation_get_message (call->invocation);

  return (g_dbus_message_get_flags (message) & G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION) != 0;
}

static void
on_caller_gone (SbxCaller *caller, gpointer user_data)
{
  g_cancellable_cancel (((Passing *) user_data)->asking);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Passing *passing = user_data;
  g_autoptr (GCancellable) asking = passing->asking;
  GError *error = NULL;

  g_signal_handlers_disconnect_by_data (passing->call->caller, passing);
  if (sbx_authority_check_finish (SBX_AUTHORITY (source), result, &error))
    passing->func (passing->call);
  else
    sbx_call_fail (passing->call, error);
}

static void
ask (Passing *passing)
{
  SbxCall *call = passing->call;
  const char *actions[] = { passing->gate->action, NULL };

  passing->asking = g_cancellable_new ();
  g_signal_connect (call->caller, "gone", G_CALLBACK (on_caller_gone), passing);
  sbx_authority_check_async (sbx_manager_get_context (call->manager)->authority, call->caller, actions,
                             passing->interactive, passing->asking, on_answer, passing);
}

gboolean
sbx_call_may_see (const SbxCall *call, SbxInstance *instance)
{
  return call->where == SBX_WHERE_OUTSIDE
         || (call->own
             && (call->own == instance
                 || sbx_nested_is_below (sbx_manager_get_registry (call->manager), call->own, instance)));
}

gboolean
sbx_call_is_starter (const SbxCall *call, SbxInstance *instance)
{
  return sbx_instance_is_started_by (instance, call->caller)
         || (call->own && sbx_nested_is_below (sbx_manager_get_registry (call->manager), call->own, instance));
}

static gboolean
find_where (SbxCall *call, GError **error)
{
  SbxInstance *own;

  call->where = sbx_nested_where (sbx_manager_get_registry (call->manager),
                                  sbx_manager_get_context (call->manager)->runtime, call->caller, &own);
  call->own = own ? g_object_ref (own) : NULL;
  return !call->instance || sbx_call_may_see (call, call->instance)
         || sbx_throw (error, SBX_ERROR_NOT_FOUND,
                       "there is no such instance that a caller in this sandbox may know of");
}

/* What needs no question. */
static gboolean
is_free (const SbxCall *call, const SbxGate *gate)
{
  if (gate->rule == SBX_GATE_OPEN || gate->rule == SBX_GATE_OUTSIDE)
    return TRUE;
  if (gate->rule != SBX_GATE_ASK_ALIEN || !call->instance)
    return FALSE;
  return sbx_call_is_starter (call, call->instance) || (gate->kind == SBX_GATE_READ && call->instance == call->own);
}

static void
on_known (SbxCaller *caller, const GError *unknown, gpointer user_data)
{
  g_autofree Passing *passing = user_data;
  SbxCall *call = passing->call;
  const SbxGate *gate = passing->gate;
  GError *error = unknown ? g_error_copy (unknown) : NULL;

  if (error || !sbx_authority_accepts (caller, &error) || !find_where (call, &error)
      || (gate->rule == SBX_GATE_OUTSIDE && !sbx_authority_is_outside (caller, &error)))
    sbx_call_fail (call, error);
  else if (is_free (call, gate))
    passing->func (call);
  else
    ask (g_steal_pointer (&passing));
}

void
sbx_call_pass_gate (SbxCall *call, const SbxGate *gate, gboolean interactive, SbxCallFunc func)
{
  Passing *passing = g_new (Passing, 1);

  *passing = (Passing){ call, gate, interactive, func, NULL };
  sbx_nested_when_known (sbx_manager_get_registry (call->manager), call->caller, on_known, passing);
}

static const SbxMethod *
find_method (const char *interface, const char *member)
{
  const SbxMethod *const tables[] = { sbx_manager_methods, sbx_instance_methods, sbx_property_methods };

  for (gsize i = 0; i < G_N_ELEMENTS (tables); i++)
    for (const SbxMethod *row = tables[i]; row->interface; row++)
      if (g_str_equal (row->interface, interface) && g_str_equal (row->member, member))
        return row;
  return NULL;
}

static void
refuse (SbxCall *call, const char *interface, const char *member)
{
  GError *error = NULL;

  sbx_throw (&error, SBX_ERROR_NOT_AUTHORIZED, "%s.%s is not for anybody: it has no row in the authorisation table",
             interface, member);
  sbx_call_fail (call, error);
}

void
sbx_call_take (SbxManager *manager, SbxInstance *instance, GDBusMethodInvocation *invocation)
{
  const char *interface = g_dbus_method_invocation_get_interface_name (invocation);
  const char *member = g_dbus_method_invocation_get_method_name (invocation);
  const SbxMethod *method = find_method (interface, member);
  const SbxGate *gate = sbx_gate_find (SBX_GATE_METHOD, interface, member);
  SbxCall *call = g_new0 (SbxCall, 1);

  call->manager = g_object_ref (manager);
  call->instance = instance ? g_object_ref (instance) : NULL;
  call->caller = g_object_ref (
      sbx_callers_get (sbx_manager_get_callers (manager), g_dbus_method_invocation_get_sender (invocation)));
  call->invocation = invocation;
  if (method && g_str_equal (interface, PROPERTIES))
    method->func (call); /* the gates are those of the properties */
  else if (!method || !gate)
    refuse (call, interface, member);
  else if (gate->rule == SBX_GATE_LAUNCH)
    method->func (call); /* prepares while it asks, see launch.c */
  else
    sbx_call_pass_gate (call, gate, sbx_call_is_interactive (call), method->func);
}
