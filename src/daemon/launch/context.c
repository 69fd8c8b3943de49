/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/context.h"

#include "daemon/bounds.h"

gboolean
sbx_context_probe_again (SbxContext *self)
{
  if (g_get_monotonic_time () - self->host->probed_at < SBX_PROBE_AGAIN_SECONDS * G_USEC_PER_SEC)
    return FALSE;
  sbx_host_unref (self->host);
  self->host = sbx_host_probe ((const char *const *) self->environment);
  return TRUE;
}

SbxContext *
sbx_context_new (char **environment)
{
  SbxContext *self = g_new0 (SbxContext, 1);

  self->environment = environment;
  self->nofile = sbx_raise_nofile ();
  self->runtime = sbx_runtime_dir_new ((const char *const *) environment);
  self->slots = sbx_launch_slots_new (SBX_STARTING_PER_PROCESSOR * g_get_num_processors (), SBX_STARTING_PATIENCE_MS);
  self->authority = sbx_authority_new ();
  self->host = sbx_host_probe ((const char *const *) environment);
  return self;
}

void
sbx_context_free (SbxContext *self)
{
  g_clear_object (&self->authority);
  sbx_host_unref (self->host);
  sbx_launch_slots_free (self->slots);
  sbx_runtime_dir_free (self->runtime);
  g_strfreev (self->environment);
  g_free (self);
}
