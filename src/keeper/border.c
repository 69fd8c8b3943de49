/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/border.h"

#include <string.h>

#define ETHERNET 14 /* bytes of header; likewise below, without options */
#define IPV4 20
#define IPV6 40
#define TCP 20
#define UDP 8
#define ICMP 8

/* linux/if_ether.h, linux/in.h, linux/in6.h, linux/icmp.h, linux/icmpv6.h */
enum { TYPE_ARP = 0x0806, TYPE_IPV4 = 0x0800, TYPE_IPV6 = 0x86dd };
enum { IS_ICMP = 1, IS_TCP = 6, IS_UDP = 17, IS_ICMPV6 = 58 };
enum { ECHO = 8, ECHO6 = 128, ROUTER_SOLICITATION = 133, NEIGHBOUR_SOLICITATION = 135, NEIGHBOUR_ADVERTISEMENT = 136 };
#define PORT_DNS 53

/* wire/network.h, as bytes */
static const uint8_t own[4] = { 10, 0, 2, 100 }, resolver[4] = { 10, 0, 2, 3 }, gateway[4] = { 10, 0, 2, 2 };
static const uint8_t resolver6[16] = { 0xfd, [15] = 3 }, gateway6[16] = { 0xfd, [15] = 2 };

typedef struct {
  uint8_t bytes[16];
  uint8_t bits;
} Prefix;

/* IANA's special-purpose registry, as far as an address in it is on this machine or near it. */
static const Prefix closed4[] = {
  { { 0 }, 8 },                 /* this network */
  { { 10 }, 8 },                /* private (RFC 1918) */
  { { 100, 64 }, 10 },          /* of the provider, of VPNs, and of a cloud's metadata (RFC 6598) */
  { { 127 }, 8 },               /* this machine */
  { { 168, 63, 129, 16 }, 32 }, /* a cloud's metadata, on a public address */
  { { 169, 254 }, 16 },         /* link-local, and most clouds' metadata */
  { { 172, 16 }, 12 },          /* private */
  { { 192, 0, 0 }, 24 },        /* protocol assignments, and a cloud's metadata */
  { { 192, 88, 99 }, 24 },      /* 6to4 relays */
  { { 192, 168 }, 16 },         /* private */
  { { 224 }, 4 },               /* multicast */
  { { 240 }, 4 },               /* reserved, broadcast */
};

/* Of IPv6 all is closed but 2000::/3, the global addresses, and in that what other addresses are wrapped in. */
static const Prefix open6 = { { 0x20 }, 3 };
static const Prefix closed6[] = {
  { { 0x20, 0x01 }, 32 }, /* Teredo */
  { { 0x20, 0x02 }, 16 }, /* 6to4: an IPv4 address follows */
};

static uint16_t
get16 (const uint8_t *at)
{
  return (uint16_t) (at[0] << 8 | at[1]);
}

static void
put16 (uint8_t *at, uint16_t value)
{
  at[0] = (uint8_t) (value >> 8);
  at[1] = (uint8_t) value;
}

static bool
is_in (const uint8_t *address, const Prefix *prefix)
{
  unsigned whole = prefix->bits / 8, rest = prefix->bits % 8;

  return memcmp (address, prefix->bytes, whole) == 0
         && (rest == 0 || (address[whole] ^ prefix->bytes[whole]) >> (8 - rest) == 0);
}

static bool
is_in_any (const uint8_t *address, const Prefix *list, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (is_in (address, &list[i]))
      return true;
  return false;
}

static bool
is_of_host (const SbxHostAddresses *host, const uint8_t *address, bool is_ipv6)
{
  if (host->unknown)
    return true;
  for (uint32_t i = 0; i < host->n; i++)
    if (host->rows[i].is_ipv6 == is_ipv6 && memcmp (host->rows[i].bytes, address, is_ipv6 ? 16 : 4) == 0)
      return true;
  return false;
}

/* What a packet is made of, once its header is known to be in order. */
typedef struct {
  const uint8_t *to;
  const uint8_t *payload;
  size_t n;
  uint8_t protocol;
  bool is_ipv6;
} Packet;

static bool
is_to_resolver (const Packet *packet)
{
  return memcmp (packet->to, packet->is_ipv6 ? resolver6 : resolver, packet->is_ipv6 ? 16 : 4) == 0;
}

static bool
is_closed (const SbxHostAddresses *host, const Packet *packet)
{
  if (packet->is_ipv6 ? !is_in (packet->to, &open6) || is_in_any (packet->to, closed6, sizeof closed6 / sizeof *closed6)
                      : is_in_any (packet->to, closed4, sizeof closed4 / sizeof *closed4))
    return true;
  return is_of_host (host, packet->to, packet->is_ipv6);
}

static SbxVerdict
check_packet (const SbxHostAddresses *host, const Packet *packet)
{
  bool echo = packet->protocol == (packet->is_ipv6 ? IS_ICMPV6 : IS_ICMP);
  bool ports = packet->protocol == IS_TCP || packet->protocol == IS_UDP;

  if ((!echo && !ports) || packet->n < (packet->protocol == IS_TCP ? TCP : packet->protocol == IS_UDP ? UDP : ICMP))
    return SBX_BORDER_DROP;
  if (echo && packet->payload[0] != (packet->is_ipv6 ? ECHO6 : ECHO))
    return SBX_BORDER_DROP;
  /* All its other ports are those of the host's resolver, which may be this machine */
  if (is_to_resolver (packet))
    return ports && get16 (packet->payload + 2) == PORT_DNS ? SBX_BORDER_PASS : SBX_BORDER_REFUSE;
  return is_closed (host, packet) ? SBX_BORDER_REFUSE : SBX_BORDER_PASS;
}

/* To many there is no answer (RFC 1122, 3.2.2). */
static bool
is_to_many (const Packet *packet)
{
  return packet->is_ipv6 ? packet->to[0] == 0xff : packet->to[0] >= 224;
}

static SbxVerdict
check_ipv4 (const SbxHostAddresses *host, const uint8_t *header, size_t n)
{
  Packet packet = { .to = header + 16, .payload = header + IPV4, .is_ipv6 = false };
  size_t length = n < IPV4 ? 0 : get16 (header + 2);
  SbxVerdict verdict;

  /* Version 4, no options, not shorter than it says; no fragment: neither more of them nor an offset */
  if (length < IPV4 || header[0] != 0x45 || length > n || (get16 (header + 6) & 0x3fff) != 0
      || memcmp (header + 12, own, sizeof own) != 0)
    return SBX_BORDER_DROP;
  packet.n = length - IPV4;
  packet.protocol = header[9];
  verdict = check_packet (host, &packet);
  return verdict == SBX_BORDER_REFUSE && is_to_many (&packet) ? SBX_BORDER_DROP : verdict;
}

/* Who has which address: with the stack alone, which is the only one to hear it. */
static bool
is_neighbour_discovery (const uint8_t *header, const Packet *packet)
{
  uint8_t type = packet->n >= ICMP ? packet->payload[0] : 0;

  return packet->protocol == IS_ICMPV6 && header[7] == 255
         && (type == ROUTER_SOLICITATION || type == NEIGHBOUR_SOLICITATION || type == NEIGHBOUR_ADVERTISEMENT);
}

static SbxVerdict
check_ipv6 (const SbxHostAddresses *host, const uint8_t *header, size_t n)
{
  Packet packet = { .to = header + 24, .payload = header + IPV6, .is_ipv6 = true };
  SbxVerdict verdict;

  if (n < IPV6 || header[0] >> 4 != 6 || get16 (header + 4) > n - IPV6)
    return SBX_BORDER_DROP;
  packet.n = get16 (header + 4);
  packet.protocol = header[6];
  if (is_neighbour_discovery (header, &packet))
    return SBX_BORDER_PASS;
  verdict = check_packet (host, &packet);
  return verdict == SBX_BORDER_REFUSE && is_to_many (&packet) ? SBX_BORDER_DROP : verdict;
}

SbxVerdict
sbx_border_check (const SbxHostAddresses *host, const uint8_t *frame, size_t n)
{
  if (n < ETHERNET || n > SBX_FRAME_MAX)
    return SBX_BORDER_DROP;
  switch (get16 (frame + 12)) {
  case TYPE_ARP:
    return SBX_BORDER_PASS;
  case TYPE_IPV4:
    return check_ipv4 (host, frame + ETHERNET, n - ETHERNET);
  case TYPE_IPV6:
    return check_ipv6 (host, frame + ETHERNET, n - ETHERNET);
  default:
    return SBX_BORDER_DROP;
  }
}

static uint32_t
add_up (uint32_t sum, const uint8_t *bytes, size_t n)
{
  for (size_t i = 0; i + 1 < n; i += 2)
    sum += get16 (bytes + i);
  return n % 2 ? sum + (uint32_t) (bytes[n - 1] << 8) : sum;
}

/* RFC 1071 */
static uint16_t
checksum (uint32_t sum)
{
  while (sum >> 16)
    sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t) ~sum;
}

/* A type 3, code 13 (RFC 1812, 5.2.7.1), with the header and 8 bytes more of what it is about. */
static size_t
refuse_ipv4 (const uint8_t *about, uint8_t *header)
{
  uint8_t *icmp = header + IPV4;
  const size_t quoted = IPV4 + 8, n = IPV4 + ICMP + quoted;

  header[0] = 0x45;
  put16 (header + 2, (uint16_t) n);
  header[8] = 64;
  header[9] = IS_ICMP;
  memcpy (header + 12, gateway, 4);
  memcpy (header + 16, about + 12, 4);
  put16 (header + 10, checksum (add_up (0, header, IPV4)));
  icmp[0] = 3;
  icmp[1] = 13;
  memcpy (icmp + ICMP, about, quoted);
  put16 (icmp + 2, checksum (add_up (0, icmp, ICMP + quoted)));
  return n;
}

/* A type 1, code 1 (RFC 4443, 3.1). */
static size_t
refuse_ipv6 (const uint8_t *about, uint8_t *header)
{
  uint8_t *icmp = header + IPV6;
  const size_t quoted = IPV6 + 8, payload = ICMP + quoted;

  header[0] = 0x60;
  put16 (header + 4, (uint16_t) payload);
  header[6] = IS_ICMPV6;
  header[7] = 255;
  memcpy (header + 8, gateway6, 16);
  memcpy (header + 24, about + 8, 16);
  icmp[0] = 1;
  icmp[1] = 1;
  memcpy (icmp + ICMP, about, quoted);
  put16 (icmp + 2, checksum (add_up (add_up ((uint32_t) payload + IS_ICMPV6, header + 8, 32), icmp, payload)));
  return IPV6 + payload;
}

size_t
sbx_border_refusal (const uint8_t *frame, size_t n, uint8_t answer[SBX_REFUSAL_MAX])
{
  const bool is_ipv6 = n > ETHERNET && get16 (frame + 12) == TYPE_IPV6;

  /* What is refused has a whole header of the next layer: check_packet () */
  if (n < (size_t) ETHERNET + (is_ipv6 ? IPV6 : IPV4) + 8)
    return 0;
  memset (answer, 0, SBX_REFUSAL_MAX);
  memcpy (answer, frame + 6, 6);
  memcpy (answer + 6, frame, 6);
  memcpy (answer + 12, frame + 12, 2);
  return ETHERNET
         + (is_ipv6 ? refuse_ipv6 (frame + ETHERNET, answer + ETHERNET)
                    : refuse_ipv4 (frame + ETHERNET, answer + ETHERNET));
}
