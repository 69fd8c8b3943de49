/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/notice.h"

#include <gio/gio.h>

#define NAME "org.freedesktop.Notifications"
#define PATH "/org/freedesktop/Notifications"
#define WAIT_MS 3000

void
sbx_notice_show (const char *title, const char *text)
{
  g_autoptr (GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, NULL);
  g_autofree char *body = g_markup_escape_text (text, -1); /* the body may be markup (Desktop Notifications 1.2) */
  GVariantBuilder hints;
  GVariant *reply;

  if (!bus)
    return;
  g_variant_builder_init (&hints, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&hints, "{sv}", "urgency", g_variant_new_byte (1));
  reply = g_dbus_connection_call_sync (
      bus, NAME, PATH, NAME, "Notify",
      g_variant_new ("(susssasa{sv}i)", "sandboxctl", 0, "dialog-warning", title, body, NULL, &hints, -1), NULL,
      G_DBUS_CALL_FLAGS_NONE, WAIT_MS, NULL, NULL);
  if (reply)
    g_variant_unref (reply);
}
