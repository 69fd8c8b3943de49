/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A D-Bus connection without a thread: to a message bus, or to one peer over a socket pair.
 *
 * GDBusConnection starts a thread, a main context and several stream objects, which is a third of the time that a short
 * command takes from start to end, and GIO alone is a dozen libraries to load; docs/benchmarks.md has the figures.
 * Messages are of bus-message.h; what is here is the handshake and the socket. */
#pragma once

#include "cli/link/bus-message.h"

G_BEGIN_DECLS

typedef struct _SbxConnection SbxConnection;

/* Connects to @address (several, separated by ';', are tried in turn; "autolaunch:" never) and says Hello. */
SbxConnection *sbx_connection_new_for_address (const char *address, GError **error);
/* The same for a connected stream socket with a server of its own at the other end. Takes @fd. */
SbxConnection *sbx_connection_new_for_peer (int fd, GError **error);
void sbx_connection_free (SbxConnection *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxConnection, sbx_connection_free)

/* To wait on with poll (), after sbx_connection_receive () has returned nothing. */
int sbx_connection_get_fd (const SbxConnection *self);

/* Sends @message, with copies of @fds, which may be NULL. Returns its serial, or 0 with @error. */
guint32 sbx_connection_send (SbxConnection *self, const SbxBusMessage *message, const SbxFdList *fds, GError **error);

/* The next message, waiting at most @ms milliseconds (-1: for ever; 0: not at all). NULL without @error when there is
 * none; SBX_BUS_ERROR_CLOSED at the end of the connection. */
SbxBusMessage *sbx_connection_receive (SbxConnection *self, int ms, GError **error);

/* The reply to @serial, which may be an error; every other message is kept for sbx_connection_receive (). Waits for
 * ever. NULL with @error when there is none to come. */
SbxBusMessage *sbx_connection_wait_for_message (SbxConnection *self, guint32 serial, GError **error);

G_END_DECLS
