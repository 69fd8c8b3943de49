/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/link/await.h"

#include "common/names.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"
/* a{sv} of the instance. */
static GVariant *
get_properties (SbxService *service, const char *path, GError **error)
{
  g_autoptr (GVariant) reply =
      sbx_service_ask (service, path, PROPERTIES, "GetAll", g_variant_new ("(s)", SBX_INSTANCE_INTERFACE), error);

  return reply ? g_variant_get_child_value (reply, 0) : NULL;
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
