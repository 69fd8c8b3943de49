/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/instances.h"
#include "cli/link/await.h"
#include "cli/verbs/functions.h"

#define MAX_TIMEOUT 31536000.0 /* a year */

/* TRUE: *@status is the application's, or that of the wait itself, which has been told. FALSE: time is up. */
static gboolean
wait_for (SbxService *service, const SbxInstanceInfo *info, gint64 ms, int *status)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) result = NULL;
  g_autofree char *problem = NULL;
  SbxAwait outcome = sbx_await_end (service, info->path, ms, &result, &error);

  if (outcome == SBX_AWAIT_TIMEOUT)
    return FALSE;
  if (outcome == SBX_AWAIT_ERROR) {
    *status = sbx_fail_error (error);
    return TRUE;
  }
  *status = sbx_instance_exit_status (result, &problem);
  if (problem)
    sbx_fail ("%s", problem);
  return TRUE;
}

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
  g_autoptr (GPtrArray) instances = NULL, chosen = NULL;
  g_autoptr (GError) error = NULL;
  gint64 until;
  int status;

  if (!sbx_parse (
          command, entries, NULL, _ ("SANDBOX…"),
          _ ("Waits for sandboxes to end and takes the exit status of the application in the last one that is named."),
          &status))
    return status;
  if (command->argc < 2)
    return sbx_fail (_ ("wait takes at least one sandbox; `sandboxctl ps` lists them"));
  if (timeout != -1 && !(timeout >= 0 && timeout <= MAX_TIMEOUT))
    return sbx_fail (_ ("--timeout takes a number of seconds, from 0 to a year"));
  until = g_get_monotonic_time () + (gint64) (timeout * G_USEC_PER_SEC);
  chosen = sbx_instances_open_all (command->argv + 1, &service, &instances, &error);
  if (!chosen)
    return sbx_fail_error (error);
  for (guint i = 0; i < chosen->len; i++) {
    const SbxInstanceInfo *info = g_ptr_array_index (chosen, i);
    gint64 left = MAX ((until - g_get_monotonic_time () + 999) / 1000, 0);

    if (!wait_for (service, info, timeout < 0 ? -1 : left, &status)) {
      sbx_fail (_ ("the sandbox %s has not ended within %g seconds"), info->id, timeout);
      return SBX_EXIT_TIMEOUT;
    }
  }
  return status;
}
