/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus/peer.h"

#include <fcntl.h>
#include <gio/gunixconnection.h>

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_finish (result, &error);

  if (connection)
    g_task_return_pointer (task, connection, g_object_unref);
  else
    g_task_return_error (task, error);
}

void
sbx_peer_connect_async (int fd, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GSocketConnection) stream = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autofree char *guid = g_dbus_generate_guid ();
  GError *error = NULL;

  if (fcntl (fd, F_SETFD, FD_CLOEXEC) == 0)
    socket = g_socket_new_from_fd (fd, &error);
  else
    error = g_error_new (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "descriptor %d is not open", fd);
  if (!socket) {
    g_task_return_error (task, error);
    return;
  }
  stream = g_socket_connection_factory_create_connection (socket);
  g_dbus_connection_new (G_IO_STREAM (stream), guid,
                         G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER
                             | G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_REQUIRE_SAME_USER
                             | G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                         NULL, cancellable, on_connected, g_steal_pointer (&task));
}

GDBusConnection *
sbx_peer_connect_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
