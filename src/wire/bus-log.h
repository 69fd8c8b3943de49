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

#ifdef __cplusplus
extern "C" {
#endif

#define SBX_BUS_LOG_REFUSALS 32
#define SBX_BUS_LOG_NAME 256   /* with its NUL; a D-Bus name has 255 bytes at most (D-Bus specification, Valid Names) */
#define SBX_BUS_LOG_MEMBER 512 /* interface, dot, member */
#define SBX_BUS_LOG_LINE 1536

/* What would have been needed; the numbers are the proxy's own (FlatpakPolicy). */
typedef enum {
  SBX_BUS_NEEDS_SEE = 1,
  SBX_BUS_NEEDS_TALK = 2,
  SBX_BUS_NEEDS_OWN = 3,
} SbxBusNeed;

typedef struct {
  char name[SBX_BUS_LOG_NAME], member[SBX_BUS_LOG_MEMBER];
  SbxBusNeed need;
  uint32_t count;       /* since it is in the table */
  uint64_t first, last; /* by the number of refusals so far */
  bool changed;         /* since the reader has set it to false */
} SbxBusRefusal;

/* Zero is a log of which nothing has been read. */
typedef struct {
  SbxBusRefusal refusals[SBX_BUS_LOG_REFUSALS]; /* those that came most often, and those that came last: half of each.
                                                   A new one may take the place of one that is neither */
  size_t n_refusals;
  uint64_t n_seen;  /* refusals so far */
  uint32_t dropped; /* of those, the ones that the table does not count any more */
  char line[SBX_BUS_LOG_LINE];
  size_t length;
  bool too_long;                                           /* the line; the rest of it is passed over */
  char name[SBX_BUS_LOG_NAME], member[SBX_BUS_LOG_MEMBER]; /* of the last call; "" when its fate is known */
} SbxBusLog;

/* Takes @size more bytes of what was printed. */
void sbx_bus_log_feed (SbxBusLog *log, const char *bytes, size_t size);

/* Whether @name is a bus name (unique ones included) and @member an interface with a member, by their characters. */
bool sbx_bus_log_is_name (const char *name);
bool sbx_bus_log_is_member (const char *member);

#ifdef __cplusplus
}
#endif
