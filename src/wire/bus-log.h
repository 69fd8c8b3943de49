/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What xdg-dbus-proxy --log says of messages that it did not let through. libc only.
 *
 * For each message of a client it prints a line, and behind it what became of that if it was not passed on
 * (flatpak-proxy.c of xdg-dbus-proxy 0.1.4, print_outgoing_header () and got_buffer_from_client ()):
 *
 *   C7: -> org.example.Name call org.example.Interface.Member at /path
 *   *HIDDEN* (ping)                                     or *DENIED*: the name may not be talked to
 *   Filtering message due to arg0 org.example.Name, policy: 0 (required 3)     that name may not be owned, or seen
 *
 * Names and members come from inside the sandbox: what is not one by the rules of D-Bus is passed over, and so is every
 * line that looks otherwise. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/denials.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SBX_BUS_LOG_LINE 1536

/* Zero is a log of which nothing has been read. */
typedef struct {
  char line[SBX_BUS_LOG_LINE];
  size_t length;
  bool too_long;                                           /* the line; the rest of it is passed over */
  char name[SBX_DENIAL_OBJECT], member[SBX_DENIAL_ACTION]; /* of the last call; "" when its fate is known */
} SbxBusLog;

/* Takes @size more bytes of what was printed, and adds to @denials what they say. */
void sbx_bus_log_feed (SbxBusLog *self, SbxDenials *denials, const char *bytes, size_t size);

#ifdef __cplusplus
}
#endif
