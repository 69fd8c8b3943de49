/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses of message buses. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Returns the path of the socket that a bus's address names, g_free; NULL for an address of another form: abstract
 * sockets are out of the reach of an instance. */
char *sbx_mounts_socket_of (const char *address);

G_END_DECLS
