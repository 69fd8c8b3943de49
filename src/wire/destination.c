/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/destination.h"

#include <string.h>

typedef struct {
  uint8_t bytes[16];
  uint8_t bits;
  uint8_t place;
} Range;

/* IANA's special-purpose registries, as far as an address in them is on this machine or near it; of two ranges that
 * share addresses the narrower comes first. All that is not named is the Internet. */
static const Range ranges4[] = {
  { { 0 }, 8, SBX_PLACE_NOWHERE },             /* this network */
  { { 10, 0, 2 }, 24, SBX_PLACE_NOWHERE },     /* the stack's own (wire/network.h) */
  { { 10 }, 8, SBX_PLACE_LAN },                /* private (RFC 1918) */
  { { 100, 64 }, 10, SBX_PLACE_LAN },          /* of the provider, of VPNs, and of a cloud's metadata (RFC 6598) */
  { { 127 }, 8, SBX_PLACE_NOWHERE },           /* this machine */
  { { 168, 63, 129, 16 }, 32, SBX_PLACE_LAN }, /* a cloud's metadata, on a public address */
  { { 169, 254 }, 16, SBX_PLACE_LAN },         /* link-local, and most clouds' metadata */
  { { 172, 16 }, 12, SBX_PLACE_LAN },          /* private */
  { { 192, 0, 0 }, 24, SBX_PLACE_LAN },        /* protocol assignments, and a cloud's metadata */
  { { 192, 88, 99 }, 24, SBX_PLACE_NOWHERE },  /* 6to4 relays */
  { { 192, 168 }, 16, SBX_PLACE_LAN },         /* private */
  { { 224 }, 4, SBX_PLACE_NOWHERE },           /* multicast */
  { { 240 }, 4, SBX_PLACE_NOWHERE },           /* reserved, broadcast */
};

/* 2000::/3 are the global addresses; in that are some in which others are wrapped. All that is not named is nowhere. */
static const Range ranges6[] = {
  { { 0x20, 0x01 }, 32, SBX_PLACE_NOWHERE }, /* Teredo */
  { { 0x20, 0x02 }, 16, SBX_PLACE_NOWHERE }, /* 6to4: an IPv4 address follows */
  { { 0x20 }, 3, SBX_PLACE_INTERNET },
  { { 0xfd, 0 }, 64, SBX_PLACE_NOWHERE }, /* the stack's own */
  { { 0xfc }, 7, SBX_PLACE_LAN },         /* unique local */
  { { 0xfe, 0x80 }, 10, SBX_PLACE_LAN },  /* link-local */
};

bool
sbx_address_is_in (const uint8_t *address, const uint8_t *bytes, unsigned bits)
{
  unsigned whole = bits / 8, rest = bits % 8;

  return memcmp (address, bytes, whole) == 0 && (rest == 0 || (address[whole] ^ bytes[whole]) >> (8 - rest) == 0);
}

SbxDestinationPlace
sbx_destination_place (const uint8_t *bytes, unsigned bits, bool is_ipv6)
{
  const Range *ranges = is_ipv6 ? ranges6 : ranges4;
  const size_t n = is_ipv6 ? sizeof ranges6 / sizeof *ranges6 : sizeof ranges4 / sizeof *ranges4;
  const SbxDestinationPlace rest = is_ipv6 ? SBX_PLACE_NOWHERE : SBX_PLACE_INTERNET;
  bool has_other = false;

  for (size_t i = 0; i < n; i++) {
    const SbxDestinationPlace place = (SbxDestinationPlace) ranges[i].place;

    if (ranges[i].bits <= bits && sbx_address_is_in (bytes, ranges[i].bytes, ranges[i].bits))
      return place;
    /* A part of it; what is nowhere the border leaves out by itself */
    if (ranges[i].bits > bits && sbx_address_is_in (ranges[i].bytes, bytes, bits) && place != SBX_PLACE_NOWHERE)
      has_other = true;
  }
  return has_other ? SBX_PLACE_NETWORK : rest;
}

static bool
is_letter (char letter)
{
  return (letter >= 'a' && letter <= 'z') || letter == '-' || letter == '_';
}

bool
sbx_name_is_valid (const char *name)
{
  const char *at = name[0] == '*' && name[1] == '.' ? name + 2 : name;
  size_t n = strnlen (name, SBX_NAME_SIZE), in_label = 0, dots = 0;
  bool has_letter = false;

  for (; *at && n < SBX_NAME_SIZE; at++) {
    if (*at == '.') {
      if (in_label == 0)
        return false;
      in_label = 0;
      dots++;
      has_letter = false;
    } else if (!is_letter (*at) && (*at < '0' || *at > '9')) {
      return false;
    } else if (++in_label > 63) {
      return false;
    }
    has_letter |= is_letter (*at);
  }
  return n < SBX_NAME_SIZE && dots > 0 && in_label > 0 && has_letter;
}

bool
sbx_name_matches (const char *pattern, const char *name)
{
  size_t n = strlen (name), tail;

  if (pattern[0] != '*')
    return strcmp (pattern, name) == 0;
  pattern++; /* ".example.org" */
  tail = strlen (pattern);
  return n > tail && strcmp (name + n - tail, pattern) == 0;
}

/* Of a name's row the name, and of all others none. */
static bool
has_name (const SbxDestination *row)
{
  static const uint8_t none[16];
  const size_t n = strnlen (row->name, sizeof row->name);

  for (size_t i = n; i < sizeof row->name; i++)
    if (row->name[i])
      return false;
  if (row->place != SBX_PLACE_NAME)
    return n == 0;
  return sbx_name_is_valid (row->name) && row->is_ipv6 == 0 && row->bits == 0
         && memcmp (row->bytes, none, sizeof none) == 0;
}

static bool
is_protocol (uint8_t protocol)
{
  return protocol == SBX_PROTOCOL_ANY || protocol == SBX_PROTOCOL_ICMP || protocol == SBX_PROTOCOL_TCP
         || protocol == SBX_PROTOCOL_UDP;
}

bool
sbx_destination_is_valid (const SbxDestination *row)
{
  return row->place < SBX_N_DESTINATION_PLACES && row->denies <= 1 && row->is_ipv6 <= 1 && row->unused == 0
         && is_protocol (row->protocol) && row->bits <= (row->is_ipv6 ? 128 : 32) && row->first <= row->last
         && has_name (row);
}

static bool
covers_place (const SbxDestination *a, const SbxDestination *b)
{
  /* What a name leads to is in the Internet: so is the name, with being told */
  if (b->place == SBX_PLACE_NAME)
    return a->place == SBX_PLACE_INTERNET || (a->place == SBX_PLACE_NAME && sbx_name_matches (a->name, b->name));
  if (a->place == SBX_PLACE_NETWORK)
    return b->place == SBX_PLACE_NETWORK && a->is_ipv6 == b->is_ipv6 && a->bits <= b->bits
           && sbx_address_is_in (b->bytes, a->bytes, a->bits);
  return a->place == b->place
         || (b->place == SBX_PLACE_NETWORK
             && sbx_destination_place (b->bytes, b->bits, b->is_ipv6) == (SbxDestinationPlace) a->place);
}

bool
sbx_destination_covers (const SbxDestination *a, const SbxDestination *b)
{
  return covers_place (a, b) && (a->protocol == SBX_PROTOCOL_ANY || a->protocol == b->protocol) && a->first <= b->first
         && a->last >= b->last;
}

bool
sbx_destination_meet (const SbxDestination *a, const SbxDestination *b, SbxDestination *both)
{
  /* Of two places, and of two protocols, the one is within the other, or they are apart */
  if (a->protocol && b->protocol && a->protocol != b->protocol)
    return false;
  if (covers_place (a, b))
    *both = *b;
  else if (covers_place (b, a))
    *both = *a;
  else
    return false;
  both->protocol = a->protocol ? a->protocol : b->protocol;
  both->first = a->first > b->first ? a->first : b->first;
  both->last = a->last < b->last ? a->last : b->last;
  if (both->protocol == SBX_PROTOCOL_ICMP) /* which has no ports: only all of them are any */
    return both->first == 0 && both->last == SBX_PORT_MAX;
  return both->first <= both->last;
}
