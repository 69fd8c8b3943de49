/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/instances.h"
#include "cli/link/await.h"
#include "cli/link/bus-error.h"
#include "cli/verbs/functions.h"
#include "common/error.h"

#define MAX_GRACE 86400.0

/* Stopping what has ended already is no error: that was wanted. Of what has ended only so many are kept
 * (daemon/bounds.h), so when many are stopped, one that was there may have no object any more. */
static gboolean
is_over (const GError *error)
{
  return g_error_matches (error, SBX_BUS_ERROR, SBX_BUS_ERROR_UNKNOWN_METHOD)
         || g_error_matches (error, SBX_ERROR, SBX_ERROR_EXITED);
}

static gboolean
begin_to_stop (SbxService *service, const SbxInstanceInfo *info, guint32 grace_ms, GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (GVariant) reply = NULL;

  if (sbx_instance_has_ended (info))
    return TRUE;
  reply = sbx_service_call (service, info->path, SBX_INSTANCE_INTERFACE, "Stop", g_variant_new ("(u)", grace_ms), NULL,
                            &problem);
  if (!reply && !is_over (problem)) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  return TRUE;
}

/* All of them have the same time. */
static int
stop_all (SbxService *service, GPtrArray *chosen, guint32 grace_ms)
{
  int status = 0;

  for (guint i = 0; i < chosen->len; i++) {
    g_autoptr (GError) error = NULL;

    if (begin_to_stop (service, g_ptr_array_index (chosen, i), grace_ms, &error))
      continue;
    status = sbx_fail_error (error);
    g_ptr_array_remove_index (chosen, i--);
  }
  for (guint i = 0; i < chosen->len; i++) {
    const SbxInstanceInfo *info = g_ptr_array_index (chosen, i);
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) result = NULL;

    if (!sbx_instance_has_ended (info) && sbx_await_end (service, info->path, -1, &result, &error) != SBX_AWAIT_ENDED
        && !is_over (error))
      status = sbx_fail_error (error);
  }
  return status;
}

/* All that have not ended. */
static GPtrArray *
choose_all (SbxService **service, GPtrArray **instances, GError **error)
{
  *service = sbx_service_open (error);
  if (*service)
    *instances = sbx_instances_list_brief (*service, error);
  return *instances ? g_ptr_array_ref (*instances) : NULL;
}

int
sbx_cmd_stop (SbxCommand *command)
{
  double grace = 10;
  gboolean all = FALSE;
  const GOptionEntry entries[] = {
    { "grace", 0, 0, G_OPTION_ARG_DOUBLE, &grace, N_ ("Time between SIGTERM and SIGKILL (default: 10)"),
      N_ ("SECONDS") },
    { "all", 'a', 0, G_OPTION_ARG_NONE, &all, N_ ("All that run"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (SbxService) service = NULL;
  g_autoptr (GPtrArray) instances = NULL, chosen = NULL;
  g_autoptr (GError) error = NULL;
  int status = 0;

  if (!sbx_parse (command, entries, NULL, _ ("SANDBOX…"),
                  _ ("Ends sandboxes: SIGTERM to the application, then SIGKILL to all that is left. Returns when they "
                     "have ended."),
                  &status))
    return status;
  if (all && command->argc > 1)
    return sbx_fail (_ ("stop --all takes no sandbox, and \"%s\" is one"), command->argv[1]);
  if (!all && command->argc < 2)
    return sbx_fail (_ ("stop takes at least one sandbox, or --all; `sandboxctl ps` lists them"));
  if (!(grace >= 0 && grace <= MAX_GRACE))
    return sbx_fail (_ ("--grace takes a number of seconds, from 0 to %d"), (int) MAX_GRACE);
  chosen = all ? choose_all (&service, &instances, &error)
               : sbx_instances_open_all (command->argv + 1, &service, &instances, &error);
  return chosen ? stop_all (service, chosen, (guint32) (grace * 1000)) : sbx_fail_error (error);
}
