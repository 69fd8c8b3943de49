/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/link/bus-error.h"

#include <string.h>

#include "common/error.h"

#define STANDARD "org.freedesktop.DBus.Error."

G_DEFINE_QUARK (sbx - bus - error - quark, sbx_bus_error)

/* D-Bus specification, "Message Bus Messages", and dbus-protocol.h. */
static const struct {
  const char *name;
  SbxBusError code;
} rows[] = {
  { STANDARD "NoReply", SBX_BUS_ERROR_NO_REPLY },
  { STANDARD "NameHasNoOwner", SBX_BUS_ERROR_NO_OWNER },
  { STANDARD "Disconnected", SBX_BUS_ERROR_DISCONNECTED },
  { STANDARD "ServiceUnknown", SBX_BUS_ERROR_SERVICE_UNKNOWN },
  { STANDARD "UnknownMethod", SBX_BUS_ERROR_UNKNOWN_METHOD },
  { STANDARD "Spawn.ChildSignaled", SBX_BUS_ERROR_CHILD_SIGNALED },
  { STANDARD "Spawn.ChildExited", SBX_BUS_ERROR_CHILD_EXITED },
};

GError *
sbx_bus_error_new (const char *name, const char *text)
{
  SbxError own;

  if (!name)
    name = "?";
  if (!text || !*text)
    text = name;
  if (sbx_error_from_name (name, &own))
    return g_error_new_literal (SBX_ERROR, (gint) own, text);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (strcmp (rows[i].name, name) == 0)
      return g_error_new_literal (SBX_BUS_ERROR, (gint) rows[i].code, text);
  return g_error_new_literal (SBX_BUS_ERROR, SBX_BUS_ERROR_OTHER, text);
}
