/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One end of a socket to a sandbox-keeper, in the main loop. Never blocks. */
#pragma once

#include <glib-object.h>

#include "wire/message.h"

G_BEGIN_DECLS

#define SBX_TYPE_KEEPER_LINK (sbx_keeper_link_get_type ())
G_DECLARE_FINAL_TYPE (SbxKeeperLink, sbx_keeper_link, SBX, KEEPER_LINK, GObject)

/* @message, or NULL once the keeper has gone (or sent what no keeper sends). Nothing comes after that. @fd: the
 * descriptor that came with it, or -1; the link closes it afterwards. */
typedef void (*SbxKeeperLinkFunc) (SbxKeeperLink *link, const SbxMessage *message, int fd, gpointer user_data);

/* Takes over the SOCK_SEQPACKET socket @fd. @func may drop its last reference to the link. */
SbxKeeperLink *sbx_keeper_link_new (int fd, SbxKeeperLinkFunc func, gpointer user_data);
/* Closes the socket; the function is not called any more. */
void sbx_keeper_link_close (SbxKeeperLink *self);

/* Sends or, when the keeper does not read fast enough, queues. The descriptors stay the caller's. Errors: EXITED when
 * the keeper has gone, LIMITS when too much is queued already, SPAWN_FAILED for what sendmsg(2) says. */
gboolean sbx_keeper_link_send (SbxKeeperLink *self, const SbxMessage *message, const int *fds, gsize n_fds,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
