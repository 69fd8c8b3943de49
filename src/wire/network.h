/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network of a sandbox's own, as slirp4netns makes it (slirp4netns(1), "Default network"): the addresses that it and
 * the sandbox have, and its socket. */
#pragma once

#define SBX_NETWORK_SOCKET "stack" /* in the sidecar's directory of the record */
#define SBX_NETWORK_INTERFACE "tap0"
#define SBX_NETWORK_MTU 65520
#define SBX_NETWORK_MTU_TEXT "65520"
#define SBX_NETWORK_ADDRESS "10.0.2.100" /* the sandbox's */
#define SBX_NETWORK_MASK "255.255.255.0"
#define SBX_NETWORK_GATEWAY "10.0.2.2"  /* the host's loopback, unless disabled: closed at the border */
#define SBX_NETWORK_RESOLVER "10.0.2.3" /* passes questions on to the host's resolvers */
#define SBX_NETWORK_ADDRESS6 "fd00::100"
#define SBX_NETWORK_PREFIX6 64
#define SBX_NETWORK_GATEWAY6 "fd00::2"
#define SBX_NETWORK_RESOLVER6 "fd00::3"
