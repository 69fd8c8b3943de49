/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scopes, with a systemd user manager that is made up, on a bus of its own. */
#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <unistd.h>

#include "common/error.h"
#include "common/process.h"
#include "daemon/launch/scope.h"
#include "wire/sys.h"

#define NAME "org.freedesktop.systemd1"
#define PATH "/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"
#define UNIT "app-sandbox-org.example.App-0000000000000001.scope"

typedef struct {
  const char *result; /* of the job; NULL: no answer at all */
  gboolean refuses, old;
} Behaviour;

typedef struct {
  GTestDBus *bus;
  GDBusConnection *manager, *service;
  Behaviour behaviour;
  GString *asked; /* a word for each call */
  GVariant *properties;
  gint32 pidfd_of; /* the pid that the last call's descriptor was of; 0: none came */
  SbxPolicy *policy;
  gboolean settled, made;
  GError *error;
} Fixture;

static const char xml[] = "<node><interface name='" MANAGER "'><method name='StartTransientUnit'>"
                          "<arg type='s' direction='in'/><arg type='s' direction='in'/>"
                          "<arg type='a(sv)' direction='in'/><arg type='a(sa(sv))' direction='in'/>"
                          "<arg type='o' direction='out'/></method></interface></node>";

static gint32
pid_of (GDBusMessage *message)
{
  GUnixFDList *fds = g_dbus_message_get_unix_fd_list (message);
  g_autofree char *path = NULL, *text = NULL;
  const char *line;

  if (!fds || g_unix_fd_list_get_length (fds) != 1)
    return 0;
  path = g_strdup_printf ("/proc/self/fdinfo/%d", g_unix_fd_list_peek_fds (fds, NULL)[0]);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  line = strstr (text, "Pid:");
  g_assert_nonnull (line);
  return (gint32) g_ascii_strtoll (line + strlen ("Pid:"), NULL, 10);
}

static void
tell_end (GDBusConnection *connection, const char *to, const char *unit, const char *result)
{
  g_assert_true (g_dbus_connection_emit_signal (connection, to, PATH, MANAGER, "JobRemoved",
                                                g_variant_new ("(uoss)", 7, PATH "/job/7", unit, result), NULL));
}

static void
on_call (GDBusConnection *connection, const char *sender, const char *path, const char *interface, const char *method,
         GVariant *parameters, GDBusMethodInvocation *invocation, gpointer user_data)
{
  Fixture *fixture = user_data;
  const char *unit;

  g_variant_get_child (parameters, 0, "&s", &unit);
  g_clear_pointer (&fixture->properties, g_variant_unref);
  fixture->properties = g_variant_get_child_value (parameters, 2);
  fixture->pidfd_of = pid_of (g_dbus_method_invocation_get_message (invocation));
  g_string_append (fixture->asked, fixture->pidfd_of != 0 ? "by-pidfd " : "by-pid ");
  g_assert_cmpstr (unit, ==, UNIT);
  if (fixture->behaviour.old && fixture->pidfd_of != 0) {
    g_dbus_method_invocation_return_dbus_error (invocation, "org.freedesktop.DBus.Error.PropertyReadOnly",
                                                "Cannot set property PIDFDs, or unknown property.");
  } else if (fixture->behaviour.refuses) {
    g_dbus_method_invocation_return_dbus_error (invocation, "org.freedesktop.systemd1.NoSuchUnit", "not here");
  } else if (!fixture->behaviour.result) {
    g_object_unref (invocation); /* somebody else's silence */
  } else {
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", PATH "/job/7"));
    tell_end (connection, sender, "other.scope", "failed");
    tell_end (connection, sender, unit, fixture->behaviour.result);
  }
}

static GDBusConnection *
connect_to (GTestDBus *bus)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_sync (
      g_test_dbus_get_bus_address (bus),
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL, NULL,
      &error);

  g_assert_no_error (error);
  return connection;
}

static SbxPolicy *
make_policy (const char *text)
{
  static const SbxPlaces places = { .home = "/home/u" };
  g_autoptr (SbxPolicy) nothing = sbx_policy_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) groups = g_variant_ref_sink (g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error));
  SbxPolicy *policy = groups ? sbx_policy_merge_variant (nothing, groups, &places, &error) : NULL;

  g_assert_no_error (error);
  return policy;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  *fixture = (Fixture){ .bus = g_test_dbus_new (G_TEST_DBUS_NONE), .asked = g_string_new (NULL) };
  g_test_dbus_up (fixture->bus);
  fixture->manager = connect_to (fixture->bus);
  fixture->service = connect_to (fixture->bus);
  fixture->policy = make_policy ("{'Limits': <{'memory': '512M', 'pids': '100', 'cpu': '150%'}>}");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_error (&fixture->error);
  g_clear_pointer (&fixture->properties, g_variant_unref);
  sbx_policy_unref (fixture->policy);
  g_string_free (fixture->asked, TRUE);
  g_object_unref (fixture->manager);
  g_object_unref (fixture->service);
  g_test_dbus_down (fixture->bus);
  g_object_unref (fixture->bus);
}

static void
serve (Fixture *fixture, Behaviour behaviour)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_call };
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, NULL);
  g_autoptr (GVariant) reply = NULL;

  fixture->behaviour = behaviour;
  g_assert_cmpuint (
      g_dbus_connection_register_object (fixture->manager, PATH, node->interfaces[0], &vtable, fixture, NULL, NULL), !=,
      0);
  reply =
      g_dbus_connection_call_sync (fixture->manager, "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName",
                                   g_variant_new ("(su)", NAME, 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  g_assert_nonnull (reply);
}

static void
on_made (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_assert_false (fixture->settled);
  fixture->settled = TRUE;
  fixture->made = sbx_scope_make_finish (result, &fixture->error);
}

/* Asks for a scope for this process. */
static void
start (Fixture *fixture, GCancellable *cancellable)
{
  int pidfd = sbx_sys_pidfd_open (getpid ());

  g_assert_cmpint (pidfd, >=, 0);
  sbx_scope_make_async (fixture->service, UNIT, getpid (), pidfd, fixture->policy, cancellable, on_made, fixture);
  close (pidfd);
}

static void
wait (Fixture *fixture)
{
  while (!fixture->settled)
    g_main_context_iteration (NULL, TRUE);
}

static void
assert_number (Fixture *fixture, const char *name, guint64 expected)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, fixture->properties);
  while (g_variant_iter_loop (&iter, "(&sv)", &key, &value))
    if (g_str_equal (key, name)) {
      g_assert_cmpuint (g_variant_get_uint64 (value), ==, expected);
      g_variant_unref (value);
      return;
    }
  g_error ("%s was not sent", name);
}

static void
test_done (Fixture *fixture, gconstpointer data)
{
  serve (fixture, (Behaviour){ .result = "done" });
  start (fixture, NULL);
  wait (fixture);
  g_assert_no_error (fixture->error);
  g_assert_true (fixture->made);
  g_assert_cmpstr (fixture->asked->str, ==, "by-pidfd ");
  g_assert_cmpint (fixture->pidfd_of, ==, getpid ());
  assert_number (fixture, "MemoryMax", 512u << 20);
  assert_number (fixture, "CPUQuotaPerSecUSec", 1500000);
}

/* One before systemd 255 is given the number. */
static void
test_old (Fixture *fixture, gconstpointer data)
{
  serve (fixture, (Behaviour){ .result = "done", .old = TRUE });
  start (fixture, NULL);
  wait (fixture);
  g_assert_true (fixture->made);
  g_assert_cmpstr (fixture->asked->str, ==, "by-pidfd by-pid ");
}

static void
test_failed (Fixture *fixture, gconstpointer data)
{
  serve (fixture, (Behaviour){ .result = "failed" });
  start (fixture, NULL);
  wait (fixture);
  g_assert_error (fixture->error, SBX_ERROR, SBX_ERROR_SPAWN_FAILED);
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  serve (fixture, (Behaviour){ .refuses = TRUE });
  start (fixture, NULL);
  wait (fixture);
  g_assert_error (fixture->error, SBX_ERROR, SBX_ERROR_SPAWN_FAILED);
  g_assert_nonnull (strstr (fixture->error->message, "not here"));
}

static void
test_no_manager (Fixture *fixture, gconstpointer data)
{
  start (fixture, NULL);
  wait (fixture);
  g_assert_error (fixture->error, SBX_ERROR, SBX_ERROR_NOT_SUPPORTED);
}

/* The launch has been given up. */
static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  serve (fixture, (Behaviour){ .result = NULL });
  start (fixture, cancellable);
  while (fixture->asked->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_cancellable_cancel (cancellable);
  wait (fixture);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_wanted (void)
{
  g_autoptr (SbxPolicy) none = make_policy ("{}");
  g_autoptr (SbxPolicy) memory = make_policy ("{'Limits': <{'memory': '512M'}>}");
  g_autoptr (SbxPolicy) files = make_policy ("{'Limits': <{'nofile': '100'}>}");

  g_assert_false (sbx_scope_is_wanted (none));
  g_assert_true (sbx_scope_is_wanted (memory));
  g_assert_false (sbx_scope_is_wanted (files)); /* a limit of each process */
}

/* Names are systemd's to take apart: nothing of an application's id can end its part of one. */
static void
test_names (void)
{
  static const struct {
    const char *app_id, *name;
  } rows[] = {
    { "org.example.App", "app-sandbox-org.example.App-00000000000000ff.scope" },
    { "a-b", "app-sandbox-a\\x2db-00000000000000ff.scope" },
    { ".x/y@z", "app-sandbox-\\x2ex\\x2fy\\x40z-00000000000000ff.scope" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *name = sbx_scope_name (rows[i].app_id, 255);

    g_assert_cmpstr (name, ==, rows[i].name);
  }
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/scope/done", test_done);
  ADD ("/scope/old", test_old);
  ADD ("/scope/failed", test_failed);
  ADD ("/scope/refused", test_refused);
  ADD ("/scope/no-manager", test_no_manager);
  ADD ("/scope/cancelled", test_cancelled);
  g_test_add_func ("/scope/wanted", test_wanted);
  g_test_add_func ("/scope/names", test_names);
  return g_test_run ();
}
