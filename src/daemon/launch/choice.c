/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is kept of a choice. */
#include <string.h>

#include "daemon/bounds.h"
#include "daemon/launch/request.h"
#include "plan/environment.h"

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
sbx_choice_make_info (const SbxChoice *choice, const SbxLaunchRequest *request, guint64 id, SbxInstance *parent)
{
  SbxInfo *info = g_new0 (SbxInfo, 1);
  gboolean limited = FALSE;

  for (int i = 0; i < SBX_N_LIMITS; i++)
    limited = limited || (i != SBX_LIMIT_CPU && sbx_policy_get_limit (choice->policy, (SbxLimit) i) != SBX_LIMIT_NONE);
  info->id = id;
  info->parent = parent ? sbx_instance_get_id (parent) : 0;
  info->nested = request->within != NULL;
  info->display = keep_display (request, choice->policy);
  info->offers = sbx_offers_ref (sbx_plan_get_box (choice->plan)->offers);
  info->app_id = g_strdup (choice->app_id);
  info->profile = g_strdup (sbx_profile_get_name (choice->profile));
  info->command = g_variant_ref_sink (sbx_command_to_variant ((const char *const *) choice->argv));
  info->policy = g_variant_ref_sink (sbx_policy_to_variant (choice->policy));
  info->warnings = g_strdupv ((char **) sbx_plan_get_warnings (choice->plan));
  info->limits = g_strdup (limited ? "rlimit" : "none");
  info->on_crash = g_strdup (choice->on_crash ? choice->on_crash : "");
  return info;
}
