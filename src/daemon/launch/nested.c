/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/nested.h"

#include "common/error.h"
#include "daemon/bounds.h"
#include "daemon/instances/lineage.h"
#include "daemon/launch/running.h"

#define ORPHAN_GRACE_MS 3000

gboolean
sbx_nested_has_room (SbxRegistry *registry, SbxInstance *own, GError **error)
{
  g_autoptr (GPtrArray) live = sbx_registry_list_live (registry);
  SbxInstance *top = sbx_lineage_get_top (registry, own);
  guint n = 0;

  if (sbx_instance_get_state (own) != SBX_STATE_RUNNING)
    return sbx_throw (error, SBX_ERROR_EXITED, "the calling sandbox has ended");
  if (sbx_instance_get_info (own)->parent != 0 && !sbx_instance_get_info (own)->nested)
    return sbx_throw (error, SBX_ERROR_NOT_AUTHORIZED, "a handler may not start anything beside itself");
  for (guint i = 0; i < live->len; i++)
    n += sbx_lineage_is_below (registry, top, g_ptr_array_index (live, i));
  return n < SBX_MAX_NESTED
         || sbx_throw (error, SBX_ERROR_LIMITS,
                       "this application has %d sandboxes below it, which is the limit; stop some of them first",
                       SBX_MAX_NESTED);
}

gboolean
sbx_nested_stay_within (SbxLaunchRequest *request, SbxInstance *own, const SbxPlaces *places, const SbxPolicy *policy,
                        GError **error)
{
  if (!sbx_launch_request_set_within (request, sbx_instance_get_info (own), places, error))
    return FALSE;
  return !policy || sbx_policy_leq (policy, request->within)
         || sbx_throw (error, SBX_ERROR_POLICY_EXCEEDED,
                       "something was taken away from the calling sandbox while this was being started; nothing was "
                       "started. Try again, and it is held against what there is now");
}

void
sbx_nested_stop_orphan (SbxRegistry *registry, SbxInstance *instance)
{
  SbxMessage message = { .type = SBX_MSG_STOP, .value = ORPHAN_GRACE_MS };
  SbxInstance *starter = sbx_lineage_get_starter (registry, instance);
  g_autoptr (GError) error = NULL;

  if (!sbx_instance_get_info (instance)->nested || sbx_instance_get_state (instance) != SBX_STATE_RUNNING
      || (starter && sbx_instance_get_state (starter) != SBX_STATE_EXITED))
    return;
  /* One whose keeper has gone is ending already */
  if (!sbx_instance_send (instance, &message, NULL, 0, &error) && !g_error_matches (error, SBX_ERROR, SBX_ERROR_EXITED))
    g_warning ("%s stays although its parent has ended: %s", sbx_instance_get_path (instance), error->message);
}
