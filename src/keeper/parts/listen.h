/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* listen (2) where the ports of bind= are limited. A TCP socket that listens without bind (2) gets a port of the
 * kernel's choice, and Landlock, which looks at bind, does not see it. So the filter hands the call to us
 * (seccomp_unotify(2)). We take the socket itself and not its number, which another thread could let mean another one
 * meanwhile: what we look at is what we let listen.
 *
 * Who connects to a UNIX socket that listens like that sees our number and not the application's (SO_PEERCRED,
 * unix(7)). */
#pragma once

#include <linux/seccomp.h>
#include <stdint.h>

#include "wire/block.h"

#define SBX_PORTS 65536

/* Bits: the ports that may be bound to. Zero is none. */
typedef struct {
  uint8_t bits[SBX_PORTS / 8];
} SbxListenPorts;

/* Adds those that the START @block names. */
void sbx_listen_ports_read (SbxListenPorts *self, const SbxBlock *block);
/* Lets who asks over @questions listen, if it may. 0: it listens; or the errno that it is to get: EACCES for another
 * port, and for a call that is not listen. */
int sbx_listen_answer (const SbxListenPorts *self, int questions, const struct seccomp_notif *question);
