/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service's own socket beside the session bus, or instead of it (`sandboxd --session`): the same objects, methods
 * and gates for a client that connects to it, without the bus daemon in between. No signals are sent there: whoever
 * waits for one does that on the bus.
 *
 * It is $XDG_RUNTIME_DIR/sandbox/bus-… or …/service, in a directory that is its owner's alone, and where no sandbox
 * looks. Who has connected is what the kernel says of the socket, as it is for a bus daemon. Only a process of our own
 * uid that is outside of all sandboxes is let in; for any other the connection is closed, and there is the bus. */
#pragma once

#include "daemon/bus/manager.h"

G_BEGIN_DECLS

typedef struct _SbxListener SbxListener;

/* @name, which it takes, is the socket's in that directory (common/session-bus.h); NULL: there is none. @manager must
 * outlive it, but for sbx_listener_free (). Nothing is opened yet. */
SbxListener *sbx_listener_new (SbxManager *manager, char *name);
/* Says the last answers and closes all connections. */
void sbx_listener_free (SbxListener *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxListener, sbx_listener_free)

/* From now on clients are let in. What a killed service has left in the place is replaced. Without a place (no runtime
 * directory, no unix: bus) there is the bus alone, which is told to the log. */
void sbx_listener_open (SbxListener *self);
/* The same for a service that has no other place: one at a time. FALSE with LIMITS while another one listens there,
 * which is known under the directory's lock; NOT_SUPPORTED when there is no place. */
gboolean sbx_listener_open_alone (SbxListener *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* No more of them; those that are there stay. Whom the kernel had let wait is not answered and turns to the bus. */
void sbx_listener_close (SbxListener *self);
/* Whether a client is there that is not among the manager's callers yet. */
gboolean sbx_listener_is_connecting (SbxListener *self);

G_END_DECLS
