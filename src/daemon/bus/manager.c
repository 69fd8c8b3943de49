/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus/manager.h"
#include "daemon/bus/instance-properties.h"

#include "common/names.h"
#include "daemon/asking/asker.h"
#include "daemon/bounds.h"
#include "daemon/identity/gates.h"
#include "daemon/instances/adopt.h"
#include "daemon/instances/lineage.h"
#include "daemon/launch/left.h"
#include "daemon/launch/lender.h"
#include "daemon/launch/nested.h"
#include "daemon/launch/scoping.h"
#include "daemon/on-crash/crash.h"
#include "sandbox-dbus.h"

#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"
#define PROPERTIES "org.freedesktop.DBus.Properties"

/* The interface as the D-Bus specification has it ("Standard Interfaces"). */
static const char object_manager_xml[] =
    "<node><interface name='" OBJECT_MANAGER "'>"
    "<method name='GetManagedObjects'><arg type='a{oa{sa{sv}}}' name='objects' direction='out'/></method>"
    "<signal name='InterfacesAdded'><arg type='o' name='object'/><arg type='a{sa{sv}}' name='interfaces'/></signal>"
    "<signal name='InterfacesRemoved'><arg type='o' name='object'/><arg type='as' name='interfaces'/></signal>"
    "</interface></node>";

struct _SbxManager {
  GObject parent_instance;
  SbxContext *context;
  SbxTakeCallFunc take;
  GDBusConnection *connection;
  SbxRegistry *registry;
  SbxCallers *callers;
  SbxNotifier *notifier;
  SbxLender *lender;
  SbxAsker *asker; /* or NULL */
  GDBusNodeInfo *object_manager;
  guint registrations[2];
  GHashTable *objects; /* SbxInstance * → registration, by GUINT_TO_POINTER */
  GPtrArray *unannounced;
  gboolean announces;
  gboolean begun; /* before, there is nobody to whom it could be news */
  guint idle_seconds, idle, looking;
};

G_DEFINE_FINAL_TYPE (SbxManager, sbx_manager, G_TYPE_OBJECT)

enum { SIGNAL_IDLE, SIGNAL_SETTLED, N_SIGNALS };
static guint signals[N_SIGNALS];

static void
on_method_call (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                const char *method, GVariant *parameters, GDBusMethodInvocation *invocation, gpointer user_data)
{
  SbxManager *self = user_data;

  self->take (self, NULL, invocation);
}

/* The data that the object of an instance is registered with. */
typedef struct {
  SbxManager *manager; /* not a reference: it unregisters everything */
  SbxInstance *instance;
} Object;

static void
object_free (gpointer data)
{
  Object *object = data;

  g_object_unref (object->instance);
  g_free (object);
}

static void
on_instance_call (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                  const char *method, GVariant *parameters, GDBusMethodInvocation *invocation, gpointer user_data)
{
  Object *object = user_data;

  object->manager->take (object->manager, object->instance, invocation);
}

/* Without functions for properties GDBus passes Get, GetAll and Set on as methods, so that they can wait. */
static const GDBusInterfaceVTable manager_vtable = { .method_call = on_method_call };
static const GDBusInterfaceVTable instance_vtable = { .method_call = on_instance_call };

static void
emit (SbxManager *self, const char *path, const char *interface, const char *name, GVariant *parameters)
{
  g_autoptr (GVariant) kept = g_variant_ref_sink (parameters);

  if (self->connection)
    g_dbus_connection_emit_signal (self->connection, NULL, path, interface, name, kept, NULL);
}

/* About @instance: to everybody, and to those in a sandbox above it, whom no broadcast reaches (plan/mounts/bus.c). */
static void
emit_about (SbxManager *self, SbxInstance *instance, const char *path, const char *interface, const char *name,
            GVariant *parameters)
{
  g_autoptr (GVariant) kept = g_variant_ref_sink (parameters ? parameters : g_variant_new ("()"));
  g_autoptr (GPtrArray) callers = NULL;

  emit (self, path, interface, name, kept);
  if (!self->connection || !sbx_instance_get_info (instance)->nested)
    return;
  callers = sbx_callers_list (self->callers);
  for (guint i = 0; i < callers->len; i++) {
    g_autoptr (GObject) home = sbx_caller_dup_home (callers->pdata[i]);
    const char *to = sbx_caller_get_name (callers->pdata[i]);

    if (home && to && sbx_lineage_is_below (self->registry, SBX_INSTANCE (home), instance))
      g_dbus_connection_emit_signal (self->connection, to, path, interface, name, kept, NULL);
  }
}

/* a{sv} of those of @names (NULL: all) that are for everybody: a signal goes to whoever listens. The others are named
 * in @closed (as). */
static GVariant *
open_properties (SbxInstance *instance, const char *const *names, GVariantBuilder *closed)
{
  GDBusPropertyInfo **properties = sbx_sandbox_instance_interface_info ()->properties;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (gsize i = 0; properties[i]; i++) {
    const char *name = properties[i]->name;
    const SbxGate *gate = sbx_gate_find_property (SBX_GATE_READ, SBX_INSTANCE_INTERFACE, name);
    g_autoptr (GVariant) value = NULL;

    if (names && !g_strv_contains (names, name))
      continue;
    if (!gate || gate->rule != SBX_GATE_OPEN) {
      g_variant_builder_add (closed, "s", name);
      continue;
    }
    value = sbx_instance_dup_property (instance, name);
    g_variant_builder_add (&builder, "{sv}", name, value);
  }
  return g_variant_builder_end (&builder);
}

static void
on_instance_changed (SbxInstance *instance, const char *const *names, gpointer user_data)
{
  GVariantBuilder closed;
  GVariant *values;

  g_variant_builder_init (&closed, G_VARIANT_TYPE_STRING_ARRAY);
  values = open_properties (instance, names, &closed);
  emit_about (user_data, instance, sbx_instance_get_path (instance), PROPERTIES, "PropertiesChanged",
              g_variant_new ("(s@a{sv}as)", SBX_INSTANCE_INTERFACE, values, &closed));
}

static void
announce_end (SbxManager *self, SbxInstance *instance)
{
  int code, signo, parent;
  gboolean core;

  sbx_instance_get_result (instance, &code, &signo, &core);
  emit_about (self, instance, sbx_instance_get_path (instance), SBX_INSTANCE_INTERFACE, "Exited",
              g_variant_new ("(iib)", code, signo, core));
  if (!self->announces)
    return;
  parent = sbx_runtime_dir_open (self->context->runtime, NULL);
  if (parent >= 0)
    sbx_record_set_announced (parent, sbx_instance_get_id (instance));
}

/* The instance that @instance is a handler of, if it is one. */
static SbxInstance *
find_target (SbxManager *self, SbxInstance *instance)
{
  guint64 parent = sbx_instance_get_info (instance)->parent;

  return parent != 0 && !sbx_instance_get_info (instance)->nested ? sbx_registry_lookup (self->registry, parent) : NULL;
}

/* A handler and its target become known in any order: a service that adopts them reads a directory. */
static void
link_handlers (SbxManager *self, SbxInstance *instance)
{
  g_autoptr (GPtrArray) shown = sbx_registry_list (self->registry);
  SbxInstance *target = find_target (self, instance);

  if (target && sbx_instance_get_state (instance) == SBX_STATE_RUNNING)
    sbx_instance_add_handler (target, sbx_instance_get_path (instance));
  for (guint i = 0; i < shown->len; i++) {
    SbxInstance *other = g_ptr_array_index (shown, i);

    if (other != instance && sbx_instance_get_state (other) == SBX_STATE_RUNNING
        && find_target (self, other) == instance)
      sbx_instance_add_handler (instance, sbx_instance_get_path (other));
  }
}

/* Ends what was started from inside of a sandbox together with that sandbox. */
static void
stop_orphans (SbxManager *self)
{
  g_autoptr (GPtrArray) live = sbx_registry_list_live (self->registry);

  for (guint i = 0; i < live->len; i++)
    sbx_nested_stop_orphan (self->registry, g_ptr_array_index (live, i));
}

static void
on_instance_ended (SbxInstance *instance, gpointer user_data)
{
  SbxManager *self = user_data;
  SbxInstance *target = find_target (self, instance);

  if (target)
    sbx_instance_remove_handler (target, sbx_instance_get_path (instance));
  announce_end (self, instance);
  stop_orphans (self);
}

/* Its keeper has written the file anew. */
static void
on_instance_policy (SbxInstance *instance, gpointer user_data)
{
  SbxManager *self = user_data;
  guint64 id = sbx_instance_get_id (instance);
  int parent = sbx_runtime_dir_open (self->context->runtime, NULL);
  int directory = parent < 0 ? -1 : sbx_record_open (parent, id);
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxInfo) info = directory < 0 ? NULL : sbx_record_read_info (directory, id, &error);

  if (directory >= 0)
    close (directory);
  if (!info) {
    g_warning ("%s: cannot read its new policy%s%s", sbx_instance_get_path (instance), error ? ": " : "",
               error ? error->message : "");
    return;
  }
  sbx_instance_take_policy (instance, info);
  sbx_lender_look (self->lender);
  emit_about (self, instance, sbx_instance_get_path (instance), SBX_INSTANCE_INTERFACE, "PolicyChanged", NULL);
}

static void
on_instance_crashed (SbxInstance *instance, const SbxMessage *message, gpointer user_data)
{
  SbxManager *self = user_data;
  GVariant *about = sbx_crash_begin (self->context, self->registry, self->notifier, instance, message);

  emit (self, sbx_instance_get_path (instance), SBX_INSTANCE_INTERFACE, "Crashed", g_variant_new ("(@a{sv})", about));
}

static void
on_instance_denied (SbxInstance *instance, gpointer user_data)
{
  emit_about (user_data, instance, sbx_instance_get_path (instance), SBX_INSTANCE_INTERFACE, "Denied", NULL);
}

static void
tell_added (SbxManager *self, SbxInstance *instance)
{
  GVariantBuilder interfaces, closed;

  g_variant_builder_init (&closed, G_VARIANT_TYPE_STRING_ARRAY);
  g_variant_builder_init (&interfaces, G_VARIANT_TYPE ("a{sa{sv}}"));
  g_variant_builder_add (&interfaces, "{s@a{sv}}", SBX_INSTANCE_INTERFACE, open_properties (instance, NULL, &closed));
  emit_about (self, instance, SBX_MANAGER_PATH, OBJECT_MANAGER, "InterfacesAdded",
              g_variant_new ("(oa{sa{sv}})", sbx_instance_get_path (instance), &interfaces));
  g_variant_builder_clear (&closed);
}

static guint
register_instance (SbxManager *self, SbxInstance *instance, GError **error)
{
  Object *object = g_new (Object, 1);

  *object = (Object){ self, g_object_ref (instance) };
  return g_dbus_connection_register_object (self->connection, sbx_instance_get_path (instance),
                                            sbx_sandbox_instance_interface_info (), &instance_vtable, object,
                                            object_free, error);
}

static void
on_added (SbxRegistry *registry, SbxInstance *instance, gpointer user_data)
{
  SbxManager *self = user_data;
  g_autoptr (GError) error = NULL;
  guint registration = self->connection ? register_instance (self, instance, &error) : 0;

  if (error) {
    g_warning ("%s", error->message);
    return;
  }
  g_hash_table_insert (self->objects, instance, GUINT_TO_POINTER (registration));
  g_signal_connect (instance, "changed", G_CALLBACK (on_instance_changed), self);
  g_signal_connect (instance, "policy", G_CALLBACK (on_instance_policy), self);
  g_signal_connect (instance, "crashed", G_CALLBACK (on_instance_crashed), self);
  g_signal_connect (instance, "ended", G_CALLBACK (on_instance_ended), self);
  g_signal_connect (instance, "denied", G_CALLBACK (on_instance_denied), self);

  if (self->begun)
    tell_added (self, instance);
  link_handlers (self, instance);
  sbx_scoping_look (self->context, instance);
  sbx_lender_look (self->lender);
}

static void
unregister (gpointer instance, gpointer registration, gpointer user_data)
{
  SbxManager *self = user_data;

  g_signal_handlers_disconnect_by_data (instance, self);
  if (self->connection)
    g_dbus_connection_unregister_object (self->connection, GPOINTER_TO_UINT (registration));
}

static void
on_removed (SbxRegistry *registry, SbxInstance *instance, gpointer user_data)
{
  static const char *const interfaces[] = { SBX_INSTANCE_INTERFACE, NULL };
  SbxManager *self = user_data;
  gpointer registration;

  if (!g_hash_table_steal_extended (self->objects, instance, NULL, &registration))
    return;
  emit_about (self, instance, SBX_MANAGER_PATH, OBJECT_MANAGER, "InterfacesRemoved",
              g_variant_new ("(o^as)", sbx_instance_get_path (instance), interfaces));
  unregister (instance, registration, self);
}

gboolean
sbx_manager_is_settling (SbxManager *self)
{
  g_autoptr (GPtrArray) shown = sbx_registry_list (self->registry);
  guint running = 0;

  for (guint i = 0; i < shown->len; i++)
    running += sbx_instance_get_state (g_ptr_array_index (shown, i)) == SBX_STATE_RUNNING;
  return sbx_registry_count_live (self->registry) > running || sbx_registry_is_searching (self->registry);
}

static gboolean
on_idle (gpointer user_data)
{
  SbxManager *self = user_data;

  self->idle = 0;
  g_signal_emit (self, signals[SIGNAL_IDLE], 0);
  return G_SOURCE_REMOVE;
}

gboolean
sbx_manager_is_busy (SbxManager *self)
{
  return sbx_registry_count_live (self->registry) > 0 || sbx_callers_count (self->callers) > 0;
}

static void
update_idle (SbxManager *self)
{
  g_clear_handle_id (&self->idle, g_source_remove);
  if (!sbx_manager_is_busy (self) && self->idle_seconds > 0)
    self->idle = g_timeout_add_seconds (self->idle_seconds, on_idle, self);
}

static void
on_registry_changed (SbxRegistry *registry, gpointer user_data)
{
  SbxManager *self = user_data;

  update_idle (self);
  /* Launches are counted only when somebody waits for them to settle */
  if (g_signal_has_handler_pending (self, signals[SIGNAL_SETTLED], 0, FALSE) && !sbx_manager_is_settling (self))
    g_signal_emit (self, signals[SIGNAL_SETTLED], 0);
}

static void
on_callers_changed (SbxCallers *callers, gpointer user_data)
{
  update_idle (user_data);
}

void
sbx_manager_set_idle_timeout (SbxManager *self, guint seconds)
{
  self->idle_seconds = seconds;
  update_idle (self);
}

void
sbx_manager_drop_callers (SbxManager *self)
{
  sbx_callers_drop_all (self->callers);
}

SbxContext *
sbx_manager_get_context (SbxManager *self)
{
  return self->context;
}

SbxRegistry *
sbx_manager_get_registry (SbxManager *self)
{
  return self->registry;
}

SbxCallers *
sbx_manager_get_callers (SbxManager *self)
{
  return self->callers;
}

void
sbx_manager_take (SbxManager *self, SbxInstance *instance, GDBusMethodInvocation *invocation)
{
  self->take (self, instance, invocation);
}

GDBusInterfaceInfo *
sbx_manager_get_object_manager_info (SbxManager *self)
{
  return self->object_manager->interfaces[0];
}

static gboolean
on_look_again (gpointer user_data)
{
  SbxManager *self = user_data;

  self->looking = 0;
  sbx_manager_look_around (self);
  return G_SOURCE_REMOVE;
}

void
sbx_manager_look_around (SbxManager *self)
{
  guint known = sbx_registry_count_live (self->registry);
  gboolean again = sbx_adopt (self->context->runtime, self->registry, self->unannounced);

  /* While some could not be looked at, a parent may be among those */
  if (!again && sbx_registry_count_live (self->registry) != known)
    stop_orphans (self);
  if (again && self->looking == 0)
    self->looking = g_timeout_add_seconds (SBX_YOUNG_RECORD_SECONDS + 1, on_look_again, self);
  sbx_left_remove (self->context, self->registry);
  if (self->announces)
    sbx_manager_announce (self);
}

void
sbx_manager_announce (SbxManager *self)
{
  self->announces = TRUE;
  for (guint i = 0; i < self->unannounced->len; i++)
    announce_end (self, g_ptr_array_index (self->unannounced, i));
  g_ptr_array_set_size (self->unannounced, 0);
}

static void
sbx_manager_dispose (GObject *object)
{
  SbxManager *self = SBX_MANAGER (object);

  g_clear_handle_id (&self->idle, g_source_remove);
  g_clear_handle_id (&self->looking, g_source_remove);
  if (self->callers) {
    g_signal_handlers_disconnect_by_data (self->callers, self);
    sbx_callers_drop_all (self->callers); /* launches give up, while the registry is there to be told */
  }
  if (self->registry)
    g_signal_handlers_disconnect_by_data (self->registry, self);
  for (gsize i = 0; i < G_N_ELEMENTS (self->registrations); i++) {
    if (self->registrations[i] != 0)
      g_dbus_connection_unregister_object (self->connection, self->registrations[i]);
    self->registrations[i] = 0;
  }
  g_hash_table_foreach (self->objects, unregister, self);
  g_hash_table_remove_all (self->objects);
  g_clear_pointer (&self->lender, sbx_lender_free);
  g_clear_pointer (&self->asker, sbx_asker_free);
  g_clear_object (&self->registry);
  g_clear_object (&self->callers);
  g_clear_pointer (&self->notifier, sbx_notifier_free);
  g_clear_object (&self->connection);
  G_OBJECT_CLASS (sbx_manager_parent_class)->dispose (object);
}

static void
sbx_manager_finalize (GObject *object)
{
  SbxManager *self = SBX_MANAGER (object);

  g_hash_table_unref (self->objects);
  g_ptr_array_unref (self->unannounced);
  g_dbus_node_info_unref (self->object_manager);
  G_OBJECT_CLASS (sbx_manager_parent_class)->finalize (object);
}

static void
sbx_manager_class_init (SbxManagerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = sbx_manager_dispose;
  G_OBJECT_CLASS (klass)->finalize = sbx_manager_finalize;
  signals[SIGNAL_IDLE] =
      g_signal_new ("idle", SBX_TYPE_MANAGER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_SETTLED] =
      g_signal_new ("settled", SBX_TYPE_MANAGER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
sbx_manager_init (SbxManager *self)
{
  self->objects = g_hash_table_new (NULL, NULL);
  self->unannounced = g_ptr_array_new_with_free_func (g_object_unref);
  self->object_manager = g_dbus_node_info_new_for_xml (object_manager_xml, NULL);
}

static gboolean
register_manager (SbxManager *self, GError **error)
{
  GDBusInterfaceInfo *interfaces[] = { sbx_sandbox_interface_info (), self->object_manager->interfaces[0] };

  for (gsize i = 0; self->connection && i < G_N_ELEMENTS (interfaces); i++) {
    self->registrations[i] = g_dbus_connection_register_object (self->connection, SBX_MANAGER_PATH, interfaces[i],
                                                                &manager_vtable, self, NULL, error);
    if (self->registrations[i] == 0)
      return FALSE;
  }
  return TRUE;
}

/* The first launch has succeeded; the application starts. */
static void
look_around_soon (SbxRegistry *registry, SbxInstance *instance, gpointer user_data)
{
  SbxManager *self = user_data;

  g_signal_handlers_disconnect_by_func (registry, look_around_soon, self);
  if (self->looking == 0)
    self->looking = g_timeout_add (SBX_LOOK_AROUND_MS, on_look_again, self);
}

SbxManager *
sbx_manager_new (SbxContext *context, GDBusConnection *connection, gboolean launch_first, SbxTakeCallFunc take,
                 GError **error)
{
  g_autoptr (SbxManager) self = g_object_new (SBX_TYPE_MANAGER, NULL);

  self->context = context;
  self->take = take;
  self->connection = connection ? g_object_ref (connection) : NULL;
  context->bus = connection && g_dbus_connection_get_unique_name (connection) ? connection : NULL;
  self->registry = sbx_registry_new (context->runtime);
  sbx_registry_set_room (self->registry, &context->room);
  self->lender = sbx_lender_new (context, self->registry);
  self->callers = sbx_callers_new (connection);
  self->notifier = sbx_notifier_new (context->bus);
  self->asker = sbx_asker_new (context, self->registry);
  g_signal_connect (self->registry, "added", G_CALLBACK (on_added), self);
  g_signal_connect (self->registry, "removed", G_CALLBACK (on_removed), self);
  g_signal_connect (self->registry, "changed", G_CALLBACK (on_registry_changed), self);
  g_signal_connect (self->callers, "changed", G_CALLBACK (on_callers_changed), self);
  if (!register_manager (self, error))
    return NULL;
  if (launch_first)
    g_signal_connect (self->registry, "added", G_CALLBACK (look_around_soon), self);
  else
    sbx_manager_look_around (self);
  self->begun = TRUE;
  return g_steal_pointer (&self);
}
