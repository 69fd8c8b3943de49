/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/await.h"
#include "cli/cli.h"
#include "cli/instances.h"

#define MAX_TIMEOUT 31536000.0 /* a year */

int
sbx_cmd_wait (SbxCommand *command)
{
  double timeout = -1;
  const GOptionEntry entries[] = {
    { "timeout", 0, 0, G_OPTION_ARG_DOUBLE, &timeout, N_ ("Give up after this long, with exit status 124"),
      N_ ("SECONDS") },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GPtrArray) instances = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) result = NULL;
  g_autofree char *problem = NULL;
  const SbxInstanceInfo *info;
  SbxAwait outcome;
  int status;

  if (!sbx_parse (command, entries, NULL, _ ("SANDBOX"),
                  _ ("Waits for a sandbox to end and takes its application's exit status."), &status))
    return status;
  if (command->argc != 2)
    return sbx_fail (_ ("wait takes one sandbox; `sandboxctl ps` lists them"));
  if (timeout != -1 && !(timeout >= 0 && timeout <= MAX_TIMEOUT))
    return sbx_fail (_ ("--timeout takes a number of seconds, from 0 to a year"));
  info = sbx_instances_open (command->argv[1], &service, &instances, &error);
  if (!info)
    return sbx_fail_error (error);
  outcome = sbx_await_end (service, info->path, timeout < 0 ? -1 : (gint64) (timeout * 1000), &result, &error);
  if (outcome == SBX_AWAIT_ERROR)
    return sbx_fail_error (error);
  if (outcome == SBX_AWAIT_TIMEOUT) {
    sbx_fail (_ ("the sandbox %s has not ended within %g seconds"), info->id, timeout);
    return SBX_EXIT_TIMEOUT;
  }
  status = sbx_instance_exit_status (result, &problem);
  if (problem)
    sbx_fail ("%s", problem);
  return status;
}
