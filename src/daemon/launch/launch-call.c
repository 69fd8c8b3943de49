/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/launch-call.h"

#include "common/error.h"
#include "daemon/bounds.h"

void
sbx_launch_call_copy (SbxLaunchCall *call, const SbxLaunchCall *from)
{
  *call = *from;
  call->profile = g_strdup (from->profile);
  call->argv = g_variant_ref (from->argv);
  call->options = g_variant_ref (from->options);
  call->fds = from->fds ? g_object_ref (from->fds) : NULL;
  call->target = from->target ? g_object_ref (from->target) : NULL;
  call->crash_directory = g_strdup (from->crash_directory);
}

void
sbx_launch_call_clear (SbxLaunchCall *call)
{
  g_free ((char *) call->profile);
  g_clear_pointer (&call->argv, g_variant_unref);
  g_clear_pointer (&call->options, g_variant_unref);
  g_clear_object (&call->fds);
  g_clear_object (&call->target);
  g_free ((char *) call->crash_directory);
  *call = (SbxLaunchCall){ 0 };
}

gboolean
sbx_launch_call_may_queue (const SbxLaunchCall *call, SbxCaller *caller, GError **error)
{
  if (sbx_caller_get_pending (caller) >= SBX_MAX_PENDING_PER_CLIENT)
    return sbx_throw (error, SBX_ERROR_LIMITS,
                      "this client has %d launches under way, which is the limit; wait for some of them",
                      SBX_MAX_PENDING_PER_CLIENT);
  if (g_variant_get_size (call->argv) + g_variant_get_size (call->options) > SBX_MAX_CALL)
    return sbx_throw (error, SBX_ERROR_LIMITS,
                      "the command and the options have more than %u MiB; the kernel takes at most 6 MiB of arguments "
                      "and environment",
                      SBX_MAX_CALL >> 20);
  return TRUE;
}

gboolean
sbx_launch_call_check_target (const SbxLaunchCall *call, GError **error)
{
  if (!call->target || sbx_instance_get_state (call->target) == SBX_STATE_RUNNING)
    return TRUE;
  return sbx_throw (error, SBX_ERROR_EXITED, "the instance %016llx has ended",
                    (unsigned long long) sbx_instance_get_id (call->target));
}
