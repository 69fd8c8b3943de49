/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service, the keeper and sandbox-init take for granted of each other, beside messages and blocks: numbers of
 * inherited descriptors, and where things are. */
#pragma once

/* Of sandbox-keeper: one end of a pair, sandboxd has the other (message.h) */
#define SBX_KEEPER_SOCKET_FD 3
/* Of bwrap and of sandbox-init: its socket to the keeper; the program itself, executed as /proc/self/fd/9 */
#define SBX_INIT_CONTROL_FD 8
#define SBX_INIT_PROGRAM_FD 9

/* The record of an instance, in $XDG_RUNTIME_DIR/sandbox/<id as 16 hex digits>/ */
#define SBX_KEEPER_SOCKET "keeper"
#define SBX_STATUS_FILE "status"
#define SBX_INFO_FILE "info"
#define SBX_BUS_SUBDIR "bus" /* the proxy's sockets */
#define SBX_X11_SUBDIR "x11" /* the X server's */

/* Where a handler finds its target's files, read-only */
#define SBX_TARGET_ROOT "/run/sandbox/target"
