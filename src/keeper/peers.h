/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which sockets are connected to which servers, as the kernel tells it: sock_diag(7), of our network namespace, in
 * which the servers of the desktop are. libc only. */
#pragma once

#include <stdint.h>

/* The server's end of a connection. */
typedef struct {
  unsigned major, minor; /* of the socket's file, 0: it has none … */
  uint32_t inode;        /* … of which the kernel tells 32 bits */
  char name[109];        /* as the server has bound it, NUL-terminated; "": not to a file */
  uint32_t other;        /* the inode number of the socket at the other end, as /proc/PID/fd shows it */
} SbxPeer;

/* Calls @each for each connection of a stream or packets whose server's end is in our network namespace, also if the
 * server has not let it in yet (accept(2)). 0; or -1 with
 * errno: ENOENT for a kernel without sock_diag, or what socket(2), send(2) and recv(2) say. */
int sbx_peers_list (void (*each) (void *data, const SbxPeer *peer), void *data);
