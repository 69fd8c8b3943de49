/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The methods of org.example.Sandbox.Instance. */
#include <unistd.h>

#include "common/error.h"
#include "common/names.h"
#include "daemon/bus/functions.h"
#include "daemon/launch/choice.h"
#include "daemon/launch/launch.h"
#include "plan/blocks.h"

#define MAX_SIGNAL 64

static void
on_executed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SbxCall *call = user_data;
  GError *error = NULL;
  pid_t pid = sbx_instance_exec_finish (SBX_INSTANCE (source), result, &error);

  if (error)
    sbx_call_fail (call, error);
  else
    sbx_call_return (call, g_variant_new ("(u)", (guint32) pid));
}

/* The block of EXEC, a descriptor, or -1. */
static int
write_block (SbxCall *call, const SbxLaunchRequest *request, GError **error)
{
  const SbxInfo *info = sbx_instance_get_info (call->instance);
  g_autoptr (SbxProcess) process =
      sbx_launch_request_make_process (sbx_call_get_context (call)->host, request, info, error);

  return process ? sbx_process_write_exec (process, g_str_equal (info->limits, "scope"), request->targets,
                                           request->n_fds, error)
                 : -1;
}

static gboolean
check_runs (SbxCall *call, GError **error)
{
  if (sbx_instance_get_state (call->instance) == SBX_STATE_RUNNING)
    return TRUE;
  return sbx_throw (error, SBX_ERROR_EXITED, "the instance %016" G_GINT64_MODIFIER "x has ended",
                    sbx_instance_get_id (call->instance));
}

void
sbx_method_exec (SbxCall *call)
{
  GDBusMessage *message = g_dbus_method_invocation_get_message (call->invocation);
  GVariant *parameters = g_dbus_method_invocation_get_parameters (call->invocation);
  g_autoptr (GVariant) argv = g_variant_get_child_value (parameters, 0);
  g_autoptr (GVariant) options = g_variant_get_child_value (parameters, 1);
  GError *error = NULL;
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (SbxLaunchRequest) request = NULL;
  int block = -1;

  if (check_runs (call, &error))
    request = sbx_launch_request_new (argv, options, sbx_exec_options, g_dbus_message_get_unix_fd_list (message), TRUE,
                                      &error);
  if (request)
    block = write_block (call, request, &error);
  if (block < 0) {
    sbx_call_fail (call, error);
    return;
  }
  g_array_append_val (fds, block);
  if (request->lifeline >= 0)
    g_array_append_val (fds, request->lifeline);
  if (request->n_fds > 0)
    g_array_append_vals (fds, request->fds, (guint) request->n_fds);
  sbx_instance_exec_async (call->instance, (const int *) (gpointer) fds->data, fds->len, request->lifeline >= 0,
                           request->argv[0], on_executed, call);
  close (block);
}

static void
send_plain (SbxCall *call, const SbxMessage *message)
{
  GError *error = NULL;

  if (check_runs (call, &error) && sbx_instance_send (call->instance, message, NULL, 0, &error))
    sbx_call_return (call, NULL);
  else
    sbx_call_fail (call, error);
}

void
sbx_method_signal (SbxCall *call)
{
  SbxMessage message = { .type = SBX_MSG_SIGNAL };
  GError *error = NULL;

  g_variant_get (g_dbus_method_invocation_get_parameters (call->invocation), "(i)", &message.value);
  if (message.value >= 1 && message.value <= MAX_SIGNAL) {
    send_plain (call, &message);
    return;
  }
  sbx_throw (&error, SBX_ERROR_BAD_OPTION, "signal %d is not one of 1 … %d", message.value, MAX_SIGNAL);
  sbx_call_fail (call, error);
}

void
sbx_method_stop (SbxCall *call)
{
  SbxMessage message = { .type = SBX_MSG_STOP };
  guint32 grace;

  g_variant_get (g_dbus_method_invocation_get_parameters (call->invocation), "(u)", &grace);
  message.value = (int32_t) MIN (grace, G_MAXINT32);
  send_plain (call, &message);
}

static void
on_attached (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SbxCall *call = user_data;
  GError *error = NULL;
  g_autoptr (SbxInstance) handler = sbx_launch_finish (result, &error);

  if (handler)
    sbx_call_return (call, g_variant_new ("(o)", sbx_instance_get_path (handler)));
  else
    sbx_call_fail (call, error);
}

void
sbx_method_attach (SbxCall *call)
{
  GVariant *parameters = g_dbus_method_invocation_get_parameters (call->invocation);
  g_autoptr (GVariant) argv = g_variant_get_child_value (parameters, 1);
  g_autoptr (GVariant) options = g_variant_get_child_value (parameters, 2);
  SbxLaunchCall launch_call = { .argv = argv,
                                .options = options,
                                .fds = g_dbus_message_get_unix_fd_list (
                                    g_dbus_method_invocation_get_message (call->invocation)),
                                .interactive = sbx_call_is_interactive (call),
                                .target = call->instance };

  g_variant_get_child (parameters, 0, "&s", &launch_call.profile);
  sbx_launch_async (sbx_call_get_context (call), sbx_call_get_registry (call), call->subject, &launch_call, on_attached,
                    call);
}
