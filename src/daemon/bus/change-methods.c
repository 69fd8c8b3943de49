/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The methods of org.example.Sandbox.Instance that change what a running one may reach. */
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/names.h"
#include "daemon/bus/functions.h"
#include "daemon/instances/keeper-requests.h"
#include "daemon/launch/narrowing.h"
#include "daemon/launch/running.h"

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

/* aa{sv}, floating, of what a keeper says that processes have open. */
static GVariant *
describe_held (GBytes *held)
{
  gsize n;
  const char *at = g_bytes_get_data (held, &n), *pid, *what, *path;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  while (n > 0 && (pid = take_string (&at, &n)) && (what = take_string (&at, &n)) && (path = take_string (&at, &n))) {
    g_variant_builder_open (&builder, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&builder, "{sv}", "pid", g_variant_new_uint32 ((guint32) g_ascii_strtoull (pid, NULL, 10)));
    g_variant_builder_add (&builder, "{sv}", "what", g_variant_new_string (what));
    if (path[0])
      g_variant_builder_add (&builder, "{sv}", "path", g_variant_new_bytestring (path));
    g_variant_builder_close (&builder);
  }
  return g_variant_builder_end (&builder);
}

static void
on_restricted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SbxCall *call = user_data;
  GError *error = NULL;
  g_autoptr (GBytes) held = sbx_instance_change_finish (SBX_INSTANCE (source), result, &error);

  if (held)
    sbx_call_return (call, g_variant_new ("(@aa{sv})", describe_held (held)));
  else
    sbx_call_fail (call, error);
}

void
sbx_method_restrict (SbxCall *call)
{
  const SbxInfo *info = sbx_instance_get_info (call->instance);
  g_autoptr (GVariant) groups =
      g_variant_get_child_value (g_dbus_method_invocation_get_parameters (call->invocation), 0);
  guint32 pid = (guint32) sbx_caller_get_pid (call->subject->caller);
  GError *error = NULL;
  g_autoptr (SbxNarrowingPlan) plan =
      sbx_call_check_change (call, &error)
          ? sbx_narrowing_plan_new (sbx_call_get_context (call)->host, info, groups, &error)
          : NULL;
  g_autoptr (GVariant) policy = NULL, restrictions = NULL;
  SbxInfo next = *info;
  int block;

  if (!plan) {
    sbx_call_fail (call, error);
    return;
  }
  if (plan->taken->len == 0) { /* it has no more than that already */
    sbx_call_return (call, g_variant_new ("(@aa{sv})", g_variant_new ("aa{sv}", NULL)));
    return;
  }
  policy = g_variant_ref_sink (sbx_policy_to_variant (plan->policy));
  restrictions = sbx_running_append (info->restrictions, sbx_narrowing_plan_describe (plan, pid));
  next.policy = policy;
  next.restrictions = restrictions;
  block = sbx_running_write_change (&next, plan->rows, NULL, 0, &error);
  if (block < 0) {
    sbx_call_fail (call, error);
    return;
  }
  sbx_instance_change_async (call->instance, block, on_restricted, call);
  close (block);
}
