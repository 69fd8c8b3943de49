/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many descriptors through one: they are sent over a socket pair before anybody reads, and its other end is handed on.
 */
#pragma once

#include "common/fd-list.h"

G_BEGIN_DECLS

/* Returns a socket over which copies of all of @list can be received, or -1 with SPAWN_FAILED. The caller's to close;
 * what has not been received by then is closed by the kernel. */
int sbx_descriptors_send (const SbxFdList *list, GError **error);

/* Receives what is there, in order, without waiting. @sock stays the caller's. NULL with BAD_OPTION for what is no
 * SOCK_SEQPACKET socket, whose other end is still open, or which carries a packet without any, none or more than @most.
 */
SbxFdList *sbx_descriptors_receive (int sock, gsize most, GError **error);

G_END_DECLS
