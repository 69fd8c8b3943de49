/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The border of a sandbox's own network: which of its frames reach the stack that carries them into the world, and
 * which come back. Nothing here opens, reads or waits; a frame is bytes that nobody has looked at yet. libc only.
 *
 * What may cross: ARP and neighbour discovery, with which the sandbox finds the stack; TCP, UDP and echo requests to
 * where a row allows them and none denies them; what answers these. No frame is remembered: a destination that is
 * closed is closed for the connections that are there as well. Where rows have names, the resolver is asked by UDP for
 * these alone, and what it answers is open while that holds, or is used. Whatever the rows say there is no way for what
 * stands for this machine itself, multicast, addresses in which others are wrapped, and fragments and options, of which
 * no ordinary program makes any (the interface takes packets of 64 KiB). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keeper/known-names.h"
#include "wire/destination.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SBX_FRAME_MAX 65536 /* SBX_NETWORK_MTU and its header */
#define SBX_REFUSAL_MAX 384 /* a refused question, of the longest name */
#define SBX_HOST_ADDRESSES 256

/* An address of this machine. */
typedef struct {
  uint8_t bytes[16]; /* in network order; of IPv4 the first 4 */
  bool is_ipv6;
} SbxHostAddress;

typedef struct {
  uint32_t n;
  bool unknown; /* they could not be listed, or are too many: nothing may leave but questions to the resolver */
  SbxHostAddress rows[SBX_HOST_ADDRESSES];
} SbxHostAddresses;

/* What decides. Zero lets nothing pass. */
typedef struct {
  SbxHostAddresses host;
  uint32_t n;
  SbxDestination rows[SBX_DESTINATIONS];
  /* With rows of names: what the resolver has answered; borrowed, and kept up by checking. NULL: no names. It is the
   * border's own, and no part of an order. */
  SbxKnownNames *names;
} SbxBorder;

/* Where a packet that was refused should have gone; comparable byte by byte. */
typedef struct {
  uint8_t bytes[16];         /* as in SbxHostAddress */
  uint16_t port;             /* of an echo request 0 */
  uint8_t protocol, is_ipv6; /* SBX_PROTOCOL_*; 0 or 1 */
  uint8_t place, unused;     /* SbxDestinationPlace: which word would allow it; 0 */
  char name[SBX_NAME_SIZE];  /* what the resolver was asked for; NULs from its end on */
} SbxRefused;

typedef enum {
  SBX_BORDER_PASS,
  SBX_BORDER_REFUSE, /* an answer says so: sbx_border_refusal () */
  SBX_BORDER_DROP,   /* nothing that an answer could be given to */
} SbxVerdict;

/* Looks at a whole Ethernet frame from the sandbox, and at one from the stack. */
SbxVerdict sbx_border_check (const SbxBorder *self, const uint8_t *frame, size_t n);
SbxVerdict sbx_border_check_inwards (const SbxBorder *self, const uint8_t *frame, size_t n);
/* Where a frame from the sandbox leads that was refused. False: it is none. */
bool sbx_border_describe (const SbxBorder *self, const uint8_t *frame, size_t n, SbxRefused *refused);
/* Whether a row has a name. */
bool sbx_border_has_names (const SbxBorder *self);
/* Writes the answer to a refused @frame into @answer, as a frame to its sender, and returns its length: to a question
 * that is one for the resolver's answer that it is refused, to a TCP
 * connection that is there its reset, so that it ends at once, and to everything else the ICMP message
 * "administratively prohibited". */
size_t sbx_border_refusal (const uint8_t *frame, size_t n, uint8_t answer[SBX_REFUSAL_MAX]);
/* Writes what goes on in the place of a refused @frame into @instead, and returns its length: to whom a packet of a TCP
 * connection was going its reset, since it may never send anything itself; 0 of everything else. */
size_t sbx_border_ending (const uint8_t *frame, size_t n, uint8_t instead[SBX_REFUSAL_MAX]);

#ifdef __cplusplus
}
#endif
