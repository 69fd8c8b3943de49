/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus/methods.h"

#include "common/error.h"
#include "common/names.h"
#include "daemon/bus/functions.h"

#define MANAGER SBX_MANAGER_INTERFACE
#define INSTANCE SBX_INSTANCE_INTERFACE
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"
#define PROPERTIES "org.freedesktop.DBus.Properties"

#define METHOD(interface, member, rule, action, func)                                                                  \
  {                                                                                                                    \
    { SBX_GATE_METHOD, interface, member, rule, action }, func                                                         \
  }

static const SbxMethod methods[] = {
  METHOD (MANAGER, "Launch", SBX_GATE_LAUNCH, SBX_ACTION_LAUNCH, sbx_method_launch),
  METHOD (MANAGER, "Explain", SBX_GATE_OPEN, NULL, sbx_method_explain),
  /* The user's applications, their files and command lines */
  METHOD (MANAGER, "ListProfiles", SBX_GATE_OUTSIDE, NULL, sbx_method_list_profiles),
  METHOD (MANAGER, "GetProfile", SBX_GATE_OUTSIDE, NULL, sbx_method_get_profile),
  /* Answers 0 for what is not the asker's to know */
  METHOD (MANAGER, "Identify", SBX_GATE_OPEN, NULL, sbx_method_identify),

  METHOD (INSTANCE, "Exec", SBX_GATE_ASK_ALIEN, SBX_ACTION_CONTROL, sbx_method_exec),
  METHOD (INSTANCE, "Signal", SBX_GATE_ASK_ALIEN, SBX_ACTION_CONTROL, sbx_method_signal),
  METHOD (INSTANCE, "Stop", SBX_GATE_ASK_ALIEN, SBX_ACTION_CONTROL, sbx_method_stop),
  METHOD (INSTANCE, "Restrict", SBX_GATE_ASK_ALIEN, SBX_ACTION_CONTROL, sbx_method_restrict),
  METHOD (INSTANCE, "Attach", SBX_GATE_LAUNCH, SBX_ACTION_ATTACH, sbx_method_attach),
  METHOD (INSTANCE, "Grant", SBX_GATE_CLASSES, NULL, sbx_method_grant),
  METHOD (INSTANCE, "GrantNetwork", SBX_GATE_CLASSES, NULL, sbx_method_grant_network),
  METHOD (INSTANCE, "GrantFacilities", SBX_GATE_CLASSES, NULL, sbx_method_grant_facilities),
  /* Handlers would be seen in it, and what an application may see of others is its own procfs's to say */
  METHOD (INSTANCE, "GetProcfs", SBX_GATE_ASK_OUTSIDE, SBX_ACTION_OBSERVE, sbx_method_get_procfs),

  /* These leave out or refuse the values whose READ gates are closed (identity/gates.c) */
  METHOD (MANAGER, "ListRunning", SBX_GATE_OPEN, NULL, sbx_method_list_running),
  METHOD (MANAGER, "ListBrief", SBX_GATE_OPEN, NULL, sbx_method_list_brief),
  METHOD (OBJECT_MANAGER, "GetManagedObjects", SBX_GATE_OPEN, NULL, sbx_method_get_managed_objects),
  METHOD (PROPERTIES, "Get", SBX_GATE_OPEN, NULL, sbx_method_get),
  METHOD (PROPERTIES, "GetAll", SBX_GATE_OPEN, NULL, sbx_method_get_all),
};

const SbxMethod *
sbx_method_find (const char *interface, const char *member)
{
  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    if (g_str_equal (methods[i].gate.interface, interface) && g_str_equal (methods[i].gate.member, member))
      return &methods[i];
  return NULL;
}

const SbxMethod *
sbx_method_table (gsize *n)
{
  *n = G_N_ELEMENTS (methods);
  return methods;
}

/* A call whose sender is not known yet. */
typedef struct {
  const SbxMethod *method;
  SbxManager *manager;
  SbxInstance *instance; /* or NULL */
  GDBusMethodInvocation *invocation;
  SbxSubject *subject; /* NULL: not known yet */
} Coming;

static void
pass (SbxCall *call, const SbxMethod *method)
{
  const SbxStanding standing = sbx_standing_of (call->subject, call->instance);
  const char *actions[] = { method->gate.action, NULL };

  switch (sbx_gate_judge (method->gate.kind, method->gate.rule, &standing)) {
  case SBX_VERDICT_FREE:
  case SBX_VERDICT_ASK_CLASSES: /* which those are the function finds out, and it asks */
    method->func (call);
    return;
  case SBX_VERDICT_ASK:
    sbx_call_ask (call, actions, sbx_call_is_interactive (call), method->func);
    return;
  case SBX_VERDICT_REFUSE:
    break;
  }
  sbx_call_refuse (call, &standing);
}

/* What is planned from the policy that the instance has. All else goes by what is known: a change may take seconds, and
 * nobody waits for another's. */
static gboolean
goes_by_policy (const Coming *coming)
{
  static const char *const members[] = { "Attach", "Grant", "GrantFacilities", "GrantNetwork", "Restrict" };

  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    if (coming->instance && g_str_equal (coming->method->gate.member, members[i]))
      return TRUE;
  return FALSE;
}

/* What is to be waited for before the call, or NULL. */
static SbxGreeting *
find_greeting (const Coming *coming)
{
  SbxGreeting *own = goes_by_policy (coming) ? sbx_instance_get_greeting (coming->instance) : NULL;

  return own && !sbx_greeting_is_over (own) ? own : NULL;
}

static void
come_in (gpointer data)
{
  g_autofree Coming *coming = data;
  SbxGreeting *greeting = find_greeting (coming);

  if (greeting) {
    sbx_greeting_then (greeting, come_in, g_steal_pointer (&coming));
    return;
  }
  pass (sbx_call_new (coming->manager, coming->instance, coming->invocation, coming->subject), coming->method);
  g_object_unref (coming->manager);
  g_clear_object (&coming->instance);
}

static void
on_subject (SbxSubject *subject, const GError *error, gpointer user_data)
{
  g_autofree Coming *coming = user_data;

  if (subject) {
    coming->subject = sbx_subject_ref (subject);
    come_in (g_steal_pointer (&coming));
    return;
  }
  g_dbus_method_invocation_return_gerror (coming->invocation, error);
  g_object_unref (coming->manager);
  g_clear_object (&coming->instance);
}

void
sbx_method_take (SbxManager *manager, SbxInstance *instance, GDBusMethodInvocation *invocation)
{
  const char *interface = g_dbus_method_invocation_get_interface_name (invocation);
  const char *member = g_dbus_method_invocation_get_method_name (invocation);
  const SbxMethod *method = sbx_method_find (interface, member);
  SbxCaller *caller =
      sbx_callers_get (sbx_manager_get_callers (manager), g_dbus_method_invocation_get_connection (invocation),
                       g_dbus_method_invocation_get_sender (invocation));
  Coming *coming;

  if (!method || !method->func) {
    g_dbus_method_invocation_return_error (invocation, SBX_ERROR, SBX_ERROR_NOT_AUTHORIZED,
                                           "%s.%s is not for anybody: it has no row in the authorisation table",
                                           interface, member);
    return;
  }
  if (!caller) { /* it has left */
    g_dbus_method_invocation_return_error (invocation, SBX_ERROR, SBX_ERROR_NOT_AUTHORIZED,
                                           "the caller has left the bus before it could be identified");
    return;
  }
  coming = g_new (Coming, 1);
  *coming = (Coming){ method, g_object_ref (manager), instance ? g_object_ref (instance) : NULL, invocation, NULL };
  sbx_subject_find (sbx_manager_get_registry (manager), sbx_manager_get_context (manager)->runtime, caller, on_subject,
                    coming);
}
