/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/context.h"

#include <unistd.h>

#include "common/names.h"
#include "daemon/bounds.h"
#include "daemon/launch/boxes.h"
#include "daemon/launch/pressure.h"

gboolean
sbx_context_probe_again (SbxContext *self)
{
  if (g_get_monotonic_time () - self->host->probed_at < SBX_PROBE_AGAIN_SECONDS * G_USEC_PER_SEC)
    return FALSE;
  sbx_host_unref (self->host);
  self->host = sbx_host_probe ((const char *const *) self->environment);
  return TRUE;
}

char *
sbx_context_get_homes (const SbxContext *self)
{
  return g_build_filename (self->host->machine->data_home, SBX_RUNTIME_SUBDIR, NULL);
}

static int
start_box (gpointer data, const SbxSkeleton *skeleton, pid_t *keeper, GError **error)
{
  const SbxContext *self = data;
  const char *const *environment = (const char *const *) self->environment;
  int sock = sbx_boxes_start_keeper (environment, &self->nofile, -1, FALSE, keeper, error);

  if (sock < 0 || sbx_boxes_prepare (environment, sock, skeleton, error))
    return sock;
  close (sock);
  return -1;
}

static char *
get_facts (gpointer data, const SbxSkeleton *skeleton)
{
  const SbxContext *self = data;
  const char *const *environment = (const char *const *) self->environment;
  g_autofree char *keeper = sbx_program_find (environment, "sandbox-keeper", NULL);
  g_autofree char *init = sbx_program_find (environment, "sandbox-init", NULL);
  const char *const *sources = sbx_skeleton_get_sources (skeleton);
  const char *const programs[] = { sources[0], keeper ? keeper : "", init ? init : "", NULL };

  return sbx_facts_get (self->facts, sources, programs);
}

static gboolean
is_pressed (gpointer data)
{
  return sbx_pressure_now ();
}

static gboolean
is_busy (gpointer data)
{
  const SbxContext *self = data;

  return sbx_launch_slots_are_used (self->slots);
}

SbxContext *
sbx_context_new (char **environment, guint prepared, guint most)
{
  static const SbxPoolFunctions functions = { start_box, get_facts, is_pressed, is_busy };
  SbxContext *self = g_new0 (SbxContext, 1);
  SbxMachineRoom machine;

  self->environment = environment;
  self->nofile = sbx_raise_nofile ();
  machine = sbx_machine_room_find ();
  self->room = sbx_room_for (&machine, most);
  self->runtime = sbx_runtime_dir_new ((const char *const *) environment);
  self->slots = sbx_launch_slots_new (SBX_STARTING_PER_PROCESSOR * g_get_num_processors (), SBX_STARTING_PATIENCE_MS);
  self->pool = sbx_pool_new (&functions, self, prepared, SBX_REFILL_MS, SBX_PREPARED_LOOK_SECONDS);
  self->facts = sbx_facts_new ("/");
  self->authority = sbx_authority_new ();
  self->host = sbx_host_probe ((const char *const *) environment);
  return self;
}

void
sbx_context_free (SbxContext *self)
{
  sbx_pool_free (self->pool);
  sbx_facts_free (self->facts);
  g_clear_object (&self->authority);
  sbx_host_unref (self->host);
  sbx_launch_slots_free (self->slots);
  sbx_runtime_dir_free (self->runtime);
  g_strfreev (self->environment);
  g_free (self);
}
