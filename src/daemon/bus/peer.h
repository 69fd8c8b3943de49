/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A private D-Bus connection to the one process that started us, instead of a bus. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Takes the connected stream socket @fd and authenticates its other end, which must have our uid. No message is handled
 * before g_dbus_connection_start_message_processing (). */
void sbx_peer_connect_async (int fd, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
GDBusConnection *sbx_peer_connect_finish (GAsyncResult *result, GError **error);

G_END_DECLS
