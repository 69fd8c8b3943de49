/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/await.h"

#include <string.h>

#include "common/names.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"
#define RETRY_MS 100
#define RETRIES 50 /* a service that was killed is back by then, or will not come */

typedef struct {
  SbxService *service;
  const char *path;
  GMainLoop *loop;
  guint retry, retries;
  gboolean asking, ask_again;
  GVariant *result;
  GError *error;
  SbxAwait outcome;
} Wait;

static void ask (Wait *self);

static void
finish (Wait *self, SbxAwait outcome)
{
  self->outcome = outcome;
  g_main_loop_quit (self->loop);
}

static gboolean
on_retry (gpointer user_data)
{
  Wait *self = user_data;

  self->retry = 0;
  ask (self);
  return G_SOURCE_REMOVE;
}

/* Errors that speak of the way to the service, not of the instance. */
static gboolean
may_pass (const GError *error)
{
  return g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_DISCONNECTED)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SPAWN_CHILD_SIGNALED)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SPAWN_CHILD_EXITED);
}

static void
take_properties (Wait *self, GVariant *reply)
{
  g_autoptr (GVariant) properties = g_variant_get_child_value (reply, 0);
  const char *state = "";

  self->retries = 0;
  g_variant_lookup (properties, "State", "&s", &state);
  if (strcmp (state, "exited") == 0) {
    self->result = g_variant_lookup_value (properties, "Result", G_VARIANT_TYPE_VARDICT);
    if (!self->result)
      self->result = g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));
    finish (self, SBX_AWAIT_ENDED);
  } else if (self->ask_again) {
    ask (self);
  }
}

static void
on_properties (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Wait *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = sbx_service_call_finish (SBX_SERVICE (source), result, &error);

  self->asking = FALSE;
  if (reply) {
    take_properties (self, reply);
  } else if (may_pass (error) && self->retries++ < RETRIES) {
    if (self->retry == 0)
      self->retry = g_timeout_add (RETRY_MS, on_retry, self);
  } else {
    self->error = g_steal_pointer (&error);
    finish (self, SBX_AWAIT_ERROR);
  }
}

static void
ask (Wait *self)
{
  self->ask_again = self->asking;
  if (self->asking)
    return;
  self->asking = TRUE;
  sbx_service_call_async (self->service, self->path, PROPERTIES, "GetAll",
                          g_variant_new ("(s)", SBX_INSTANCE_INTERFACE), NULL, on_properties, self);
}

static void
on_signal (GDBusConnection *connection, const char *sender, const char *path, const char *interface, const char *signal,
           GVariant *parameters, gpointer user_data)
{
  ask (user_data);
}

static gboolean
on_timeout (gpointer user_data)
{
  finish (user_data, SBX_AWAIT_TIMEOUT);
  return G_SOURCE_CONTINUE;
}

SbxAwait
sbx_await_end (SbxService *service, const char *path, gint64 ms, GVariant **result, GError **error)
{
  Wait self = { .service = service, .path = path };
  GDBusConnection *connection = sbx_service_get_connection (service);
  const char *name = sbx_service_get_name (service);
  guint timeout = ms >= 0 ? g_timeout_add ((guint) MIN (ms, G_MAXINT), on_timeout, &self) : 0, of_instance,
        of_owner = 0;

  self.loop = g_main_loop_new (NULL, FALSE);
  of_instance = g_dbus_connection_signal_subscribe (connection, name, NULL, NULL, path, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
                                                    on_signal, &self, NULL);
  if (name)
    of_owner = g_dbus_connection_signal_subscribe (connection, "org.freedesktop.DBus", "org.freedesktop.DBus",
                                                   "NameOwnerChanged", "/org/freedesktop/DBus", name,
                                                   G_DBUS_SIGNAL_FLAGS_NONE, on_signal, &self, NULL);
  ask (&self);
  g_main_loop_run (self.loop);
  while (self.asking) /* its answer would come to a frame that is gone */
    g_main_context_iteration (NULL, TRUE);
  g_dbus_connection_signal_unsubscribe (connection, of_instance);
  if (of_owner)
    g_dbus_connection_signal_unsubscribe (connection, of_owner);
  g_clear_handle_id (&timeout, g_source_remove);
  g_clear_handle_id (&self.retry, g_source_remove);
  g_main_loop_unref (self.loop);
  if (self.outcome == SBX_AWAIT_ENDED)
    *result = self.result;
  else
    g_clear_pointer (&self.result, g_variant_unref);
  if (self.outcome == SBX_AWAIT_ERROR)
    g_propagate_error (error, self.error);
  else
    g_clear_error (&self.error);
  return self.outcome;
}
