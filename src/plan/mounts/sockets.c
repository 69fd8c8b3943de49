/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets of the desktop: each only if it is named and there. Inside, the runtime directory has the host's path. */
#include <string.h>

#include "plan/plan-private.h"

/* @name below the runtime directory; TRUE when it is there. */
static gboolean
bind_runtime (SbxPlan *self, const char *name)
{
  g_autofree char *path = self->machine->runtime_dir ? g_build_filename (self->machine->runtime_dir, name, NULL) : NULL;

  return path && sbx_plan_bind_if_there (self, SBX_OP_RO_BIND, path);
}

static gboolean
add_wayland (SbxPlan *self)
{
  const char *display = sbx_plan_getenv (self, "WAYLAND_DISPLAY");
  g_autofree char *path = NULL;

  if (!display)
    display = "wayland-0";
  if (display[0] == '/')
    path = g_strdup (display);
  else if (self->machine->runtime_dir)
    path = g_build_filename (self->machine->runtime_dir, display, NULL);
  if (!path || strstr (display, "..") || !sbx_plan_may_be_socket (self, path))
    return FALSE;
  sbx_plan_op (self, SBX_OP_RO_BIND, path, path, -1);
  sbx_plan_setenv (self, "WAYLAND_DISPLAY", display);
  return TRUE;
}

static void
add_pulseaudio (SbxPlan *self)
{
  g_autofree char *server = g_build_filename (self->runtime_dir, "pulse/native", NULL);

  if (!bind_runtime (self, "pulse/native"))
    return;
  g_autofree char *address = g_strconcat ("unix:", server, NULL);
  sbx_plan_setenv (self, "PULSE_SERVER", address);
  sbx_plan_setenv (self, "PULSE_CLIENTCONFIG", "/dev/null"); /* no shared memory: the host's is not here */
}

static void
add_pipewire (SbxPlan *self)
{
  bind_runtime (self, "pipewire-0");
}

static void
add_cups (SbxPlan *self)
{
  sbx_plan_bind_if_there (self, SBX_OP_RO_BIND, "/run/cups/cups.sock");
}

static void
add_gpg_agent (SbxPlan *self)
{
  bind_runtime (self, "gnupg/S.gpg-agent");
}

static void
add_ssh_auth (SbxPlan *self)
{
  const char *socket = sbx_plan_getenv (self, "SSH_AUTH_SOCK");
  g_autofree char *inside = g_build_filename (self->runtime_dir, "ssh-auth", NULL);

  if (!socket || socket[0] != '/' || !sbx_plan_may_be_socket (self, socket))
    return;
  sbx_plan_op (self, SBX_OP_RO_BIND, socket, inside, -1);
  sbx_plan_setenv (self, "SSH_AUTH_SOCK", inside);
}

static void
add_session_bus (SbxPlan *self)
{
  g_autofree char *path = g_build_filename (self->runtime_dir, "bus", NULL);
  g_autofree char *address = g_strconcat ("unix:path=", path, NULL);

  if (bind_runtime (self, "bus"))
    sbx_plan_setenv (self, "DBUS_SESSION_BUS_ADDRESS", address);
}

static void
add_system_bus (SbxPlan *self)
{
  sbx_plan_bind_if_there (self, SBX_OP_RO_BIND, "/run/dbus/system_bus_socket");
}

static void
add_pcsc (SbxPlan *self)
{
  sbx_plan_bind_if_there (self, SBX_OP_RO_BIND, "/run/pcscd/pcscd.comm");
}

static const struct {
  guint socket;
  void (*add) (SbxPlan *self);
} sockets[] = {
  { SBX_SOCKET_PULSEAUDIO, add_pulseaudio },
  { SBX_SOCKET_PIPEWIRE, add_pipewire },
  { SBX_SOCKET_CUPS, add_cups },
  { SBX_SOCKET_GPG_AGENT, add_gpg_agent },
  { SBX_SOCKET_SSH_AUTH, add_ssh_auth },
  { SBX_SOCKET_SESSION_BUS, add_session_bus },
  { SBX_SOCKET_SYSTEM_BUS, add_system_bus },
  { SBX_SOCKET_PCSC, add_pcsc },
};

void
sbx_plan_add_sockets (SbxPlan *self)
{
  guint wanted = sbx_policy_get_sockets (self->policy);
  gboolean wayland = (wanted & SBX_SOCKET_WAYLAND) && add_wayland (self);

  if ((wanted & SBX_SOCKET_X11) || ((wanted & SBX_SOCKET_FALLBACK_X11) && !wayland))
    sbx_plan_add_x11 (self);
  for (gsize i = 0; i < G_N_ELEMENTS (sockets); i++)
    if (wanted & sockets[i].socket)
      sockets[i].add (self);
}
