/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where packets may go: [Network] allow= and deny=, as policies keep them, blocks carry them and the border of a
 * private network compares them. libc only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What an address is to this machine. */
typedef enum {
  SBX_PLACE_INTERNET,
  SBX_PLACE_LAN,     /* private, link-local and the like: the table in destination.c */
  SBX_PLACE_HOST,    /* this machine: its addresses, and its loopback by the gateway's address */
  SBX_PLACE_DNS,     /* the stack's resolver */
  SBX_PLACE_NETWORK, /* only of rows: a network, which the rest of the row names */
  SBX_PLACE_NAME,    /* only of rows: what the resolver says of a name, as far as that is in the Internet */
  SBX_N_DESTINATION_PLACES,
  SBX_PLACE_NOWHERE, /* never a destination: what stands for this machine itself, multicast, wrapped addresses */
} SbxDestinationPlace;

/* linux/in.h; of both families' echo requests it is ICMP */
enum { SBX_PROTOCOL_ANY = 0, SBX_PROTOCOL_ICMP = 1, SBX_PROTOCOL_TCP = 6, SBX_PROTOCOL_UDP = 17 };

#define SBX_DESTINATIONS 128 /* rows of one sandbox, allowed and denied ones together */
#define SBX_PORT_MAX 65535
#define SBX_NAME_SIZE 254 /* with its NUL (RFC 1035, 2.3.4: 255 bytes, of which two are not written) */

/* A row; comparable byte by byte. */
typedef struct {
  uint8_t place;
  uint8_t denies;           /* 0, or 1: takes away */
  uint8_t protocol;         /* SBX_PROTOCOL_* */
  uint8_t is_ipv6;          /* of NETWORK, as bits and bytes: 0 or 1 */
  uint8_t bits;             /* of the prefix */
  uint8_t unused;           /* 0 */
  uint16_t first, last;     /* ports; from 0 to SBX_PORT_MAX is all of them, and echo requests */
  uint8_t bytes[16];        /* in network order; of IPv4 the first 4; 0 behind the prefix */
  char name[SBX_NAME_SIZE]; /* of NAME: "example.org", "*.example.org"; NULs from its end on */
} SbxDestination;

/* Whether bytes from elsewhere are a row. */
bool sbx_destination_is_valid (const SbxDestination *row);
/* What the network of that prefix is: INTERNET, LAN or NOWHERE as a whole; NETWORK when it is partly the Internet and
 * partly a LAN. Without regard to this machine's addresses, and to the parts of a network that are nowhere. */
SbxDestinationPlace sbx_destination_place (const uint8_t *bytes, unsigned bits, bool is_ipv6);
/* Whether @address is in the network of that prefix. */
bool sbx_address_is_in (const uint8_t *address, const uint8_t *bytes, unsigned bits);
/* Whether @name, in small letters, is the name of a host: two labels at least, the last of which is no number; it may
 * begin with "*.", which stands for one label or more. */
bool sbx_name_is_valid (const char *name);
/* Whether @name is @pattern, or begins with what its "*" stands for. */
bool sbx_name_matches (const char *pattern, const char *name);
/* Whether whatever @b names is named by @a as well, both denying or both not. */
bool sbx_destination_covers (const SbxDestination *a, const SbxDestination *b);
/* What both name, in @both; false: nothing. */
bool sbx_destination_meet (const SbxDestination *a, const SbxDestination *b, SbxDestination *both);

#ifdef __cplusplus
}
#endif
