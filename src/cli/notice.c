/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/notice.h"

#include "cli/link/connection.h"
#include "common/session-bus.h"

#define NAME "org.freedesktop.Notifications"
#define PATH "/org/freedesktop/Notifications"
#define WAIT_MS 3000

/* Until the question is answered: who leaves a bus before has asked nothing. */
static void
wait_for (SbxConnection *bus, guint32 serial)
{
  gint64 until = g_get_monotonic_time () + WAIT_MS * G_TIME_SPAN_MILLISECOND;

  while (serial != 0) {
    gint64 left = (until - g_get_monotonic_time ()) / G_TIME_SPAN_MILLISECOND;
    g_autoptr (SbxBusMessage) message = left > 0 ? sbx_connection_receive (bus, (int) left, NULL) : NULL;

    if (!message || message->reply_serial == serial)
      return;
  }
}

void
sbx_notice_show (const char *title, const char *text)
{
  g_autofree char *address = sbx_session_bus_find ();
  g_autoptr (SbxConnection) bus = address ? sbx_connection_new_for_address (address, NULL) : NULL;
  g_autofree char *body = g_markup_escape_text (text, -1); /* the body may be markup (Desktop Notifications 1.2) */
  g_autoptr (SbxBusMessage) message = NULL;
  GVariantBuilder hints;

  if (!bus)
    return;
  g_variant_builder_init (&hints, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&hints, "{sv}", "urgency", g_variant_new_byte (1));
  message = sbx_bus_message_new_call (
      NAME, PATH, NAME, "Notify",
      g_variant_new ("(susssasa{sv}i)", "sandboxctl", 0, "dialog-warning", title, body, NULL, &hints, -1));
  wait_for (bus, sbx_connection_send (bus, message, NULL, NULL));
}
