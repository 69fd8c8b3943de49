/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading properties: one by one, all of an object, all of all objects. A value whose gate is closed is an error when
 * it is asked for by name and is left out otherwise; only the former may bring up polkit's dialogue. */
#include <glib/gi18n.h>

#include "common/error.h"
#include "common/names.h"
#include "daemon/bus/functions.h"
#include "daemon/bus/instance-properties.h"
#include "sandbox-dbus.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

/* How many run, of how many at most, and what that is by. */
static GVariant *
describe_room (SbxRegistry *registry)
{
  const SbxRoom *room = sbx_registry_get_room (registry);
  guint running = sbx_registry_count_live (registry);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "state", g_variant_new_string ("works"));
  g_variant_builder_add (&builder, "{sv}", "works", g_variant_new_boolean (TRUE));
  g_variant_builder_add (
      &builder, "{sv}", "detail",
      g_variant_new_take_string (g_strdup_printf (N_ ("%u of at most %u: %s"), running, room->most, room->why)));
  g_variant_builder_add (&builder, "{sv}", "running", g_variant_new_uint32 (running));
  g_variant_builder_add (&builder, "{sv}", "room", g_variant_new_uint32 (room->most));
  return g_variant_builder_end (&builder);
}

/* How many sandboxes run or are kept ready says what its user does, and is no caller's in a sandbox to know. */
static GVariant *
make_features (const SbxCall *call)
{
  SbxContext *context = sbx_manager_get_context (call->manager);
  g_autoptr (GVariant) features = g_variant_ref_sink (sbx_machine_features (context->host->machine));
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (features);

  g_variant_dict_insert (&dict, "authority", "s", sbx_authority_get_kind (context->authority));
  if (call->subject->where == SBX_WHERE_OUTSIDE) {
    g_variant_dict_insert_value (&dict, "prepared", sbx_pool_describe (context->pool));
    g_variant_dict_insert_value (&dict, "instances", describe_room (sbx_call_get_registry (call)));
  }
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* A full reference. */
static GVariant *
make_value (const SbxCall *call, SbxInstance *instance, const char *name)
{
  if (instance)
    return sbx_instance_dup_property (instance, name);
  if (g_str_equal (name, "Version"))
    return g_variant_ref_sink (g_variant_new_uint32 (1));
  return g_str_equal (name, "Features") ? make_features (call) : NULL;
}

static const GDBusInterfaceInfo *
interface_of (SbxInstance *instance)
{
  return instance ? sbx_sandbox_instance_interface_info () : sbx_sandbox_interface_info ();
}

/* a{sv} of @instance or the manager, those with a question to ask only if @everything. Floating. */
static GVariant *
make_all (const SbxCall *call, SbxInstance *instance, gboolean everything)
{
  const GDBusInterfaceInfo *interface = interface_of (instance);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (gsize i = 0; interface->properties[i]; i++) {
    const char *name = interface->properties[i]->name;
    const SbxGate *gate = sbx_gate_find_property (SBX_GATE_READ, interface->name, name);
    g_autoptr (GVariant) value = NULL;

    if (!gate || (gate->rule != SBX_GATE_OPEN && !everything))
      continue;
    value = make_value (call, instance, name);
    g_variant_builder_add (&builder, "{sv}", name, value);
  }
  return g_variant_builder_end (&builder);
}

/* a{sa{sv}} of it, borrowed: an object manager with hundreds of objects is asked again and again. */
static GVariant *
get_interfaces (const SbxCall *call, SbxInstance *instance, gboolean everything)
{
  GVariantBuilder builder;

  if (!sbx_instance_get_cached (instance, everything)) {
    g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{sa{sv}}"));
    g_variant_builder_add (&builder, "{s@a{sv}}", SBX_INSTANCE_INTERFACE, make_all (call, instance, everything));
    sbx_instance_set_cached (instance, everything, g_variant_builder_end (&builder));
  }
  return sbx_instance_get_cached (instance, everything);
}

static void
answer_get (SbxCall *call)
{
  const char *name;
  g_autoptr (GVariant) value = NULL;

  g_variant_get (g_dbus_method_invocation_get_parameters (call->invocation), "(&s&s)", NULL, &name);
  value = make_value (call, call->instance, name);
  sbx_call_return (call, g_variant_new ("(v)", value));
}

void
sbx_method_get (SbxCall *call)
{
  const SbxStanding standing = sbx_standing_of (call->subject, call->instance);
  const char *actions[] = { NULL, NULL };
  const char *interface, *name;
  const SbxGate *gate;
  GError *error = NULL;

  g_variant_get (g_dbus_method_invocation_get_parameters (call->invocation), "(&s&s)", &interface, &name);
  gate = sbx_gate_find_property (SBX_GATE_READ, interface, name);
  if (!gate) {
    sbx_throw (&error, SBX_ERROR_NOT_AUTHORIZED, "the property %s.%s is not for anybody", interface, name);
    sbx_call_fail (call, error);
    return;
  }
  actions[0] = gate->action;
  switch (sbx_gate_judge (gate->kind, gate->rule, &standing)) {
  case SBX_VERDICT_FREE:
    answer_get (call);
    return;
  case SBX_VERDICT_ASK:
    sbx_call_ask (call, actions, sbx_call_is_interactive (call), answer_get);
    return;
  case SBX_VERDICT_ASK_CLASSES: /* of no property */
  case SBX_VERDICT_REFUSE:
    break;
  }
  sbx_call_refuse (call, &standing);
}

/* Calls that are answered with more or with fewer values, never refused. */
typedef struct {
  SbxCall *call;
  void (*answer) (SbxCall *call, gboolean everything);
} Showing;

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Showing *showing = user_data;

  showing->answer (showing->call, sbx_authority_check_finish (SBX_AUTHORITY (source), result, NULL));
}

static void
show (SbxCall *call, void (*answer) (SbxCall *call, gboolean everything))
{
  const char *actions[] = { SBX_ACTION_OBSERVE, NULL };
  Showing *showing = g_new (Showing, 1);

  *showing = (Showing){ call, answer };
  sbx_authority_check_async (sbx_call_get_context (call)->authority, call->subject, actions, FALSE, NULL, on_answer,
                             showing);
}

static void
answer_get_all (SbxCall *call, gboolean everything)
{
  sbx_call_return (call, g_variant_new ("(@a{sv})", make_all (call, call->instance, everything)));
}

void
sbx_method_get_all (SbxCall *call)
{
  const SbxStanding standing = sbx_standing_of (call->subject, call->instance);

  if (!standing.about || standing.itself || standing.starter)
    answer_get_all (call, TRUE);
  else
    show (call, answer_get_all);
}

/* Whether the caller may know of it; of one that has ended, if those are asked for. */
static gboolean
is_listed (const SbxCall *call, SbxInstance *instance, gboolean running)
{
  return sbx_subject_may_see (call->subject, instance)
         && !(running && sbx_instance_get_state (instance) == SBX_STATE_EXITED);
}

/* Whether it is told what is not for everybody: by the authority, or as its own. */
static gboolean
shows_all (const SbxCall *call, SbxInstance *instance, gboolean everything)
{
  return everything || instance == call->subject->own || sbx_subject_is_starter (call->subject, instance);
}

/* Adds those that the caller may know of, each with what it may know; only those that run if @running. */
static void
add_objects (const SbxCall *call, gboolean everything, gboolean running, GVariantBuilder *builder)
{
  g_autoptr (GPtrArray) instances = sbx_registry_list (sbx_call_get_registry (call));

  for (guint i = 0; i < instances->len; i++) {
    SbxInstance *instance = g_ptr_array_index (instances, i);
    gboolean all = shows_all (call, instance, everything);
    g_autoptr (GVariant) properties = NULL;
    GVariant *interfaces;

    if (!is_listed (call, instance, running))
      continue;
    interfaces = get_interfaces (call, instance, all);
    if (running)
      properties = g_variant_lookup_value (interfaces, SBX_INSTANCE_INTERFACE, G_VARIANT_TYPE_VARDICT);
    if (properties)
      g_variant_builder_add (builder, "{o@a{sv}}", sbx_instance_get_path (instance), properties);
    else
      g_variant_builder_add (builder, "{o@a{sa{sv}}}", sbx_instance_get_path (instance), interfaces);
  }
}

static void
answer_get_managed_objects (SbxCall *call, gboolean everything)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{oa{sa{sv}}}"));
  add_objects (call, everything, FALSE, &builder);
  sbx_call_return (call, g_variant_new ("(a{oa{sa{sv}}})", &builder));
}

static void
answer_list_running (SbxCall *call, gboolean everything)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{oa{sv}}"));
  add_objects (call, everything, TRUE, &builder);
  sbx_call_return (call, g_variant_new ("(a{oa{sv}})", &builder));
}

/* Shows the instances: the authority is asked only if somebody else has started one. */
static void
show_objects (SbxCall *call, void (*answer) (SbxCall *call, gboolean everything))
{
  g_autoptr (GPtrArray) instances = NULL;
  gboolean alien = FALSE;

  sbx_manager_look_around (call->manager);
  instances = sbx_registry_list (sbx_call_get_registry (call));
  for (guint i = 0; i < instances->len; i++)
    alien = alien || !sbx_subject_is_starter (call->subject, g_ptr_array_index (instances, i));
  if (alien && call->subject->where == SBX_WHERE_OUTSIDE)
    show (call, answer);
  else
    answer (call, !alien);
}

void
sbx_method_get_managed_objects (SbxCall *call)
{
  show_objects (call, answer_get_managed_objects);
}

void
sbx_method_list_running (SbxCall *call)
{
  show_objects (call, answer_list_running);
}

/* What a table of instances shows, by the same gates as where they are all. */
static GVariant *
make_brief (SbxInstance *instance, gboolean everything)
{
  static const char *const names[] = { "AppId", "Profile", "Pid", "State", "StartTime", "Parent", "Command" };
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    const SbxGate *gate = sbx_gate_find_property (SBX_GATE_READ, SBX_INSTANCE_INTERFACE, names[i]);
    g_autoptr (GVariant) value = NULL;

    if (!gate || (gate->rule != SBX_GATE_OPEN && !everything))
      continue;
    value = sbx_instance_dup_property (instance, names[i]);
    g_variant_builder_add (&builder, "{sv}", names[i], value);
  }
  return g_variant_builder_end (&builder);
}

static void
answer_list_brief (SbxCall *call, gboolean everything)
{
  g_autoptr (GPtrArray) instances = sbx_registry_list (sbx_call_get_registry (call));
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{oa{sv}}"));
  for (guint i = 0; i < instances->len; i++) {
    SbxInstance *instance = g_ptr_array_index (instances, i);

    if (is_listed (call, instance, TRUE))
      g_variant_builder_add (&builder, "{o@a{sv}}", sbx_instance_get_path (instance),
                             make_brief (instance, shows_all (call, instance, everything)));
  }
  sbx_call_return (call, g_variant_new ("(a{oa{sv}})", &builder));
}

void
sbx_method_list_brief (SbxCall *call)
{
  show_objects (call, answer_list_brief);
}
