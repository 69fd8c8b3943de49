/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crowd: for bench/scale. Reads lines from standard input, and answers each with one:
 *   launch N   starts N sandboxes that sleep, one after the other; the milliseconds of each
 *   brief N    asks ListBrief N times, as `ps` does; the milliseconds of each
 *   list N     the same with ListRunning
 *   all N      the same with GetManagedObjects
 * On a session bus. */
#include <fcntl.h>
#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/names.h"

static double
call (GDBusConnection *bus, const char *interface, const char *method, GVariant *parameters, GUnixFDList *fds)
{
  gint64 begin = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_with_unix_fd_list_sync (bus, SBX_BUS_NAME, SBX_MANAGER_PATH, interface, method, parameters,
                                                     NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT, fds, NULL, NULL, &error);

  if (!reply)
    g_error ("%s: %s", method, error->message);
  return (double) (g_get_monotonic_time () - begin) / 1000;
}

static double
launch (GDBusConnection *bus, int null)
{
  static const char *const words[] = { "sleep", "100000", NULL };
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();
  GVariantBuilder options, fds;

  g_variant_builder_init (&fds, G_VARIANT_TYPE ("a{uh}"));
  for (guint fd = 0; fd < 3; fd++)
    g_variant_builder_add (&fds, "{uh}", fd, g_unix_fd_list_append (list, null, NULL));
  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&options, "{sv}", "fds", g_variant_builder_end (&fds));
  return call (bus, SBX_MANAGER_INTERFACE, "Launch", g_variant_new ("(s^aaya{sv})", "default", words, &options), list);
}

static double
work (GDBusConnection *bus, const char *word, int null)
{
  if (strcmp (word, "launch") == 0)
    return launch (bus, null);
  if (strcmp (word, "brief") == 0)
    return call (bus, SBX_MANAGER_INTERFACE, "ListBrief", NULL, NULL);
  if (strcmp (word, "list") == 0)
    return call (bus, SBX_MANAGER_INTERFACE, "ListRunning", NULL, NULL);
  if (strcmp (word, "all") == 0)
    return call (bus, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL, NULL);
  g_error ("\"%s\" is no order", word);
}

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, &error);
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  char line[64];

  if (!bus)
    g_error ("%s", error->message);
  while (fgets (line, sizeof line, stdin)) {
    char *number = strchr (line, ' ');

    if (!number)
      g_error ("an order is a word and a number");
    *number++ = '\0';
    for (gulong left = strtoul (number, NULL, 10); left > 0; left--)
      printf ("%.3f ", work (bus, line, null));
    printf ("\n");
    fflush (stdout);
  }
  return EXIT_SUCCESS;
}
