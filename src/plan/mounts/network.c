/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slirp4netns speaks frames over a socket in a directory of the record (its --target-type=bess, made for virtual
 * machines). So it never enters the sandbox's namespaces and needs no privilege there: what stands between the two, and
 * decides which frames pass, is the keeper's (keeper/parts/network.c). Of all sidecars it alone is in the host's
 * network, in which it is what reaches the Internet. */
#include "plan/mounts/network.h"

#include <glib/gi18n.h>
#include <string.h>

#include "common/error.h"
#include "plan/sidecar.h"
#include "wire/layout.h"
#include "wire/network.h"

#define RESOLVER "/etc/resolv.conf"
#define DIRECTORY "/run/network" /* in its sandbox */

gboolean
sbx_network_is_private (const SbxPolicy *policy)
{
  return (sbx_policy_get_shared (policy) & SBX_SHARED_PRIVATE_NETWORK) != 0;
}

gboolean
sbx_network_check_destinations (const SbxPolicy *policy, GError **error)
{
  gsize n_allowed, n_denied;

  if ((sbx_policy_get_shared (policy) & SBX_SHARED_NETWORK)
      && (sbx_policy_names_allowed (policy) || sbx_policy_names_denied (policy)))
    return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                      "[Network] allow= and deny= are kept at the border of a network of its own, and this one is "
                      "shared with the host: say shared=!network;private-network; in the profile, or "
                      "--network=private");
  (void) sbx_policy_get_allowed (policy, &n_allowed);
  (void) sbx_policy_get_denied (policy, &n_denied);
  return !sbx_network_is_private (policy) || n_allowed + n_denied <= SBX_DESTINATIONS
         || sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                       "[Network] allow= and deny= come to %zu destinations, and there may be %d; name larger networks",
                       n_allowed + n_denied, SBX_DESTINATIONS);
}

static gboolean
check_published (const SbxPolicy *policy, GError **error)
{
  gsize n;

  (void) sbx_policy_get_published (policy, &n);
  if (n > 0 && (sbx_policy_get_shared (policy) & SBX_SHARED_NETWORK))
    return sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
                      "[Network] publish= opens ports into a network of its own, and this one is shared with the host, "
                      "whose ports the application has anyway: say --network=private, or leave publish= out");
  return n <= SBX_PUBLISHED
         || sbx_throw (error, SBX_ERROR_NOT_SUPPORTED, "[Network] publish= comes to %zu ports, and there may be %d", n,
                       SBX_PUBLISHED);
}

gboolean
sbx_network_check (SbxDraft *self, GError **error)
{
  const char *problem;

  if (!sbx_network_check_destinations (self->policy, error) || !check_published (self->policy, error))
    return FALSE;
  if (!sbx_network_is_private (self->policy) || self->request->handler) /* which plan_handler () refuses */
    return TRUE;
  problem = self->machine->network_problem ? self->machine->network_problem (self->machine) : NULL;
  if (!problem && !self->machine->runtime_dir)
    problem = N_ ("there is no XDG_RUNTIME_DIR; log in through a session that has one, or set it");
  return !problem
         || sbx_throw (
             error, SBX_ERROR_NOT_SUPPORTED,
             "a network of its own (shared=private-network) cannot be had here: %s. Or choose --network=none, "
             "or, to share this machine's network, --network=shared",
             problem);
}

/* What /etc/resolv.conf leads to outside of /etc, or NULL; the machine's. */
static const char *
find_resolver_place (SbxDraft *self)
{
  const GArray *links = self->machine->links_out ? self->machine->links_out (self->machine) : NULL;

  for (guint i = 0; links && i < links->len; i++)
    if (strcmp (g_array_index (links, SbxLinkOut, i).link, RESOLVER) == 0)
      return g_array_index (links, SbxLinkOut, i).place;
  return NULL;
}

/* The stack asks the host's resolvers. The file is replaced by a rename when the network changes, and the stack looks
 * again: so it sees the directory that this happens in. For root, who may read all of /etc, it is the file. */
static void
show_resolver (SbxDraft *self, GPtrArray *argv)
{
  const char *place = find_resolver_place (self);
  g_autofree char *directory = place ? g_path_get_dirname (place) : NULL;

  if (directory && g_str_has_prefix (directory, "/run/") && self->machine->uid != 0)
    sbx_sidecar_add_words (
        argv, (const char *const[]){ "--ro-bind", directory, directory, "--symlink", place, RESOLVER, NULL });
  else if (!place && self->machine->uid != 0)
    sbx_sidecar_add_words (argv, (const char *const[]){ "--ro-bind", "/etc", "/etc", NULL });
  else if (sbx_draft_exists (self, RESOLVER))
    sbx_sidecar_add_words (argv, (const char *const[]){ "--ro-bind", RESOLVER, RESOLVER, NULL });
}

void
sbx_network_add_resolver (SbxDraft *self, const char *place)
{
  g_autofree char *link = NULL, *inside = NULL;

  if (!place) {
    if (self->machine->look (self->machine, RESOLVER, &link) == SBX_FILE_MISSING || find_resolver_place (self))
      return;
    inside = g_canonicalize_filename (link ? link : RESOLVER, "/etc");
    place = inside;
  }
  sbx_draft_file (self, SBX_BY_POLICY, "resolv.conf", "nameserver " SBX_NETWORK_RESOLVER "\n", place);
}

static void
add_rows (GByteArray *bytes, const SbxDestination *rows, gsize n, guint8 denies)
{
  for (gsize i = 0; i < n; i++) {
    SbxDestination row = rows[i];

    row.denies = denies;
    g_byte_array_append (bytes, (const guint8 *) &row, sizeof row);
  }
}

GBytes *
sbx_network_list_destinations (const SbxPolicy *policy)
{
  GByteArray *bytes = g_byte_array_new ();
  gsize n_allowed, n_denied;
  const SbxDestination *allowed = sbx_policy_get_allowed (policy, &n_allowed);
  const SbxDestination *denied = sbx_policy_get_denied (policy, &n_denied);

  add_rows (bytes, denied, n_denied, 1);
  add_rows (bytes, allowed, n_allowed, 0);
  return g_byte_array_free_to_bytes (bytes);
}

static gboolean
reaches_host (const SbxPolicy *policy)
{
  gsize n;
  const SbxDestination *rows = sbx_policy_get_allowed (policy, &n);

  for (gsize i = 0; i < n; i++)
    if (rows[i].place == SBX_PLACE_HOST)
      return TRUE;
  return FALSE;
}

void
sbx_network_add (SbxDraft *self)
{
  static const char *const words[] = { "--target-type=bess",
                                       "--mtu=" SBX_NETWORK_MTU_TEXT,
                                       "--enable-ipv6",
                                       "--ready-fd=" SBX_FD_TEXT (SBX_SIDECAR_LINK_FD),
                                       DIRECTORY "/" SBX_NETWORK_SOCKET,
                                       NULL };
  g_autofree char *directory = NULL;
  const SbxPublished *rows;
  GPtrArray *argv;
  gsize n;

  if (!sbx_network_is_private (self->policy) || self->box->handler)
    return;
  directory = sbx_sidecar_get_directory (self, SBX_SIDECAR_NETWORK);
  argv = sbx_sidecar_begin_connected (self);
  sbx_sidecar_add_words (argv, (const char *const[]){ "--dev-bind", "/dev/urandom", "/dev/urandom", "--bind", directory,
                                                      DIRECTORY, NULL });
  show_resolver (self, argv);
  sbx_sidecar_run (argv, self->machine->slirp4netns);
  /* The border keeps the gateway, which stands for the host's loopback, to the ports of allow=host */
  if (!reaches_host (self->policy))
    sbx_sidecar_add_words (argv, (const char *const[]){ "--disable-host-loopback", NULL });
  sbx_sidecar_add_words (argv, words);
  rows = sbx_policy_get_published (self->policy, &n);
  if (n > 0)
    self->box->published = g_bytes_new (rows, n * sizeof *rows);
  sbx_sidecar_add (self, SBX_SIDECAR_NETWORK, argv, NULL);
  g_array_index (self->box->sidecars, SbxPlanSidecar, self->box->sidecars->len - 1).to =
      sbx_network_list_destinations (self->policy);
}
