/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a bus, or the way to a service, says went wrong: those that something follows from. What the service itself
 * refuses is SBX_ERROR. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  SBX_BUS_ERROR_OTHER,
  /* org.freedesktop.DBus.Error.NAME */
  SBX_BUS_ERROR_NO_REPLY,
  SBX_BUS_ERROR_NO_OWNER,
  SBX_BUS_ERROR_DISCONNECTED,
  SBX_BUS_ERROR_SERVICE_UNKNOWN,
  SBX_BUS_ERROR_UNKNOWN_METHOD,
  SBX_BUS_ERROR_CHILD_SIGNALED,
  SBX_BUS_ERROR_CHILD_EXITED,
  /* Ours */
  SBX_BUS_ERROR_CLOSED,    /* the connection */
  SBX_BUS_ERROR_ADDRESS,   /* not one that can be connected to */
  SBX_BUS_ERROR_MALFORMED, /* what came is no message */
} SbxBusError;

#define SBX_BUS_ERROR (sbx_bus_error_quark ())
GQuark sbx_bus_error_quark (void);

/* The error of D-Bus called @name, NULL for none, with @text: of SBX_ERROR if it is one of the service's own. */
GError *sbx_bus_error_new (const char *name, const char *text);

G_END_DECLS
