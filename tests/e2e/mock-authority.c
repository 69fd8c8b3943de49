/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mock-authority yes|no|ACTION…|FILE: a polkit authority that always gives the same answer, for tests of what comes
 * after the answer: names of actions (launch, control) are a yes to those and a no to all others; a FILE (with a slash
 * in its name) holds the words, and is read again for each question. Prints each question's action id. The real one is
 * in test-polkit.cc. */
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>

static const char xml[] =
    "<node><interface name='org.freedesktop.PolicyKit1.Authority'>"
    "<method name='CheckAuthorization'><arg type='(sa{sv})' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='a{ss}' direction='in'/><arg type='u' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='(bba{ss})' direction='out'/></method>"
    "<method name='CancelCheckAuthorization'><arg type='s' direction='in'/></method>"
    "<property name='BackendName' type='s' access='read'/><property name='BackendVersion' type='s' access='read'/>"
    "<property name='BackendFeatures' type='u' access='read'/><signal name='Changed'/></interface></node>";

static gboolean
is_allowed (const char *answer, const char *action)
{
  g_autofree char *content = NULL;
  g_auto (GStrv) words = NULL;

  if (strchr (answer, '/')) {
    if (!g_file_get_contents (answer, &content, NULL, NULL))
      return FALSE;
    answer = g_strstrip (content);
  }
  words = g_strsplit (answer, " ", -1);
  for (char **word = words; *word; word++) {
    g_autofree char *named = g_strconcat ("org.example.Sandbox.", *word, NULL);

    if (g_str_equal (*word, "yes") || g_str_equal (action, named))
      return TRUE;
  }
  return FALSE;
}

static void
on_call (GDBusConnection *connection, const char *sender, const char *path, const char *interface, const char *method,
         GVariant *parameters, GDBusMethodInvocation *invocation, gpointer user_data)
{
  const char *action = NULL;

  if (!g_str_equal (method, "CheckAuthorization")) {
    g_dbus_method_invocation_return_value (invocation, NULL);
    return;
  }
  g_variant_get_child (parameters, 1, "&s", &action);
  printf ("%s\n", action);
  g_dbus_method_invocation_return_value (invocation,
                                         g_variant_new ("((bba{ss}))", is_allowed (user_data, action), FALSE, NULL));
}

static GVariant *
on_get (GDBusConnection *connection, const char *sender, const char *path, const char *interface, const char *name,
        GError **error, gpointer user_data)
{
  return g_str_equal (name, "BackendFeatures") ? g_variant_new_uint32 (0) : g_variant_new_string ("mock");
}

static void
on_bus (GDBusConnection *bus, const char *name, gpointer user_data)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_call, .get_property = on_get };
  GDBusNodeInfo *node = g_dbus_node_info_new_for_xml (xml, NULL);

  g_dbus_connection_register_object (bus, "/org/freedesktop/PolicyKit1/Authority", node->interfaces[0], &vtable,
                                     user_data, NULL, NULL);
  g_dbus_node_info_unref (node);
}

static void
on_name (GDBusConnection *bus, const char *name, gpointer user_data)
{
  printf ("ready\n");
}

int
main (int argc, char **argv)
{
  setvbuf (stdout, NULL, _IOLBF, 0);
  g_bus_own_name (G_BUS_TYPE_SYSTEM, "org.freedesktop.PolicyKit1", G_BUS_NAME_OWNER_FLAGS_NONE, on_bus, on_name, NULL,
                  argc > 1 ? argv[1] : (gpointer) "no", NULL);
  g_main_loop_run (g_main_loop_new (NULL, FALSE));
  return 0;
}
