/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A socket is a mount of the plan, and one mount is laid in a running instance as a whole (keeper/give.c). It helps
 * where programs look for it without having been told: at its usual place. */
#include "daemon/launch/plugging.h"

#include <glib/gi18n.h>
#include <string.h>

#include "common/error.h"
#include "common/path.h"
#include "daemon/launch/granting.h"
#include "daemon/launch/running.h"

static const char display[] = N_ ("its programs were told where displays are when they were started");

/* What cannot be given, and why; all others have a place where programs look for them. */
static const struct {
  guint socket; /* SbxSockets */
  const char *word, *reason;
} told[] = {
  { SBX_SOCKET_X11, "x11", display },
  { SBX_SOCKET_FALLBACK_X11, "fallback-x11", display },
  { SBX_SOCKET_WAYLAND, "wayland", display },
  { SBX_SOCKET_SSH_AUTH, "ssh-auth", N_ ("its programs find it by SSH_AUTH_SOCK only, and that is told at the start") },
  { SBX_SOCKET_SESSION_BUS, "session-bus",
    N_ ("its programs were told whether there is a bus, and which, when they were started") },
  { SBX_SOCKET_SYSTEM_BUS, "system-bus",
    N_ ("its programs were told whether there is a bus, and which, when they were started") },
};

void
sbx_plugging_free (SbxPlugging *self)
{
  g_clear_pointer (&self->layers, sbx_layers_free);
  g_clear_object (&self->plan);
  g_clear_pointer (&self->surroundings, sbx_surroundings_free);
  g_clear_pointer (&self->taken, g_array_unref);
  g_free (self->dest);
  g_free (self);
}

static gboolean
check_told (guint more, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (told); i++)
    if (more & told[i].socket)
      return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                        "the socket %s cannot be granted while the instance runs: %s; nothing was changed. Start it "
                        "with --socket=%s",
                        told[i].word, told[i].reason, told[i].word);
  return (more & (more - 1)) == 0
         || sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                       "sockets are granted one at a time: each is mounted as a whole or not at all; nothing was "
                       "changed");
}

static gboolean
has_mount (const SbxPlan *plan, const char *dest)
{
  gsize n;
  const SbxMount *mounts = sbx_box_get_mounts (sbx_plan_get_box ((SbxPlan *) plan), &n);

  for (gsize i = 0; i < n; i++)
    if (mounts[i].by == SBX_BY_POLICY && g_str_equal (mounts[i].dest, dest))
      return TRUE;
  return FALSE;
}

/* Where the one mount is that @self->plan has and @before has not; NULL: there is none. */
static const char *
find_new (const SbxPlugging *self, const SbxPlan *before)
{
  gsize n;
  const SbxMount *mounts = sbx_box_get_mounts (sbx_plan_get_box (self->plan), &n);

  for (gsize i = 0; i < n; i++)
    if (mounts[i].by == SBX_BY_POLICY && mounts[i].kind == SBX_MOUNT_BIND && !has_mount (before, mounts[i].dest))
      return mounts[i].dest;
  return NULL;
}

/* A place that was taken away does not come back as a socket. */
static gboolean
check_taken (const SbxPlugging *self, GError **error)
{
  for (guint i = 0; i < self->taken->len; i++) {
    const SbxLayersTaken *taken = &g_array_index (self->taken, SbxLayersTaken, i);

    if (!taken->readable && sbx_path_is_below (self->dest, taken->path))
      return sbx_throw (error, SBX_ERROR_NOT_AUTHORIZED,
                        "%s cannot be granted: %s was taken away from this instance, and that is for good. Start it "
                        "again to give it that",
                        self->dest, taken->path);
  }
  return TRUE;
}

static gboolean
make_layers (SbxPlugging *self, SbxHost *host, const SbxInfo *info, const SbxPolicy *to, GError **error)
{
  SbxLayersAround *around;

  self->taken = sbx_grant_list_taken (info);
  if (!check_taken (self, error))
    return FALSE;
  self->surroundings = sbx_surroundings_new (host, info->id);
  around = &self->surroundings->around;
  around->only = self->dest;
  around->taken = (const SbxLayersTaken *) (gpointer) self->taken->data;
  around->n_taken = self->taken->len;
  self->layers = sbx_layers_new (sbx_plan_get_box (self->plan), to, NULL, 0, around, error);
  return self->layers != NULL;
}

SbxPlugging *
sbx_plugging_new (SbxHost *host, const SbxInfo *info, const SbxPolicy *from, const SbxPolicy *to, GError **error)
{
  g_autoptr (SbxPlugging) self = g_new0 (SbxPlugging, 1);
  g_autoptr (SbxPlan) before = NULL;
  guint more = sbx_policy_get_sockets (to) & ~sbx_policy_get_sockets (from);

  if (!check_told (more, error))
    return NULL;
  before = sbx_running_plan (host, info, from, NULL, error);
  self->plan = before ? sbx_running_plan (host, info, to, NULL, error) : NULL;
  if (!self->plan)
    return NULL;
  self->dest = g_strdup (find_new (self, before));
  if (!self->dest) {
    sbx_throw (error, SBX_ERROR_NOT_FOUND, "there is no such socket here, so that nothing could be granted");
    return NULL;
  }
  return make_layers (self, host, info, to, error) ? g_steal_pointer (&self) : NULL;
}
