/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filtered message buses: one xdg-dbus-proxy for both, in a bwrap of its own, which sandbox-keeper starts beside the
 * application's. Its root has /.flatpak-info, by which xdg-desktop-portal knows who asks (the format is flatpak's, see
 * flatpak-metadata(5)): what the portal looks at is the process that is connected to the bus, and that is the proxy, so
 * nobody inside can claim to be somebody else. */
#include "plan/mounts/bus.h"

#include <string.h>

#include "common/names.h"
#include "plan/mounts/accessibility.h"
#include "plan/mounts/address.h"
#include "plan/mounts/portals.h"
#include "plan/mounts/toolkits.h"
#include "plan/sidecar.h"
#include "wire/layout.h"

#define INSIDE "/run/sandbox/bus"
#define PREFIX "unix:path="

static const struct {
  SbxBus bus;
  guint whole; /* SbxSockets: the bus without a filter */
  const char *name, *variable, *usual;
} buses[SBX_N_BUSES] = {
  { SBX_BUS_SESSION, SBX_SOCKET_SESSION_BUS, "session", "DBUS_SESSION_BUS_ADDRESS", NULL },
  { SBX_BUS_SYSTEM, SBX_SOCKET_SYSTEM_BUS, "system", "DBUS_SYSTEM_BUS_ADDRESS", "/run/dbus/system_bus_socket" },
};

/* The path of a bus's socket on the host, or NULL: abstract ones are out of the reach of an instance. */
static char *
find_socket (SbxDraft *self, gsize bus)
{
  const char *address = sbx_machine_getenv (self->machine->environment, buses[bus].variable);

  if (address && *address)
    return sbx_mounts_socket_of (address);
  if (buses[bus].usual)
    return g_strdup (buses[bus].usual);
  return self->machine->runtime_dir ? g_build_filename (self->machine->runtime_dir, "bus", NULL) : NULL;
}

char *
sbx_mounts_find_bus (SbxDraft *self, SbxBus bus)
{
  for (gsize i = 0; i < SBX_N_BUSES; i++)
    if (buses[i].bus == bus && !(sbx_policy_get_sockets (self->policy) & buses[i].whole)) {
      g_autofree char *path = find_socket (self, i);

      return path && g_path_is_absolute (path) ? g_canonicalize_filename (path, "/") : NULL;
    }
  return NULL;
}

/* "NAME.*" that has this service's name in it, beyond what calls_of_ours lets through. */
static gboolean
covers_ours (const SbxBusRule *rule)
{
  gsize n = strlen (rule->name);

  return rule->access >= SBX_BUS_TALK && g_str_has_suffix (rule->name, ".*")
         && strncmp (SBX_BUS_NAME ".", rule->name, n - 1) == 0;
}

static void
add_rules (SbxDraft *self, GPtrArray *argv, gsize bus)
{
  static const char *const words[] = { NULL, "see", "talk", "own" };
  /* This service answers each sandbox with what is its own. What it tells everybody by signal, and the object paths of
   * all instances, which introspection lists, are not for those inside. */
  static const char *const calls_of_ours[] = {
    "--call=" SBX_BUS_NAME "=" SBX_MANAGER_INTERFACE ".*@" SBX_MANAGER_PATH "/*",
    "--call=" SBX_BUS_NAME "=" SBX_INSTANCE_INTERFACE ".*@" SBX_MANAGER_PATH "/*",
    "--call=" SBX_BUS_NAME "=org.freedesktop.DBus.Properties.*@" SBX_MANAGER_PATH "/*",
    "--call=" SBX_BUS_NAME "=org.freedesktop.DBus.ObjectManager.GetManagedObjects@" SBX_MANAGER_PATH,
    "--call=" SBX_BUS_NAME "=org.freedesktop.DBus.Introspectable.Introspect@" SBX_MANAGER_PATH,
    "--call=" SBX_BUS_NAME "=org.freedesktop.DBus.Peer.*",
    NULL
  };
  gsize n;
  const SbxBusRule *rules = sbx_policy_get_bus (self->policy, buses[bus].bus, &n);

  if (bus == SBX_BUS_SESSION)
    sbx_mounts_add_portals (self, argv, rules, n);
  for (gsize i = 0; i < n; i++)
    if (bus == SBX_BUS_SESSION && rules[i].access == SBX_BUS_TALK && strcmp (rules[i].name, SBX_BUS_NAME) == 0) {
      sbx_sidecar_add_words (argv, calls_of_ours);
    } else if (bus == SBX_BUS_SESSION && sbx_mounts_is_portal (&rules[i])) {
      continue;
    } else if (words[rules[i].access]) {
      if (bus == SBX_BUS_SESSION && covers_ours (&rules[i]))
        sbx_draft_warn (self, "%s=%s covers %s, so the application is told when any sandbox starts or ends",
                        rules[i].name, words[rules[i].access], SBX_BUS_NAME);
      g_ptr_array_add (argv, g_strdup_printf ("--%s=%s", words[rules[i].access], rules[i].name));
    }
}

static void
add_proxied (SbxDraft *self, GPtrArray *argv, gsize bus, const char *socket, const char *directory)
{
  g_autofree char *address = g_strconcat (PREFIX, socket, NULL);
  g_autofree char *own = g_build_filename (directory, buses[bus].name, NULL);
  g_autofree char *inside = g_strconcat (PREFIX INSIDE "/", buses[bus].name, NULL);

  sbx_sidecar_add_words (argv, (const char *const[]){ address, own, "--filter", "--log", NULL });
  add_rules (self, argv, bus);
  sbx_draft_offer (self, SBX_OFFER_FIXED, buses[bus].variable, inside);
}

/* An application id as the portals want it: at least two elements (xdg-desktop-portal checks it as a D-Bus name). */
static char *
portal_id (const char *app_id)
{
  g_autofree char *clean = g_strdup (app_id);

  if (strchr (app_id, '.') && g_dbus_is_name (app_id))
    return g_strdup (app_id);
  g_strcanon (clean, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_", '_');
  return g_strconcat ("org.example.Sandbox.app._", clean, NULL);
}

/* /.flatpak-info of the proxy. */
static GBytes *
make_app_info (SbxDraft *self)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *id = portal_id (self->request->app_id);
  gsize size = 0;
  char *text;

  g_key_file_set_string (file, "Application", "name", id);
  g_key_file_set_string (file, "Instance", "instance-id", self->request->id ? self->request->id : "");
  if (sbx_policy_has_network (self->policy))
    g_key_file_set_string (file, "Context", "shared", "network;");
  text = g_key_file_to_data (file, &size, NULL);
  return g_bytes_new_take (text, size);
}

gboolean
sbx_mounts_wants_documents (const SbxPolicy *policy, SbxMachine *machine)
{
  g_autofree char *at = machine->runtime_dir ? g_build_filename (machine->runtime_dir, "doc", NULL) : NULL;
  gsize n;
  const SbxBusRule *rules = sbx_policy_get_bus (policy, SBX_BUS_SESSION, &n);

  return at && !(sbx_policy_get_sockets (policy) & SBX_SOCKET_SESSION_BUS) && sbx_mounts_grants_files (rules, n)
         && machine->has_documents && !machine->has_documents (machine, at);
}

/* Files that the user chooses in the portal's dialogs: the document portal shows each application its own, in a file
 * system at the same path as outside. The keeper mounts it (keeper/parts/documents.c). GTK and GLib take such dialogs
 * instead of their own only when they are told to. */
static void
add_documents (SbxDraft *self)
{
  g_autofree char *at = g_build_filename (self->machine->runtime_dir, "doc", NULL);
  g_autofree char *id = portal_id (self->request->app_id);
  gsize n;
  const SbxBusRule *rules = sbx_policy_get_bus (self->policy, SBX_BUS_SESSION, &n);

  /* Its place has to be there when bwrap has made the skeleton, and is not where something is mounted over it */
  if (self->runtime_hidden || !sbx_mounts_grants_files (rules, n) || !self->machine->has_documents
      || !self->machine->has_documents (self->machine, at))
    return;
  sbx_draft_skeleton_directory (self, at, 0700); /* the keeper looks for it at READY */
  sbx_draft_writable (self, self->box->runtime_dir);
  self->box->documents = g_build_filename ("by-app", id, NULL);
  self->box->documents_at = g_steal_pointer (&at);
  sbx_draft_offer (self, SBX_OFFER_FALLBACK, "GTK_USE_PORTAL", "1");
}

/* The sockets of the buses to filter; says why one is not there. */
static guint
find_sockets (SbxDraft *self, char *sockets[SBX_N_BUSES])
{
  guint wanted = sbx_policy_get_sockets (self->policy), found = 0;

  for (gsize bus = 0; bus < SBX_N_BUSES; bus++) {
    gsize n = 0;

    if (!sbx_policy_get_bus (self->policy, buses[bus].bus, &n) || n == 0 || (wanted & buses[bus].whole))
      continue;
    sockets[bus] = find_socket (self, bus);
    if (sockets[bus] && !sbx_draft_exists (self, sockets[bus]))
      g_clear_pointer (&sockets[bus], g_free);
    if (!sockets[bus])
      sbx_draft_warn (self, "there is no %s bus here that can be filtered: none inside, whatever names are allowed",
                      buses[bus].name);
    found += sockets[bus] != NULL;
  }
  return found;
}

static void
add_proxy (SbxDraft *self, char *const sockets[SBX_N_BUSES])
{
  static const char proxy_fd[] = "--fd=" SBX_FD_TEXT (SBX_SIDECAR_LINK_FD);
  GPtrArray *argv = sbx_sidecar_begin (self);
  g_autofree char *directory = sbx_sidecar_get_directory (self, SBX_SIDECAR_BUS);
  g_autofree char *source = sbx_sidecar_get_source (self, SBX_SIDECAR_BUS);

  sbx_sidecar_add_words (argv, (const char *const[]){ "--ro-bind-data", SBX_FD_TEXT (SBX_SIDECAR_FILE_FD),
                                                      "/.flatpak-info", "--bind", source, directory, NULL });
  for (gsize bus = 0; bus < SBX_N_BUSES; bus++)
    if (sockets[bus])
      sbx_sidecar_add_words (argv, (const char *const[]){ "--ro-bind", sockets[bus], sockets[bus], NULL });
  sbx_sidecar_run (argv, self->machine->dbus_proxy);
  sbx_sidecar_add_words (argv, (const char *const[]){ proxy_fd, NULL });
  for (gsize bus = 0; bus < SBX_N_BUSES; bus++)
    if (sockets[bus])
      add_proxied (self, argv, bus, sockets[bus], directory);
  sbx_sidecar_add (self, SBX_SIDECAR_BUS, argv, make_app_info (self));
  sbx_draft_bind (self, SBX_BY_POLICY, SBX_MOUNT_READ_ONLY, directory, INSIDE);
}

void
sbx_mounts_add_buses (SbxDraft *self)
{
  char *sockets[SBX_N_BUSES] = { NULL };
  guint found = find_sockets (self, sockets);
  gboolean installed = self->machine->dbus_proxy && sbx_draft_exists (self, self->machine->dbus_proxy);

  if (found > 0 && (!installed || !self->machine->runtime_dir)) {
    sbx_draft_warn (self, "xdg-dbus-proxy is not installed (on Debian: apt install xdg-dbus-proxy): no bus inside, "
                          "whatever names are allowed");
  } else if (found > 0) {
    add_proxy (self, sockets);
    if (sockets[SBX_BUS_SESSION]) {
      add_documents (self);
      sbx_mounts_add_accessibility (self);
      sbx_mounts_tell_toolkits (self);
    }
  }
  for (gsize bus = 0; bus < SBX_N_BUSES; bus++)
    g_free (sockets[bus]);
}
