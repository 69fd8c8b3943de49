/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the call of Launch or Attach to a plan. */
#include <string.h>

#include "daemon/bounds.h"
#include "daemon/launch/launch-private.h"
#include "daemon/launch/scope.h"
#include "plan/environment.h"

SbxInstance *
sbx_launch_get_within (const SbxLaunch *launch)
{
  return launch->subject ? launch->subject->own : NULL;
}

gboolean
sbx_launch_wants_scope (const SbxLaunch *launch)
{
  return launch->context->bus && sbx_scope_is_wanted (launch->choice->policy);
}

void
sbx_launch_forget_call (SbxLaunch *launch)
{
  g_clear_pointer (&launch->profile, g_free);
  g_clear_pointer (&launch->crash_directory, g_free);
  g_clear_pointer (&launch->argv, g_variant_unref);
  g_clear_pointer (&launch->options, g_variant_unref);
  g_clear_object (&launch->fds);
}

/* For what it starts in turn: of the caller's variables those that a plan looks at, since they go to a file. What is
 * too much to be kept is nothing, and not the service's own. */
static char **
keep_display (const SbxLaunchRequest *request, const SbxPolicy *policy)
{
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (g_free);
  gsize size = 0;

  if (!request->display_env)
    return NULL;
  for (char **row = request->display_env; *row; row++) {
    g_autofree char *name = g_strndup (*row, strcspn (*row, "="));

    if (!sbx_plan_looks_at (policy, name))
      continue;
    size += strlen (*row);
    g_ptr_array_add (kept, g_strdup (*row));
  }
  if (size > SBX_DISPLAY_KEPT)
    g_ptr_array_set_size (kept, 0);
  g_ptr_array_add (kept, NULL);
  return (char **) g_ptr_array_steal (kept, NULL);
}

SbxInfo *
sbx_launch_make_info (guint64 id, SbxChoice *choice, const SbxLaunchRequest *request, SbxInstance *parent)
{
  SbxInfo *info = g_new0 (SbxInfo, 1);
  gboolean limited = FALSE;

  for (int i = 0; i < SBX_N_LIMITS; i++)
    limited = limited || (i != SBX_LIMIT_CPU && sbx_policy_get_limit (choice->policy, (SbxLimit) i) != SBX_LIMIT_NONE);
  info->id = id;
  info->parent = parent ? sbx_instance_get_id (parent) : 0;
  info->nested = request->within != NULL;
  info->display = keep_display (request, choice->policy);
  info->app_id = g_strdup (choice->app_id);
  info->profile = g_strdup (sbx_profile_get_name (choice->profile));
  info->command = g_variant_ref_sink (sbx_command_to_variant ((const char *const *) choice->argv));
  info->policy = g_variant_ref_sink (sbx_policy_to_variant (choice->policy));
  info->warnings = g_strdupv ((char **) sbx_plan_get_warnings (choice->plan));
  info->limits = g_strdup (limited ? "rlimit" : "none");
  info->on_crash = g_strdup (choice->on_crash ? choice->on_crash : "");
  return info;
}

/* The number of the process @pid in its own pid namespace: the last one of NSpid in /proc/PID/status (proc(5)). It is
 * only told to people and programs; 0 when it cannot be had. */
static guint
pid_inside (gint32 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", pid), *text = NULL;
  const char *line, *end, *word;

  if (!g_file_get_contents (path, &text, NULL, NULL) || !(line = strstr (text, "\nNSpid:")))
    return 0;
  end = strchr (line + 1, '\n');
  word = end ? end : line + strlen (line);
  while (word > line && g_ascii_isdigit (word[-1]))
    word--;
  return (guint) g_ascii_strtoull (word, NULL, 10);
}

static void
describe_target (SbxLaunch *launch)
{
  launch->request->handler = TRUE;
  launch->request->target_enforced = sbx_instance_get_enforced (launch->target);
  launch->request->target_pid =
      launch->target_pid != 0 ? launch->target_pid : pid_inside (sbx_instance_get_pid (launch->target));
  launch->request->crash_directory = g_steal_pointer (&launch->crash_directory);
}

gboolean
sbx_launch_choose (SbxLaunch *launch, GError **error)
{
  SbxInstance *within = sbx_launch_get_within (launch);

  launch->request =
      sbx_launch_request_new (launch->argv, launch->options, launch->target ? sbx_attach_options : sbx_launch_options,
                              launch->fds, TRUE, error);
  launch->id = sbx_registry_new_id (launch->registry);
  if (launch->request)
    sbx_id_format (launch->id, launch->request->id);
  if (launch->request && launch->target)
    describe_target (launch);
  if (launch->request
      && (!within
          || sbx_launch_request_set_within (launch->request, sbx_instance_get_info (within), launch->context, error)))
    launch->choice = sbx_choice_new (launch->context, launch->profile, launch->request, NULL, error);
  sbx_launch_forget_call (launch);
  return launch->choice != NULL;
}
