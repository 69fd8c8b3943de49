/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keepers come and go; while there is one, the session is there. libc only. */
#pragma once

#include "session/namespaces.h"

/* Tells every keeper that connects to @listener what to join, until the last one is gone; then takes the socket
 * SBX_SESSION_SOCKET out of @directory, under the lock under which it is connected to, so that nobody connects to a
 * session that is ending. Processes that have lost their own sandbox-init come to us, and are killed. Returns when
 * nobody is left, or when poll(2) fails. */
void sbx_session_serve (const SbxSessionSpace *space, int listener, int directory);
/* Tells the first one that connects that there is none, and why. */
void sbx_session_refuse (int listener, int directory, int error, const char *step);
