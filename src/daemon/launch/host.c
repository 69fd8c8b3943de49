/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/host.h"

static gboolean
is_set (const char *const *environment, const char *name)
{
  const char *value = g_environ_getenv ((char **) environment, name);

  return value && value[0] != '\0';
}

static void
make_places (SbxHost *self)
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
make_profiles (SbxHost *self, const char *const *environment)
{
  const SbxConditions conditions = {
    .landlock_abi = self->machine->kernel.landlock_abi,
    .wayland = is_set (environment, "WAYLAND_DISPLAY"),
    .x11 = is_set (environment, "DISPLAY"),
    .session_bus = is_set (environment, "DBUS_SESSION_BUS_ADDRESS"),
    .pidns = self->machine->kernel.pidns_option,
  };
  g_auto (GStrv) dirs = sbx_profile_set_default_dirs ();

  self->profiles = sbx_profile_set_new ((const char *const *) dirs, &self->places, &conditions);
}

SbxHost *
sbx_host_probe (const char *const *environment)
{
  SbxHost *self = g_new0 (SbxHost, 1);

  g_atomic_ref_count_init (&self->refs);
  self->machine = sbx_machine_probe (environment);
  make_places (self);
  make_profiles (self, environment);
  self->probed_at = g_get_monotonic_time ();
  return self;
}

SbxHost *
sbx_host_ref (SbxHost *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
sbx_host_unref (SbxHost *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_clear_pointer (&self->profiles, sbx_profile_set_free);
  g_free ((gpointer) self->places.xdg_dirs);
  sbx_machine_free (self->machine);
  g_free (self);
}
