/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/await.h"

#include "common/names.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"
#define RETRY_MS 100
#define RETRIES 50 /* a service that was killed is back by then, or will not come */

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

/* a{sv} of the instance, across a restart of the service. */
static GVariant *
get_properties (SbxService *service, const char *path, GError **error)
{
  for (guint tries = 0;; tries++) {
    g_autoptr (GError) problem = NULL;
    g_autoptr (GVariant) reply = sbx_service_call (service, path, PROPERTIES, "GetAll",
                                                   g_variant_new ("(s)", SBX_INSTANCE_INTERFACE), NULL, &problem);

    if (reply)
      return g_variant_get_child_value (reply, 0);
    if (tries == RETRIES || !may_pass (problem)) {
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
    g_usleep (RETRY_MS * 1000);
  }
}

static gboolean
take_result (GVariant *properties, GVariant **result)
{
  const char *state = "";

  g_variant_lookup (properties, "State", "&s", &state);
  if (!g_str_equal (state, "exited"))
    return FALSE;
  *result = g_variant_lookup_value (properties, "Result", G_VARIANT_TYPE_VARDICT);
  if (!*result)
    *result = g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));
  return TRUE;
}

SbxAwait
sbx_await_end (SbxService *service, const char *path, gint64 ms, GVariant **result, GError **error)
{
  gint64 until = g_get_monotonic_time () + ms * 1000;
  GError *problem = NULL;

  if (!sbx_service_watch (service, path, error))
    return SBX_AWAIT_ERROR;
  for (;;) {
    g_autoptr (GVariant) properties = get_properties (service, path, error);
    gint64 left = ms < 0 ? -1 : CLAMP ((until - g_get_monotonic_time () + 999) / 1000, 0, G_MAXINT);

    if (!properties)
      return SBX_AWAIT_ERROR;
    if (take_result (properties, result))
      return SBX_AWAIT_ENDED;
    if (sbx_service_wait_for_signal (service, (int) left, &problem))
      continue;
    if (!problem)
      return SBX_AWAIT_TIMEOUT;
    g_propagate_error (error, problem);
    return SBX_AWAIT_ERROR;
  }
}
