/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way to sandbox-session, which holds the pid namespace of the instances with pidns=session. There is one for a
 * runtime directory, whichever service has started it. */
#pragma once

#include "daemon/instances/runtime-dir.h"

G_BEGIN_DECLS

/* Connects to it, and starts the program @path for that if there is none. It stays as long as the socket or another one
 * like it is open somewhere, and says over it what is to be joined (session/serve.h). Waits for no other process.
 * Returns the socket, which is the caller's, or -1 with SPAWN_FAILED or NOT_SUPPORTED. */
int sbx_pid_session_connect (SbxRuntimeDir *runtime, const char *path, GError **error);

G_END_DECLS
