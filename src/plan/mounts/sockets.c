/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets of the desktop: each only if it is named and there. Inside, the runtime directory has the host's path. */
#include "plan/mounts/sockets.h"

#include <string.h>

#include "plan/mounts/x11.h"

/* @name below the runtime directory; TRUE when it is there. */
static gboolean
bind_runtime (SbxDraft *self, const char *name)
{
  g_autofree char *path = self->machine->runtime_dir ? g_build_filename (self->machine->runtime_dir, name, NULL) : NULL;

  return path && sbx_draft_bind_if_there (self, SBX_BY_POLICY, SBX_MOUNT_READ_ONLY, path);
}

static gboolean
add_wayland (SbxDraft *self)
{
  const char *display = sbx_draft_getenv (self, "WAYLAND_DISPLAY");
  g_autofree char *path = NULL;

  if (!display)
    display = "wayland-0";
  if (display[0] == '/')
    path = g_strdup (display);
  else if (self->machine->runtime_dir)
    path = g_build_filename (self->machine->runtime_dir, display, NULL);
  if (!path || strstr (display, "..") || !sbx_draft_may_be_socket (self, path))
    return FALSE;
  sbx_draft_bind (self, SBX_BY_POLICY, SBX_MOUNT_READ_ONLY, path, path);
  sbx_draft_offer (self, SBX_OFFER_FIXED, "WAYLAND_DISPLAY", display);
  return TRUE;
}

static void
add_pulseaudio (SbxDraft *self)
{
  g_autofree char *server = g_build_filename (self->box->runtime_dir, "pulse/native", NULL);

  if (!bind_runtime (self, "pulse/native"))
    return;
  g_autofree char *address = g_strconcat ("unix:", server, NULL);
  sbx_draft_offer (self, SBX_OFFER_FIXED, "PULSE_SERVER", address);
  sbx_draft_offer (self, SBX_OFFER_FIXED, "PULSE_CLIENTCONFIG",
                   "/dev/null"); /* no shared memory: the host's is not here */
}

static void
add_pipewire (SbxDraft *self)
{
  bind_runtime (self, "pipewire-0");
}

static void
add_cups (SbxDraft *self)
{
  sbx_draft_bind_if_there (self, SBX_BY_POLICY, SBX_MOUNT_READ_ONLY, "/run/cups/cups.sock");
}

static void
add_gpg_agent (SbxDraft *self)
{
  bind_runtime (self, "gnupg/S.gpg-agent");
}

static void
add_ssh_auth (SbxDraft *self)
{
  const char *socket = sbx_draft_getenv (self, "SSH_AUTH_SOCK");
  g_autofree char *inside = g_build_filename (self->box->runtime_dir, "ssh-auth", NULL);

  if (!socket || socket[0] != '/' || !sbx_draft_may_be_socket (self, socket))
    return;
  sbx_draft_bind (self, SBX_BY_POLICY, SBX_MOUNT_READ_ONLY, socket, inside);
  sbx_draft_offer (self, SBX_OFFER_FIXED, "SSH_AUTH_SOCK", inside);
}

static void
add_session_bus (SbxDraft *self)
{
  g_autofree char *path = g_build_filename (self->box->runtime_dir, "bus", NULL);
  g_autofree char *address = g_strconcat ("unix:path=", path, NULL);

  if (bind_runtime (self, "bus"))
    sbx_draft_offer (self, SBX_OFFER_FIXED, "DBUS_SESSION_BUS_ADDRESS", address);
}

static void
add_system_bus (SbxDraft *self)
{
  sbx_draft_bind_if_there (self, SBX_BY_POLICY, SBX_MOUNT_READ_ONLY, "/run/dbus/system_bus_socket");
}

static void
add_pcsc (SbxDraft *self)
{
  sbx_draft_bind_if_there (self, SBX_BY_POLICY, SBX_MOUNT_READ_ONLY, "/run/pcscd/pcscd.comm");
}

static const struct {
  guint socket;
  void (*add) (SbxDraft *self);
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
sbx_mounts_add_sockets (SbxDraft *self)
{
  guint wanted = sbx_policy_get_sockets (self->policy);
  gboolean wayland = (wanted & SBX_SOCKET_WAYLAND) && add_wayland (self);

  if ((wanted & SBX_SOCKET_X11) || ((wanted & SBX_SOCKET_FALLBACK_X11) && !wayland))
    sbx_mounts_add_x11 (self);
  for (gsize i = 0; i < G_N_ELEMENTS (sockets); i++)
    if (wanted & sockets[i].socket)
      sockets[i].add (self);
}
