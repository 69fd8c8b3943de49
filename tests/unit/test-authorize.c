/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The authorisation table against the introspection data and the action file: everything has exactly one row. */
#include <gio/gio.h>
#include <string.h>

#include "common/error.h"
#include "common/names.h"
#include "daemon/bus/methods.h"
#include "sandbox-dbus.h"

/* The gates of all rows, of methods and properties; free with g_ptr_array_unref (). */
static GPtrArray *
all_gates (void)
{
  GPtrArray *all = g_ptr_array_new ();
  gsize n_methods, n_properties;
  const SbxMethod *methods = sbx_method_table (&n_methods);
  const SbxGate *properties = sbx_gate_property_table (&n_properties);

  for (gsize i = 0; i < n_methods; i++)
    g_ptr_array_add (all, (gpointer) &methods[i].gate);
  for (gsize i = 0; i < n_properties; i++)
    g_ptr_array_add (all, (gpointer) &properties[i]);
  return all;
}

static const SbxGate *
find_gate (SbxGateKind kind, const char *interface, const char *member)
{
  const SbxMethod *method = sbx_method_find (interface, member);

  if (kind == SBX_GATE_METHOD)
    return method ? &method->gate : NULL;
  return sbx_gate_find_property (kind, interface, member);
}

static guint
count_rows (SbxGateKind kind, const char *interface, const char *member)
{
  g_autoptr (GPtrArray) all = all_gates ();
  guint count = 0;

  for (guint i = 0; i < all->len; i++) {
    const SbxGate *gate = g_ptr_array_index (all, i);

    count += gate->kind == kind && strcmp (gate->interface, interface) == 0 && strcmp (gate->member, member) == 0;
  }
  return count;
}

static void
assert_one_row (SbxGateKind kind, const char *interface, const char *member)
{
  if (count_rows (kind, interface, member) != 1)
    g_error ("%s.%s has %u rows in the authorisation table, not one", interface, member,
             count_rows (kind, interface, member));
  g_assert_nonnull (find_gate (kind, interface, member));
}

static void
test_coverage (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = NULL;
  g_autoptr (GDBusNodeInfo) node = NULL;
  guint members = 0;

  g_assert_true (g_file_get_contents (SBX_SOURCE_ROOT "/data/dbus-1/org.example.Sandbox.xml", &xml, NULL, &error));
  node = g_dbus_node_info_new_for_xml (xml, &error);
  g_assert_no_error (error);
  for (GDBusInterfaceInfo **interface = node->interfaces; *interface; interface++) {
    for (GDBusMethodInfo **method = (*interface)->methods; method && *method; method++, members++)
      assert_one_row (SBX_GATE_METHOD, (*interface)->name, (*method)->name);
    for (GDBusPropertyInfo **property = (*interface)->properties; property && *property; property++, members++) {
      if ((*property)->flags & G_DBUS_PROPERTY_INFO_FLAGS_READABLE)
        assert_one_row (SBX_GATE_READ, (*interface)->name, (*property)->name);
      if ((*property)->flags & G_DBUS_PROPERTY_INFO_FLAGS_WRITABLE)
        assert_one_row (SBX_GATE_WRITE, (*interface)->name, (*property)->name);
    }
  }
  g_assert_cmpuint (members, >=, 22); /* it has really walked */
  assert_one_row (SBX_GATE_METHOD, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects");
}

static guint
count_functions (const char *interface, const char *member)
{
  gsize n;
  const SbxMethod *table = sbx_method_table (&n);
  guint count = 0;

  for (gsize i = 0; i < n; i++)
    count +=
        table[i].func && strcmp (table[i].gate.interface, interface) == 0 && strcmp (table[i].gate.member, member) == 0;
  return count;
}

/* What is announced is there, once, and what is there is announced. */
static void
test_functions (void)
{
  GDBusInterfaceInfo *const interfaces[] = { sbx_sandbox_interface_info (), sbx_sandbox_instance_interface_info () };
  gsize n;
  const SbxMethod *table = sbx_method_table (&n);

  for (gsize i = 0; i < G_N_ELEMENTS (interfaces); i++) {
    for (GDBusMethodInfo **method = interfaces[i]->methods; *method; method++)
      g_assert_cmpuint (count_functions (interfaces[i]->name, (*method)->name), ==, 1);
    for (gsize row = 0; row < n; row++)
      if (table[row].func && g_str_equal (table[row].gate.interface, interfaces[i]->name))
        g_assert_nonnull (g_dbus_interface_info_lookup_method (interfaces[i], table[row].gate.member));
  }
  for (gsize row = 0; row < n; row++)
    if (table[row].func && !g_str_has_prefix (table[row].gate.interface, "org.freedesktop.DBus."))
      g_assert_true (g_str_equal (table[row].gate.interface, interfaces[0]->name)
                     || g_str_equal (table[row].gate.interface, interfaces[1]->name));
}

/* The methods that later versions bring have their rows already. */
static void
test_planned (void)
{
  static const char *const planned[] = { "Attach", "Grant", "Restrict", "GetProcfs" };

  for (gsize i = 0; i < G_N_ELEMENTS (planned); i++)
    assert_one_row (SBX_GATE_METHOD, SBX_INSTANCE_INTERFACE, planned[i]);
  assert_one_row (SBX_GATE_METHOD, SBX_MANAGER_INTERFACE, "Identify");
}

static void
test_deny_by_default (void)
{
  g_assert_null (find_gate (SBX_GATE_METHOD, SBX_MANAGER_INTERFACE, "Shutdown"));
  g_assert_null (find_gate (SBX_GATE_METHOD, SBX_INSTANCE_INTERFACE, "Launch"));
  g_assert_null (find_gate (SBX_GATE_WRITE, SBX_INSTANCE_INTERFACE, "Policy"));
  g_assert_null (find_gate (SBX_GATE_METHOD, SBX_INSTANCE_INTERFACE, "Policy"));
  g_assert_cmpint (sbx_action_fallback ("org.example.Sandbox.other"), ==, SBX_FALLBACK_REFUSE);
  g_assert_cmpint (sbx_action_fallback (SBX_ACTION_CONTROL), ==, SBX_FALLBACK_UNSANDBOXED);
  g_assert_cmpint (sbx_action_fallback (SBX_ACTION_OBSERVE), ==, SBX_FALLBACK_UNSANDBOXED);
}

/* Every row that asks says for what. */
static void
test_rows (void)
{
  g_autoptr (GPtrArray) all = all_gates ();

  for (guint i = 0; i < all->len; i++) {
    const SbxGate *gate = g_ptr_array_index (all, i);

    assert_one_row (gate->kind, gate->interface, gate->member);
    if (gate->rule == SBX_GATE_OPEN || gate->rule == SBX_GATE_OUTSIDE || gate->rule == SBX_GATE_CLASSES)
      g_assert_null (gate->action);
    else
      g_assert_true (g_str_has_prefix (gate->action, "org.example.Sandbox."));
  }
}

static void
test_classes (void)
{
  static const guint all =
      SBX_CLASS_FILES | SBX_CLASS_NETWORK | SBX_CLASS_DEVICES | SBX_CLASS_BUS | SBX_CLASS_DISPLAY | SBX_CLASS_HANDLER;
  g_autofree const char **none = sbx_gate_actions (SBX_ACTION_LAUNCH, 0);
  g_autofree const char **every = sbx_gate_actions (SBX_ACTION_LAUNCH, all);
  g_autofree const char **only = sbx_gate_actions (NULL, SBX_CLASS_BUS);

  g_assert_cmpuint (g_strv_length ((char **) none), ==, 1);
  g_assert_cmpuint (g_strv_length ((char **) every), ==, 7);
  g_assert_cmpstr (every[0], ==, SBX_ACTION_LAUNCH);
  g_assert_cmpstr (only[0], ==, SBX_ACTION_EXTEND_BUS);
  g_assert_null (only[1]);
  for (guint bit = 1; bit <= all; bit <<= 1) {
    g_assert_nonnull (sbx_class_action (bit));
    g_assert_true (g_strv_contains (every, sbx_class_action (bit)));
    g_assert_cmpint (sbx_action_fallback (sbx_class_action (bit)), ==, SBX_FALLBACK_REFUSE);
  }
  g_assert_null (sbx_class_action (0));
  g_assert_null (sbx_class_action (all + 1));
}

/* The actions of the code and those of the file that polkit reads are the same. */
static void
test_action_file (void)
{
  static const char *const actions[] = { SBX_ACTION_LAUNCH,         SBX_ACTION_EXTEND_FILES, SBX_ACTION_EXTEND_NETWORK,
                                         SBX_ACTION_EXTEND_DEVICES, SBX_ACTION_EXTEND_BUS,   SBX_ACTION_EXTEND_DISPLAY,
                                         SBX_ACTION_ATTACH,         SBX_ACTION_CONTROL,      SBX_ACTION_OBSERVE };
  g_autofree char *xml = NULL;
  g_auto (GStrv) pieces = NULL;
  g_autoptr (GPtrArray) all = all_gates ();

  g_assert_true (
      g_file_get_contents (SBX_SOURCE_ROOT "/data/polkit-1/org.example.Sandbox.policy.in", &xml, NULL, NULL));
  pieces = g_strsplit (xml, "<action id=", -1);
  g_assert_cmpuint (g_strv_length (pieces), ==, G_N_ELEMENTS (actions) + 1);
  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++) {
    g_autofree char *element = g_strdup_printf ("<action id=\"%s\">", actions[i]);

    g_assert_nonnull (strstr (xml, element));
  }
  for (guint i = 0; i < all->len; i++) {
    const char *action = ((const SbxGate *) g_ptr_array_index (all, i))->action;

    if (action)
      g_assert_nonnull (strstr (xml, action));
  }
  g_assert_null (strstr (xml, "$(")); /* polkit 122 takes no details from callers that are not root */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/authorize/coverage", test_coverage);
  g_test_add_func ("/authorize/functions", test_functions);
  g_test_add_func ("/authorize/planned", test_planned);
  g_test_add_func ("/authorize/deny-by-default", test_deny_by_default);
  g_test_add_func ("/authorize/rows", test_rows);
  g_test_add_func ("/authorize/classes", test_classes);
  g_test_add_func ("/authorize/action-file", test_action_file);
  return g_test_run ();
}
