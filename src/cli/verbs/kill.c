/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "cli/instances.h"
#include "cli/signal-names.h"
#include "cli/verbs/functions.h"
#include "common/error.h"

static gboolean
kill_one (SbxService *service, const SbxInstanceInfo *info, int signo, GError **error)
{
  g_autoptr (GVariant) reply = NULL;

  if (sbx_instance_has_ended (info))
    return sbx_throw (error, SBX_ERROR_EXITED, _ ("the sandbox %s has ended; there is nobody to send a signal to"),
                      info->id);
  reply = sbx_service_call (service, info->path, SBX_INSTANCE_INTERFACE, "Signal", g_variant_new ("(i)", signo), NULL,
                            error);
  return reply != NULL;
}

int
sbx_cmd_kill (SbxCommand *command)
{
  g_autofree char *name = NULL;
  const GOptionEntry entries[] = {
    { "signal", 's', 0, G_OPTION_ARG_STRING, &name, N_ ("By name or number (default: TERM)"), N_ ("SIGNAL") },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GPtrArray) instances = NULL, chosen = NULL;
  g_autoptr (GError) error = NULL;
  int status = 0, signo;

  if (!sbx_parse (command, entries, NULL, _ ("SANDBOX…"), _ ("Sends a signal to the main process of sandboxes."),
                  &status))
    return status;
  if (command->argc < 2)
    return sbx_fail (_ ("kill takes at least one sandbox; `sandboxctl ps` lists them"));
  signo = sbx_signal_from_name (name ? name : "TERM");
  if (signo < 0)
    return sbx_fail (
        _ ("there is no signal \"%s\"; name one like TERM, KILL, USR1 or RTMIN+1, or a number from 1 to %d"), name,
        SIGRTMAX);
  chosen = sbx_instances_open_all (command->argv + 1, &service, &instances, &error);
  if (!chosen)
    return sbx_fail_error (error);
  for (guint i = 0; i < chosen->len; i++) {
    g_autoptr (GError) problem = NULL;

    if (!kill_one (service, g_ptr_array_index (chosen, i), signo, &problem))
      status = sbx_fail_error (problem);
  }
  return status;
}
