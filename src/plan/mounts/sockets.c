/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets of the desktop: each only if it is named and there. Inside, the runtime directory has the host's path. */
#include "plan/mounts/sockets.h"

#include <string.h>

#include "common/path.h"
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
  sbx_draft_bind (self, SBX_BY_POLICY, SBX_MOUNT_READ_ONLY | SBX_MOUNT_WAYLAND, path, path);
  sbx_draft_offer (self, SBX_OFFER_FIXED, "WAYLAND_DISPLAY", display);
  return TRUE;
}

/* The path of a socket in one part of PULSE_SERVER (pulse-client.conf(5), "server"): "unix:PATH" or "PATH", behind
 * "{MACHINE-ID}" if it is for one machine only. NULL for another machine's, and for what is not a socket here. */
static const char *
find_pulse_socket (SbxDraft *self, const char *word)
{
  const char *id = self->machine->machine_id;

  if (word[0] == '{') {
    gsize n = id ? strlen (id) : 0;

    if (n == 0 || strncmp (word + 1, id, n) != 0 || word[n + 1] != '}')
      return NULL;
    word += n + 2;
  }
  if (g_str_has_prefix (word, "unix:"))
    word += strlen ("unix:");
  return word[0] == '/' && sbx_draft_may_be_socket (self, word) ? word : NULL;
}

/* Shows the server that the caller's PULSE_SERVER names first, a socket or one in the network. FALSE: there is none. */
static gboolean
add_named_pulse (SbxDraft *self, const char *inside)
{
  const char *server = sbx_draft_getenv (self, "PULSE_SERVER");
  g_auto (GStrv) words = g_strsplit (server ? server : "", " ", -1);

  for (char **word = words; *word; word++) {
    const char *path = find_pulse_socket (self, *word);

    if (path) {
      sbx_draft_bind (self, SBX_BY_POLICY, SBX_MOUNT_READ_ONLY, path, inside);
      return TRUE;
    }
    if (g_str_has_prefix (*word, "tcp") && (sbx_policy_get_shared (self->policy) & SBX_SHARED_NETWORK)) {
      sbx_draft_offer (self, SBX_OFFER_FIXED, "PULSE_SERVER", *word);
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
add_pulse_socket (SbxDraft *self, const char *directory, const char *inside)
{
  g_autofree char *socket = g_build_filename (directory, "native", NULL);

  if (!sbx_draft_may_be_socket (self, socket))
    return FALSE;
  sbx_draft_bind (self, SBX_BY_POLICY, SBX_MOUNT_READ_ONLY, socket, inside);
  return TRUE;
}

/* Whether a rule for files is about @directory, or what it is in. */
static gboolean
is_said (SbxDraft *self, const char *directory)
{
  gsize n;
  const SbxPathRule *rules = sbx_policy_get_filesystems (self->policy, &n);

  for (gsize i = 0; i < n; i++)
    if (sbx_path_is_below (directory, rules[i].path) || sbx_path_is_below (rules[i].path, directory))
      return TRUE;
  return FALSE;
}

/* The usual place. All of that directory is shown, for a server that starts anew makes a new socket; only the socket is
 * of one that somebody has named, or where the policy says what is to be seen there. */
static gboolean
add_usual_pulse (SbxDraft *self, const char *at, const char *inside)
{
  g_autofree char *directory =
      self->machine->runtime_dir ? g_build_filename (self->machine->runtime_dir, "pulse", NULL) : NULL;
  g_autofree char *socket = directory ? g_build_filename (directory, "native", NULL) : NULL;

  if (!socket || !sbx_draft_may_be_socket (self, socket))
    return FALSE;
  if (is_said (self, directory))
    return add_pulse_socket (self, directory, inside);
  sbx_draft_bind (self, SBX_BY_POLICY, SBX_MOUNT_READ_ONLY, directory, at);
  return TRUE;
}

/* Where its clients look for it, one after the other (pulseaudio, src/pulsecore/core-util.c, pa_get_runtime_dir ()). */
static gboolean
find_pulse (SbxDraft *self, const char *at, const char *socket)
{
  const char *named = sbx_draft_getenv (self, "PULSE_RUNTIME_PATH"), *id = self->machine->machine_id;
  g_autofree char *name = g_strconcat (id ? id : "", "-runtime", NULL);
  g_autofree char *in_home = g_build_filename (self->machine->config_home, "pulse", name, NULL);

  return (named && named[0] == '/' && add_pulse_socket (self, named, socket)) || add_usual_pulse (self, at, socket)
         || (id && add_pulse_socket (self, in_home, socket));
}

static void
add_pulseaudio (SbxDraft *self)
{
  g_autofree char *at = g_build_filename (self->box->runtime_dir, "pulse", NULL);
  g_autofree char *socket = g_build_filename (at, "native", NULL);
  g_autofree char *address = g_strconcat ("unix:", socket, NULL);

  if (!add_named_pulse (self, socket) && !find_pulse (self, at, socket))
    return;
  if (!sbx_offers_get (self->box->offers, "PULSE_SERVER"))
    sbx_draft_offer (self, SBX_OFFER_FIXED, "PULSE_SERVER", address);
  sbx_draft_offer (self, SBX_OFFER_FIXED, "PULSE_CLIENTCONFIG",
                   "/dev/null"); /* no shared memory: the host's is not here */
}

/* PIPEWIRE_REMOTE is a path, or a name in PIPEWIRE_RUNTIME_DIR or the runtime directory (pipewire(1)). Inside, it is
 * there by its usual name. */
static void
add_pipewire (SbxDraft *self)
{
  const char *remote = sbx_draft_getenv (self, "PIPEWIRE_REMOTE");
  const char *named = sbx_draft_getenv (self, "PIPEWIRE_RUNTIME_DIR");
  const char *directory = named && named[0] == '/' ? named : self->machine->runtime_dir;
  g_autofree char *inside = g_build_filename (self->box->runtime_dir, "pipewire-0", NULL), *path = NULL;

  if (remote && remote[0] == '/')
    path = g_strdup (remote);
  else if (directory && !(remote && strchr (remote, '/')))
    path = g_build_filename (directory, remote ? remote : "pipewire-0", NULL);
  if (path && sbx_draft_may_be_socket (self, path))
    sbx_draft_bind (self, SBX_BY_POLICY, SBX_MOUNT_READ_ONLY, path, inside);
}

static void
add_cups (SbxDraft *self)
{
  static const char usual[] = "/run/cups/cups.sock";
  const char *server = sbx_draft_getenv (self, "CUPS_SERVER");

  if (server && server[0] == '/' && sbx_draft_may_be_socket (self, server))
    sbx_draft_bind (self, SBX_BY_POLICY, SBX_MOUNT_READ_ONLY, server, usual);
  else
    sbx_draft_bind_if_there (self, SBX_BY_POLICY, SBX_MOUNT_READ_ONLY, usual);
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
