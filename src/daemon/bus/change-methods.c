/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The methods of org.example.Sandbox.Instance that change what a running one may reach. */
#include <string.h>

#include "common/error.h"
#include "daemon/bus/functions.h"
#include "daemon/launch/restricting.h"

/* The next of @n bytes' strings, or NULL. */
static const char *
take_string (const char **at, gsize *n)
{
  const char *text = *at, *end = memchr (text, '\0', *n);

  if (!end)
    return NULL;
  *n -= (gsize) (end + 1 - text);
  *at = end + 1;
  return text;
}

/* Adds what @instance says that its processes have open; @other: it is not the one that was named. */
static void
describe_held (GVariantBuilder *rows, GBytes *held, SbxInstance *other)
{
  gsize n;
  const char *at = g_bytes_get_data (held, &n), *pid, *what, *path;

  while (n > 0 && (pid = take_string (&at, &n)) && (what = take_string (&at, &n)) && (path = take_string (&at, &n))) {
    g_variant_builder_open (rows, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (rows, "{sv}", "pid", g_variant_new_uint32 ((guint32) g_ascii_strtoull (pid, NULL, 10)));
    g_variant_builder_add (rows, "{sv}", "what", g_variant_new_string (what));
    if (path[0])
      g_variant_builder_add (rows, "{sv}", "path", g_variant_new_bytestring (path));
    if (other)
      g_variant_builder_add (rows, "{sv}", "instance", g_variant_new_object_path (sbx_instance_get_path (other)));
    g_variant_builder_close (rows);
  }
}

/* That one below the instance which was named has lost something too. */
static void
describe_below (GVariantBuilder *rows, SbxInstance *below)
{
  g_variant_builder_open (rows, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (rows, "{sv}", "pid", g_variant_new_uint32 ((guint32) sbx_instance_get_pid (below)));
  g_variant_builder_add (rows, "{sv}", "what", g_variant_new_string ("below"));
  g_variant_builder_add (rows, "{sv}", "instance", g_variant_new_object_path (sbx_instance_get_path (below)));
  g_variant_builder_close (rows);
}

/* aa{sv}, floating. */
static GVariant *
describe_all (const GArray *done, SbxInstance *named)
{
  GVariantBuilder rows;

  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < done->len; i++) {
    const SbxRestricted *one = &g_array_index (done, SbxRestricted, i);
    SbxInstance *other = one->instance == named ? NULL : one->instance;

    if (other)
      describe_below (&rows, other);
    describe_held (&rows, one->held, other);
  }
  return g_variant_builder_end (&rows);
}

static void
on_restricted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SbxCall *call = user_data;
  GError *error = NULL;
  g_autoptr (GArray) done = sbx_restrict_finish (SBX_INSTANCE (source), result, &error);

  if (done)
    sbx_call_return (call, g_variant_new ("(@aa{sv})", describe_all (done, SBX_INSTANCE (source))));
  else
    sbx_call_fail (call, error);
}

void
sbx_method_restrict (SbxCall *call)
{
  g_autoptr (GVariant) groups =
      g_variant_get_child_value (g_dbus_method_invocation_get_parameters (call->invocation), 0);
  guint32 pid = (guint32) sbx_caller_get_pid (call->subject->caller);
  GError *error = NULL;

  if (sbx_call_check_change (call, &error))
    sbx_restrict_async (call->instance, sbx_call_get_registry (call), sbx_call_get_context (call), groups, pid,
                        on_restricted, call);
  else
    sbx_call_fail (call, error);
}
