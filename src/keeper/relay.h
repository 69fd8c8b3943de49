/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process of its own that leads ports of this machine into a sandbox's own network. It has the sockets at which the
 * keeper listens in the host's network, and makes those that it connects with in the sandbox's, whose user and network
 * namespace it joins; it gives up every capability there before it takes anything. So nothing of what is published goes
 * through the stack or the border, and no way leads out: what begins inside never reaches it. libc only.
 *
 * It lives as long as its control socket, on which it says one byte when it stands. When it ends, the ports are closed.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "wire/published.h"

#define SBX_RELAY_SOCKETS (2 * SBX_PUBLISHED) /* the loopback has two families */
#define SBX_RELAY_CONNECTIONS 256             /* of TCP, at the same time; more wait to be accepted */
#define SBX_RELAY_PEERS 64                    /* of UDP; who has been silent for longest makes room */

/* A socket of the host's network that listens, or is bound; and where it leads. */
typedef struct {
  int fd;
  uint8_t protocol; /* as in SbxPublished */
  uint16_t inside;
} SbxRelaySocket;

typedef struct {
  int user, network; /* namespaces */
  int control;
  size_t n;
  SbxRelaySocket sockets[SBX_RELAY_SOCKETS];
} SbxRelay;

/* Opens the sockets of @row behind those that @self has: 0; or -1 with errno and none of that row: EADDRINUSE, EACCES
 * for a port that is root's alone, EADDRNOTAVAIL for an address that this machine has not got. */
int sbx_relay_listen (SbxRelay *self, const SbxPublished *row);
/* Closes all of them. */
void sbx_relay_close (SbxRelay *self);
/* In a child of the keeper's; does not return. */
void sbx_relay_run (const SbxRelay *self) __attribute__ ((noreturn));
