/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A screen reader calls into applications; these announce themselves to a registry, ask it who listens to which events,
 * and tell events by signal. So from inside only that is let through: no call to another application, by which one
 * could read its windows and press its buttons, and no event of another one. */
#include "plan/mounts/accessibility.h"

#include <string.h>

#include "common/path.h"
#include "plan/mounts/address.h"
#include "plan/sidecar.h"
#include "wire/layout.h"

#define INSIDE "/run/sandbox/a11y"
#define ADDRESS "unix:path=" INSIDE "/bus"

#define CALL(interface, member, path) "--call=org.a11y.atspi.Registry=org.a11y.atspi." interface "." member "@" path
#define ROOT "/org/a11y/atspi/accessible/root"
#define EVENTS "/org/a11y/atspi/registry"
#define KEYS EVENTS "/deviceeventcontroller"

static const char *const rules[] = { CALL ("Socket", "Embed", ROOT),
                                     CALL ("Socket", "Unembed", ROOT),
                                     CALL ("Registry", "GetRegisteredEvents", EVENTS),
                                     CALL ("DeviceEventController", "GetKeystrokeListeners", KEYS),
                                     CALL ("DeviceEventController", "NotifyListenersSync", KEYS),
                                     CALL ("DeviceEventController", "NotifyListenersAsync", KEYS),
                                     "--broadcast=org.a11y.atspi.Registry=org.a11y.atspi.Registry.*@" EVENTS,
                                     NULL };

gboolean
sbx_mounts_wants_accessibility (const SbxPolicy *policy)
{
  gsize n;
  const SbxBusRule *names = sbx_policy_get_bus (policy, SBX_BUS_SESSION, &n);

  if (sbx_policy_get_sockets (policy) & SBX_SOCKET_SESSION_BUS)
    return FALSE;
  for (gsize i = 0; i < n; i++)
    if (names[i].access >= SBX_BUS_TALK && sbx_names_cover (names[i].name, "org.a11y.Bus"))
      return TRUE;
  return FALSE;
}

/* The address that the session bus tells names a socket outside; inside, it is this one's, if the place is one that the
 * sandbox has for itself. */
static void
link_usual_place (SbxDraft *self, const char *socket)
{
  const char *runtime = self->box->runtime_dir;

  if ((runtime && sbx_path_is_below (socket, runtime)) || sbx_path_is_below (socket, "/tmp"))
    sbx_draft_skeleton_link (self, INSIDE "/bus", socket);
}

static void
add_proxy (SbxDraft *self, const char *socket)
{
  static const char link[] = "--fd=" SBX_FD_TEXT (SBX_SIDECAR_LINK_FD);
  GPtrArray *argv = sbx_sidecar_begin (self);
  g_autofree char *directory = sbx_sidecar_get_directory (self, SBX_SIDECAR_ACCESSIBILITY);
  g_autofree char *own = g_build_filename (directory, "bus", NULL);
  g_autofree char *address = g_strconcat ("unix:path=", socket, NULL);

  sbx_sidecar_add_words (argv,
                         (const char *const[]){ "--bind", directory, directory, "--ro-bind", socket, socket, NULL });
  sbx_sidecar_run (argv, self->machine->dbus_proxy);
  /* sloppy: who embeds it is told by its unique name, and its going away has to be heard */
  sbx_sidecar_add_words (argv, (const char *const[]){ link, address, own, "--filter", "--sloppy-names", NULL });
  sbx_sidecar_add_words (argv, rules);
  sbx_sidecar_add (self, SBX_SIDECAR_ACCESSIBILITY, argv, NULL);
  sbx_draft_bind (self, SBX_BY_POLICY, SBX_MOUNT_READ_ONLY, directory, INSIDE);
  sbx_draft_offer (self, SBX_OFFER_FIXED, "AT_SPI_BUS_ADDRESS", ADDRESS);
}

void
sbx_mounts_add_accessibility (SbxDraft *self)
{
  g_autofree char *found = NULL, *socket = NULL;

  if (!sbx_mounts_wants_accessibility (self->policy)) {
    sbx_draft_offer (self, SBX_OFFER_FALLBACK, "NO_AT_BRIDGE", "1"); /* else GTK 3 complains at each start */
    return;
  }
  found = self->request->accessibility ? sbx_mounts_socket_of (self->request->accessibility) : NULL;
  if (!found || !g_path_is_absolute (found))
    return;
  socket = g_canonicalize_filename (found, "/");
  if (!sbx_draft_may_be_socket (self, socket))
    return;
  add_proxy (self, socket);
  link_usual_place (self, socket);
}
