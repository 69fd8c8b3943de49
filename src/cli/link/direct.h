/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Straight to the service's own socket, beside the session bus or without one (daemon/bus/listener.h). */
#pragma once

#include "cli/link/connection.h"

G_BEGIN_DECLS

/* To the service of the bus at @bus, or to that without any (NULL; `sandboxd --session`). Returns NULL when nobody
 * answers there, or somebody else than this user: the bus has or starts it then, or we do. */
SbxConnection *sbx_direct_connect (const char *bus);

G_END_DECLS
