/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* storm LAUNCHES: so many at the same time, and how long GetManagedObjects takes meanwhile on a connection of its own.
 */
#include <gio/gio.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/names.h"

static GDBusConnection *
connect_to_bus (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *address = g_dbus_address_get_for_bus_sync (G_BUS_TYPE_SESSION, NULL, &error);
  GDBusConnection *bus =
      address ? g_dbus_connection_new_for_address_sync (
          address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL,
          NULL, &error)
              : NULL;

  if (!bus)
    g_error ("%s", error->message);
  return bus;
}

static void
on_launched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  guint *left = user_data;

  if (!reply)
    g_error ("%s", error->message);
  (*left)--;
}

static double
ask (GDBusConnection *bus)
{
  gint64 begin = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_sync (bus, SBX_BUS_NAME, SBX_MANAGER_PATH, "org.freedesktop.DBus.ObjectManager",
                                   "GetManagedObjects", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, &error);

  if (!reply)
    g_error ("%s", error->message);
  return (double) (g_get_monotonic_time () - begin) / 1000;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double first = *(const double *) a, second = *(const double *) b;

  return first < second ? -1 : first > second;
}

int
main (int argc, char **argv)
{
  guint launches = argc > 1 ? (guint) strtoul (argv[1], NULL, 10) : 256, left = launches;
  g_autoptr (GDBusConnection) launcher = connect_to_bus (), asker = connect_to_bus ();
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (double));
  gint64 begin;

  ask (asker); /* the service is up */
  begin = g_get_monotonic_time ();
  for (guint i = 0; i < launches; i++) {
    GVariantBuilder words;

    g_variant_builder_init (&words, G_VARIANT_TYPE ("aay"));
    g_variant_builder_add_value (&words, g_variant_new_bytestring ("sleep"));
    g_variant_builder_add_value (&words, g_variant_new_bytestring ("120"));
    g_dbus_connection_call (launcher, SBX_BUS_NAME, SBX_MANAGER_PATH, SBX_MANAGER_INTERFACE, "Launch",
                            g_variant_new ("(saaya{sv})", "default", &words, NULL), NULL, G_DBUS_CALL_FLAGS_NONE,
                            G_MAXINT, NULL, on_launched, &left);
  }
  while (left > 0) {
    double time;

    while (g_main_context_iteration (NULL, FALSE))
      ;
    time = ask (asker);
    g_array_append_val (times, time);
  }
  g_array_sort (times, compare);
  printf ("%u launches in %.2f s; GetManagedObjects meanwhile, %u times: median %.1f ms, slowest %.1f ms\n", launches,
          (double) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC, times->len,
          g_array_index (times, double, times->len / 2), g_array_index (times, double, times->len - 1));
  return EXIT_SUCCESS;
}
