/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/context.h"

#include "daemon/bounds.h"

static gboolean
is_set (SbxContext *self, const char *name)
{
  const char *value = g_environ_getenv (self->environment, name);

  return value && value[0] != '\0';
}

static void
make_places (SbxContext *self)
{
  const char **xdg_dirs = g_new0 (const char *, G_USER_N_DIRECTORIES);

  for (int i = 0; i < G_USER_N_DIRECTORIES; i++)
    xdg_dirs[i] = g_get_user_special_dir ((GUserDirectory) i);
  self->places = (SbxPlaces){
    .home = self->machine->home,
    .xdg_dirs = xdg_dirs,
    .runtime_dir = self->machine->runtime_dir,
    .data_home = g_get_user_data_dir (),
    .config_home = g_get_user_config_dir (),
    .cache_home = g_get_user_cache_dir (),
  };
}

static void
make_profiles (SbxContext *self)
{
  const SbxConditions conditions = {
    .landlock_abi = self->machine->kernel.landlock_abi,
    .wayland = is_set (self, "WAYLAND_DISPLAY"),
    .x11 = is_set (self, "DISPLAY"),
    .session_bus = is_set (self, "DBUS_SESSION_BUS_ADDRESS"),
    .pidns = self->machine->kernel.pidns_option,
  };
  g_auto (GStrv) dirs = sbx_profile_set_default_dirs ();

  self->profiles = sbx_profile_set_new ((const char *const *) dirs, &self->places, &conditions);
}

static void
probe (SbxContext *self)
{
  g_clear_object (&self->profiles);
  g_free ((gpointer) self->places.xdg_dirs);
  g_clear_pointer (&self->machine, sbx_machine_free);
  self->machine = sbx_machine_probe ((const char *const *) self->environment);
  make_places (self);
  make_profiles (self);
  self->probed_at = g_get_monotonic_time ();
}

gboolean
sbx_context_probe_again (SbxContext *self)
{
  if (g_get_monotonic_time () - self->probed_at < SBX_PROBE_AGAIN_SECONDS * G_USEC_PER_SEC)
    return FALSE;
  probe (self);
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
  probe (self);
  return self;
}

void
sbx_context_free (SbxContext *self)
{
  g_clear_object (&self->authority);
  g_clear_object (&self->profiles);
  g_free ((gpointer) self->places.xdg_dirs);
  sbx_machine_free (self->machine);
  sbx_launch_slots_free (self->slots);
  sbx_runtime_dir_free (self->runtime);
  g_strfreev (self->environment);
  g_free (self->dump_program);
  g_free (self);
}

const char *
sbx_context_get_dump_program (SbxContext *self)
{
  if (!self->dump_program)
    self->dump_program = sbx_program_find ((const char *const *) self->environment, "sandbox-dump", NULL);
  return self->dump_program;
}
