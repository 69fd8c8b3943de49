/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The methods of org.example.Sandbox.Instance. */
#include "common/error.h"
#include "common/names.h"
#include "daemon/bus/functions.h"
#include "daemon/instances/keeper-requests.h"
#include "daemon/launch/exec.h"
#include "daemon/launch/launch.h"
#include "policy/options.h"
#include "wire/block.h"

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

void
sbx_method_exec (SbxCall *call)
{
  GDBusMessage *message = g_dbus_method_invocation_get_message (call->invocation);
  GVariant *parameters = g_dbus_method_invocation_get_parameters (call->invocation);
  g_autoptr (GVariant) argv = g_variant_get_child_value (parameters, 0);
  g_autoptr (GVariant) options = g_variant_get_child_value (parameters, 1);
  GError *error = NULL;
  g_autoptr (SbxLaunchRequest) request = NULL;

  if (sbx_call_check_runs (call, &error))
    request = sbx_launch_request_new (argv, options, sbx_exec_options, g_dbus_message_get_unix_fd_list (message), TRUE,
                                      &error);
  if (!request
      || !sbx_launch_request_exec (request, sbx_call_get_context (call)->host, call->instance, 0, on_executed, call,
                                   &error))
    sbx_call_fail (call, error);
}

static void
send_plain (SbxCall *call, const SbxMessage *message)
{
  GError *error = NULL;

  if (sbx_call_check_runs (call, &error) && sbx_instance_send (call->instance, message, NULL, 0, &error))
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

static void
on_procfs (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SbxCall *call = user_data;
  GError *error = NULL;
  int fd = sbx_instance_get_procfs_finish (SBX_INSTANCE (source), result, &error);

  if (fd >= 0)
    sbx_call_return_fd (call, fd);
  else
    sbx_call_fail (call, error);
}

/* The flag that @word is for the option @key; none said, or the kernel's default: 0. */
static gboolean
add_flag (const char *key, const char *word, guint32 *flags, GError **error)
{
  static const struct {
    const char *key, *word;
    guint32 flag;
  } rows[] = {
    { "hidepid", "off", 0 },
    { "hidepid", "noaccess", SBX_PROCFS_NO_ACCESS },
    { "hidepid", "invisible", SBX_PROCFS_INVISIBLE },
    { "hidepid", "ptraceable", SBX_PROCFS_PTRACEABLE },
    { "subset", "all", 0 },
    { "subset", "pid", SBX_PROCFS_SUBSET_PID },
  };
  g_autoptr (GString) words = g_string_new (NULL);

  for (gsize i = 0; word && i < G_N_ELEMENTS (rows); i++) {
    if (!g_str_equal (rows[i].key, key))
      continue;
    if (g_str_equal (rows[i].word, word)) {
      *flags |= rows[i].flag;
      return TRUE;
    }
    g_string_append_printf (words, "%s\"%s\"", words->len > 0 ? ", " : "", rows[i].word);
  }
  return !word
         || sbx_throw (error, SBX_ERROR_BAD_OPTION, "the option \"%s\" is none of %s: \"%.64s\"", key, words->str,
                       word);
}

/* Whether the pid namespace of @instance is that of its login session. A handler is in that of its target. */
static gboolean
shares_pids (SbxCall *call, SbxInstance *instance)
{
  const SbxInfo *info = sbx_instance_get_info (instance);
  SbxInstance *target = info->nested ? NULL : sbx_registry_lookup (sbx_call_get_registry (call), info->parent);
  g_autoptr (SbxPolicy) nothing = sbx_policy_new (), policy = NULL;

  policy = sbx_policy_merge_variant (nothing, sbx_instance_get_info (target ? target : instance)->policy,
                                     &sbx_call_get_context (call)->host->places, NULL);
  return !policy || sbx_policy_get_pidns (policy) == SBX_PIDNS_SESSION;
}

static gboolean
check_alone (SbxCall *call, GError **error)
{
  if (!shares_pids (call, call->instance))
    return TRUE;
  return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                    "it shares its pid namespace with other sandboxes (pidns=session), which a procfs of it would show "
                    "as well; attach a handler to look at its processes alone");
}

void
sbx_method_get_procfs (SbxCall *call)
{
  g_autoptr (GVariant) given =
      g_variant_get_child_value (g_dbus_method_invocation_get_parameters (call->invocation), 0);
  SbxOptions options = { 0 };
  guint32 flags = 0;
  GError *error = NULL;
  gboolean ok = sbx_call_check_runs (call, &error) && check_alone (call, &error)
                && sbx_options_read (given, sbx_procfs_options, &options, &error)
                && add_flag ("hidepid", options.hidepid, &flags, &error)
                && add_flag ("subset", options.subset, &flags, &error);

  sbx_options_clear (&options);
  if (ok)
    sbx_instance_get_procfs_async (call->instance, flags, on_procfs, call);
  else
    sbx_call_fail (call, error);
}
