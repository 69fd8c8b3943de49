/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which session bus there is, and what the socket is called that its service listens on beside it. Service and client
 * say both by the same functions, and so mean the same bus. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The address of the session bus, by DBUS_SESSION_BUS_ADDRESS or, as the D-Bus specification has it, the socket "bus"
 * in XDG_RUNTIME_DIR; g_free (). NULL where there is none. It is never asked of X11, which would start a bus of its
 * own ("autolaunch"). */
char *sbx_session_bus_find (void);

/* Takes the first path= or abstract= of a unix: address out of @address (several are separated by ';', D-Bus
 * specification, "Server Addresses"). An abstract name begins with a zero byte. NULL: it has none; else free the bytes,
 * which are @size. */
char *sbx_session_bus_parse (const char *address, gsize *size);

/* The name in $XDG_RUNTIME_DIR/sandbox of the socket of the service of the bus at @address; g_free (). A runtime
 * directory may have several buses (dbus-run-session), so the bus's place is part of it. NULL: a bus without a place
 * has no such socket. */
char *sbx_session_socket_name (const char *address);

G_END_DECLS
