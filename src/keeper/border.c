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
enum { IS_ICMPV6 = 58 };
enum {
  ECHO = 8,
  ECHO_REPLY = 0,
  ECHO6 = 128,
  ECHO_REPLY6 = 129,
  ROUTER_SOLICITATION = 133,
  NEIGHBOUR_SOLICITATION = 135,
  NEIGHBOUR_ADVERTISEMENT = 136
};
#define PORT_DNS 53
#define PORT_DNS_OVER_TLS 853        /* RFC 7858 */
#define ADDRESSES 32                 /* of one answer that are looked at */
enum { SYN = 2, RST = 4, ACK = 16 }; /* netinet/tcp.h */

/* wire/network.h, as bytes */
static const uint8_t own[4] = { 10, 0, 2, 100 }, resolver[4] = { 10, 0, 2, 3 }, gateway[4] = { 10, 0, 2, 2 };
static const uint8_t resolver6[16] = { 0xfd, [15] = 3 }, gateway6[16] = { 0xfd, [15] = 2 };

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
is_of_host (const SbxHostAddresses *host, const uint8_t *address, bool is_ipv6)
{
  for (uint32_t i = 0; i < host->n; i++)
    if (host->rows[i].is_ipv6 == is_ipv6 && memcmp (host->rows[i].bytes, address, is_ipv6 ? 16 : 4) == 0)
      return true;
  return false;
}

/* What a packet is made of, once its header is known to be in order. */
typedef struct {
  const uint8_t *remote; /* the address that is not the sandbox's */
  const uint8_t *payload;
  size_t n;
  uint8_t protocol; /* of IP */
  bool is_ipv6, inwards;
} Packet;

static bool
is_at (const Packet *packet, const uint8_t *ipv4, const uint8_t *ipv6)
{
  return packet->is_ipv6 ? memcmp (packet->remote, ipv6, 16) == 0 : memcmp (packet->remote, ipv4, 4) == 0;
}

/* Where the packet goes, or comes from. */
typedef struct {
  const uint8_t *address;
  SbxDestinationPlace place, range; /* with regard to this machine's addresses, and without */
  uint16_t port;                    /* of an echo request 0 */
  uint8_t protocol;                 /* SBX_PROTOCOL_* */
  bool is_ipv6;
} Target;

static SbxDestinationPlace
place_of (const SbxHostAddresses *host, const Packet *packet, const Target *target)
{
  /* All its other ports are those of the host's resolver, which may be this machine */
  if (is_at (packet, resolver, resolver6))
    return target->port == PORT_DNS ? SBX_PLACE_DNS : SBX_PLACE_NOWHERE;
  if (host->unknown)
    return SBX_PLACE_NOWHERE;
  /* The gateway stands for the host's loopback */
  if (is_at (packet, gateway, gateway6) || is_of_host (host, packet->remote, packet->is_ipv6))
    return SBX_PLACE_HOST;
  return target->range;
}

static bool
is_of_all_ports (const SbxDestination *row)
{
  return row->first == 0 && row->last == SBX_PORT_MAX;
}

/* What that row's name was answered. Only in the Internet, whatever a name's owner says (DNS rebinding). */
static bool
matches_name (SbxKnownNames *names, const SbxDestination *row, const Target *target)
{
  SbxKnownName *known = NULL;

  if (!names || target->place != SBX_PLACE_INTERNET)
    return false;
  while ((known = sbx_known_names_next (names, known, target->address, target->is_ipv6)) != NULL)
    if (sbx_name_matches (row->name, known->name)) {
      sbx_known_names_use (names, known);
      return true;
    }
  return false;
}

static bool
matches (const SbxBorder *self, const SbxDestination *row, const Target *target)
{
  if ((row->protocol && row->protocol != target->protocol) || target->port < row->first || target->port > row->last)
    return false;
  /* With names there is one resolver: others are only reached by who names their port */
  if (self->names && (target->port == PORT_DNS || target->port == PORT_DNS_OVER_TLS) && !row->denies
      && target->place != SBX_PLACE_DNS && is_of_all_ports (row))
    return false;
  if (row->place == SBX_PLACE_NAME)
    return matches_name (self->names, row, target);
  if (row->place == SBX_PLACE_NETWORK)
    return row->is_ipv6 == target->is_ipv6 && sbx_address_is_in (target->address, row->bytes, row->bits)
           && (row->denies || target->place == target->range);
  return row->place == target->place || (row->denies && row->place == target->range);
}

/* What is denied is so for whatever else the address is; what is allowed by its range is not for this machine, which is
 * allowed by its own word. */
static bool
is_allowed (const SbxBorder *self, const Target *target)
{
  bool allowed = false;

  if (target->place == SBX_PLACE_NOWHERE)
    return false;
  for (uint32_t i = 0; i < self->n; i++) {
    if (!matches (self, &self->rows[i], target))
      continue;
    if (self->rows[i].denies)
      return false;
    allowed = true;
  }
  return allowed;
}

bool
sbx_border_has_names (const SbxBorder *self)
{
  for (uint32_t i = 0; i < self->n; i++)
    if (self->rows[i].place == SBX_PLACE_NAME)
      return true;
  return false;
}

/* Whether the resolver may be asked for @name: by who may ask for all, or has that name; and nobody denies it. */
static bool
may_ask (const SbxBorder *self, const char *name)
{
  bool may = false;

  for (uint32_t i = 0; i < self->n; i++) {
    const SbxDestination *row = &self->rows[i];
    const bool named = row->place == SBX_PLACE_NAME && sbx_name_matches (row->name, name);

    if (row->denies && (row->place == SBX_PLACE_DNS || (named && is_of_all_ports (row) && row->protocol == 0)))
      return false;
    may |= !row->denies && (named || row->place == SBX_PLACE_DNS);
  }
  return may;
}

/* The message in a datagram that is what its header says; NULL: none. */
static const uint8_t *
find_message (const Packet *packet, size_t *n)
{
  if (packet->protocol != SBX_PROTOCOL_UDP || packet->n < UDP || get16 (packet->payload + 4) != packet->n)
    return NULL;
  *n = packet->n - UDP;
  return packet->payload + UDP;
}

/* Keeps what is answered for names of rows. */
static void
learn (const SbxBorder *self, const uint8_t *message, size_t n, const SbxDnsQuestion *question)
{
  SbxDnsAddress addresses[ADDRESSES];
  bool named = false;
  size_t found;

  for (uint32_t i = 0; i < self->n && !named; i++)
    named = self->rows[i].place == SBX_PLACE_NAME && sbx_name_matches (self->rows[i].name, question->name);
  if (!named)
    return;
  found = sbx_dns_addresses (message, n, question, addresses, ADDRESSES);
  for (size_t i = 0; i < found; i++)
    sbx_known_names_add (self->names, question->name, &addresses[i]);
}

/* To or from the resolver, where rows have names. */
static SbxVerdict
check_named (const SbxBorder *self, const Packet *packet)
{
  SbxDnsQuestion question;
  size_t n = 0;
  const uint8_t *message = find_message (packet, &n);
  const bool read = message && sbx_dns_read (message, n, packet->inwards, &question);

  if (!read || !may_ask (self, question.name))
    return packet->inwards ? SBX_BORDER_DROP : SBX_BORDER_REFUSE;
  if (packet->inwards)
    learn (self, message, n, &question);
  return SBX_BORDER_PASS;
}

static bool
is_reset (const Packet *packet)
{
  return packet->protocol == SBX_PROTOCOL_TCP && (packet->payload[13] & RST);
}

/* Whether it has flags that only a connection has which is there. */
static bool
is_of_connection (const Packet *packet)
{
  return packet->protocol == SBX_PROTOCOL_TCP && (packet->payload[13] & (SYN | ACK)) == ACK;
}

/* What is not let in has an answer only where there is a connection to end. */
static SbxVerdict
refuse (const Packet *packet)
{
  if (is_reset (packet) || (packet->inwards && !is_of_connection (packet)))
    return SBX_BORDER_DROP;
  return SBX_BORDER_REFUSE;
}

static Target
target_of (const SbxBorder *self, const Packet *packet)
{
  const bool echo = packet->protocol == (packet->is_ipv6 ? IS_ICMPV6 : SBX_PROTOCOL_ICMP);
  Target target = { .address = packet->remote, .is_ipv6 = packet->is_ipv6 };

  target.protocol = echo ? SBX_PROTOCOL_ICMP : packet->protocol;
  target.port = echo ? 0 : get16 (packet->payload + (packet->inwards ? 0 : 2));
  target.range = sbx_destination_place (packet->remote, packet->is_ipv6 ? 128 : 32, packet->is_ipv6);
  target.place = place_of (&self->host, packet, &target);
  return target;
}

static SbxVerdict
check_packet (const SbxBorder *self, const Packet *packet)
{
  const bool echo = packet->protocol == (packet->is_ipv6 ? IS_ICMPV6 : SBX_PROTOCOL_ICMP);
  const bool tcp = packet->protocol == SBX_PROTOCOL_TCP, udp = packet->protocol == SBX_PROTOCOL_UDP;
  const uint8_t request = packet->is_ipv6 ? ECHO6 : ECHO, reply = packet->is_ipv6 ? ECHO_REPLY6 : ECHO_REPLY;
  Target target;

  if ((!echo && !tcp && !udp) || packet->n < (size_t) (tcp ? TCP : udp ? UDP : ICMP))
    return SBX_BORDER_DROP;
  if (echo && packet->inwards && packet->payload[0] != reply)
    return SBX_BORDER_PASS; /* the stack's own: what it has to say of packets, and of neighbours */
  if (echo && !packet->inwards && packet->payload[0] != request)
    return SBX_BORDER_DROP;
  target = target_of (self, packet);
  if (self->names && target.place == SBX_PLACE_DNS && !is_reset (packet))
    return check_named (self, packet);
  return is_allowed (self, &target) ? SBX_BORDER_PASS : refuse (packet);
}

/* To many there is no answer (RFC 1122, 3.2.2). */
static bool
is_to_many (const Packet *packet)
{
  return packet->is_ipv6 ? packet->remote[0] == 0xff : packet->remote[0] >= 224;
}

static SbxVerdict
check_ipv4 (const SbxBorder *self, const uint8_t *header, size_t n, bool inwards)
{
  Packet packet = { .remote = header + (inwards ? 12 : 16), .payload = header + IPV4, .inwards = inwards };
  size_t length = n < IPV4 ? 0 : get16 (header + 2);
  SbxVerdict verdict;

  /* Version 4, no options, not shorter than it says; no fragment: neither more of them nor an offset */
  if (length < IPV4 || header[0] != 0x45 || length > n || (get16 (header + 6) & 0x3fff) != 0
      || memcmp (header + (inwards ? 16 : 12), own, sizeof own) != 0)
    return SBX_BORDER_DROP;
  packet.n = length - IPV4;
  packet.protocol = header[9];
  verdict = check_packet (self, &packet);
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
check_ipv6 (const SbxBorder *self, const uint8_t *header, size_t n, bool inwards)
{
  Packet packet = {
    .remote = header + (inwards ? 8 : 24), .payload = header + IPV6, .is_ipv6 = true, .inwards = inwards
  };
  SbxVerdict verdict;

  if (n < IPV6 || header[0] >> 4 != 6 || get16 (header + 4) > n - IPV6)
    return SBX_BORDER_DROP;
  packet.n = get16 (header + 4);
  packet.protocol = header[6];
  if (is_neighbour_discovery (header, &packet))
    return SBX_BORDER_PASS;
  verdict = check_packet (self, &packet);
  return verdict == SBX_BORDER_REFUSE && is_to_many (&packet) ? SBX_BORDER_DROP : verdict;
}

static SbxVerdict
check (const SbxBorder *self, const uint8_t *frame, size_t n, bool inwards)
{
  if (n < ETHERNET || n > SBX_FRAME_MAX)
    return SBX_BORDER_DROP;
  switch (get16 (frame + 12)) {
  case TYPE_ARP:
    return SBX_BORDER_PASS;
  case TYPE_IPV4:
    return check_ipv4 (self, frame + ETHERNET, n - ETHERNET, inwards);
  case TYPE_IPV6:
    return check_ipv6 (self, frame + ETHERNET, n - ETHERNET, inwards);
  default:
    return SBX_BORDER_DROP;
  }
}

SbxVerdict
sbx_border_check (const SbxBorder *self, const uint8_t *frame, size_t n)
{
  return check (self, frame, n, false);
}

SbxVerdict
sbx_border_check_inwards (const SbxBorder *self, const uint8_t *frame, size_t n)
{
  return check (self, frame, n, true);
}

bool
sbx_border_describe (const SbxBorder *self, const uint8_t *frame, size_t n, SbxRefused *refused)
{
  const bool is_ipv6 = n > ETHERNET && get16 (frame + 12) == TYPE_IPV6;
  const size_t header = ETHERNET + (is_ipv6 ? IPV6 : IPV4);
  Packet packet = { .remote = frame + ETHERNET + (is_ipv6 ? 24 : 16), .payload = frame + header, .is_ipv6 = is_ipv6 };
  SbxDnsQuestion question;
  const uint8_t *message;
  size_t length;
  Target target;

  /* What is refused has a whole header of the next layer: check_packet () */
  if (sbx_border_check (self, frame, n) != SBX_BORDER_REFUSE)
    return false;
  packet.protocol = frame[ETHERNET + (is_ipv6 ? 6 : 9)];
  target = target_of (self, &packet);
  memset (refused, 0, sizeof *refused);
  memcpy (refused->bytes, packet.remote, is_ipv6 ? 16 : 4);
  refused->port = target.port;
  refused->protocol = target.protocol;
  refused->is_ipv6 = is_ipv6;
  refused->place = (uint8_t) target.place;
  packet.n = n - header;
  message = target.place == SBX_PLACE_DNS ? find_message (&packet, &length) : NULL;
  if (message && sbx_dns_read (message, length, false, &question))
    memcpy (refused->name, question.name, sizeof question.name);
  return true;
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

/* RFC 1071, of @n bytes of @protocol behind an IP header with the addresses @both, each of @size bytes. */
static uint16_t
checksum_with (const uint8_t *both, size_t size, uint8_t protocol, const uint8_t *bytes, size_t n)
{
  return checksum (add_up (add_up ((uint32_t) n + protocol, both, 2 * size), bytes, n));
}

/* A type 3, code 13 (RFC 1812, 5.2.7.1), with the header and 8 bytes more of what it is about. */
static size_t
refuse_ipv4 (const uint8_t *about, uint8_t *icmp)
{
  const size_t quoted = IPV4 + 8;

  icmp[0] = 3;
  icmp[1] = 13;
  memcpy (icmp + ICMP, about, quoted);
  put16 (icmp + 2, checksum (add_up (0, icmp, ICMP + quoted)));
  return ICMP + quoted;
}

/* A type 1, code 1 (RFC 4443, 3.1). */
static size_t
refuse_ipv6 (const uint8_t *about, const uint8_t *addresses, uint8_t *icmp)
{
  const size_t quoted = IPV6 + 8;

  icmp[0] = 1;
  icmp[1] = 1;
  memcpy (icmp + ICMP, about, quoted);
  put16 (icmp + 2, checksum_with (addresses, 16, IS_ICMPV6, icmp, ICMP + quoted));
  return ICMP + quoted;
}

/* Its own number is the one that the other side expects (RFC 9293, 3.5.2). */
static size_t
reset (const uint8_t *about, const uint8_t *addresses, size_t size, uint8_t *tcp)
{
  memcpy (tcp, about + 2, 2);
  memcpy (tcp + 2, about, 2);
  memcpy (tcp + 4, about + 8, 4);
  tcp[12] = (TCP / 4) << 4;
  tcp[13] = RST;
  put16 (tcp + 16, checksum_with (addresses, size, SBX_PROTOCOL_TCP, tcp, TCP));
  return TCP;
}

/* As if the sender had ended it, with the numbers that it was at. */
static size_t
reset_onward (const uint8_t *about, const uint8_t *addresses, size_t size, uint8_t *tcp)
{
  memcpy (tcp, about, 12);
  tcp[12] = (TCP / 4) << 4;
  tcp[13] = RST | ACK;
  put16 (tcp + 16, checksum_with (addresses, size, SBX_PROTOCOL_TCP, tcp, TCP));
  return TCP;
}

static size_t
answer_ipv4 (const uint8_t *about, size_t n, uint8_t *header)
{
  const Packet packet = { .payload = about + IPV4, .n = n - IPV4, .protocol = about[9] };
  const bool resets = packet.n >= TCP && is_of_connection (&packet);
  size_t length = IPV4;

  header[0] = 0x45;
  header[8] = 64;
  header[9] = resets ? SBX_PROTOCOL_TCP : SBX_PROTOCOL_ICMP;
  memcpy (header + 12, resets ? about + 16 : gateway, 4);
  memcpy (header + 16, about + 12, 4);
  length += resets ? reset (about + IPV4, header + 12, 4, header + IPV4) : refuse_ipv4 (about, header + IPV4);
  put16 (header + 2, (uint16_t) length);
  put16 (header + 10, checksum (add_up (0, header, IPV4)));
  return length;
}

static size_t
answer_ipv6 (const uint8_t *about, size_t n, uint8_t *header)
{
  const Packet packet = { .payload = about + IPV6, .n = n - IPV6, .protocol = about[6] };
  const bool resets = packet.n >= TCP && is_of_connection (&packet);
  size_t length;

  header[0] = 0x60;
  header[6] = resets ? SBX_PROTOCOL_TCP : IS_ICMPV6;
  header[7] = 255;
  memcpy (header + 8, resets ? about + 24 : gateway6, 16);
  memcpy (header + 24, about + 8, 16);
  length =
      resets ? reset (about + IPV6, header + 8, 16, header + IPV6) : refuse_ipv6 (about, header + 8, header + IPV6);
  put16 (header + 4, (uint16_t) length);
  return IPV6 + length;
}

/* The question of a refused frame, answered that it is; 0: it is none. */
static size_t
refuse_question (const uint8_t *frame, size_t n, bool is_ipv6, uint8_t *answer)
{
  const size_t header = is_ipv6 ? IPV6 : IPV4, size = is_ipv6 ? 16 : 4, addresses = is_ipv6 ? 8 : 12;
  const uint8_t *about = frame + ETHERNET;
  Packet packet = { .remote = about + addresses + size, .payload = about + header, .is_ipv6 = is_ipv6 };
  uint8_t *ip = answer + ETHERNET, *udp = ip + header;
  SbxDnsQuestion question;
  const uint8_t *message;
  size_t length;

  packet.protocol = about[is_ipv6 ? 6 : 9];
  packet.n = is_ipv6 ? get16 (about + 4) : (size_t) get16 (about + 2) - IPV4;
  if (packet.n > n - ETHERNET - header || !is_at (&packet, resolver, resolver6))
    return 0;
  message = find_message (&packet, &length);
  if (!message || get16 (packet.payload + 2) != PORT_DNS || !sbx_dns_read (message, length, false, &question))
    return 0;
  length = UDP + question.end;
  memcpy (ip, about, header);
  memcpy (ip + addresses, about + addresses + size, size);
  memcpy (ip + addresses + size, about + addresses, size);
  memcpy (udp, packet.payload + 2, 2);
  memcpy (udp + 2, packet.payload, 2);
  put16 (udp + 4, (uint16_t) length);
  memcpy (udp + UDP, message, question.end);
  sbx_dns_refuse (udp + UDP);
  put16 (udp + 6, checksum_with (ip + addresses, size, SBX_PROTOCOL_UDP, udp, length));
  if (is_ipv6) {
    put16 (ip + 4, (uint16_t) length);
  } else {
    put16 (ip + 2, (uint16_t) (IPV4 + length));
    put16 (ip + 10, 0);
    put16 (ip + 10, checksum (add_up (0, ip, IPV4)));
  }
  return ETHERNET + header + length;
}

size_t
sbx_border_refusal (const uint8_t *frame, size_t n, uint8_t answer[SBX_REFUSAL_MAX])
{
  const bool is_ipv6 = n > ETHERNET && get16 (frame + 12) == TYPE_IPV6;
  size_t length;

  /* What is refused has a whole header of the next layer: check_packet () */
  if (n < (size_t) ETHERNET + (is_ipv6 ? IPV6 : IPV4) + 8)
    return 0;
  memset (answer, 0, SBX_REFUSAL_MAX);
  memcpy (answer, frame + 6, 6);
  memcpy (answer + 6, frame, 6);
  memcpy (answer + 12, frame + 12, 2);
  length = refuse_question (frame, n, is_ipv6, answer);
  if (length > 0)
    return length;
  return ETHERNET
         + (is_ipv6 ? answer_ipv6 (frame + ETHERNET, n - ETHERNET, answer + ETHERNET)
                    : answer_ipv4 (frame + ETHERNET, n - ETHERNET, answer + ETHERNET));
}

size_t
sbx_border_ending (const uint8_t *frame, size_t n, uint8_t instead[SBX_REFUSAL_MAX])
{
  const bool is_ipv6 = n > ETHERNET && get16 (frame + 12) == TYPE_IPV6;
  const size_t header = is_ipv6 ? IPV6 : IPV4, addresses = is_ipv6 ? 8 : 12;
  uint8_t *ip = instead + ETHERNET;
  Packet packet = { .payload = frame + ETHERNET + header };

  if (n < ETHERNET + header + TCP)
    return 0;
  packet.protocol = frame[ETHERNET + (is_ipv6 ? 6 : 9)];
  if (!is_of_connection (&packet))
    return 0;
  memset (instead, 0, SBX_REFUSAL_MAX);
  memcpy (instead, frame, ETHERNET + header);
  reset_onward (packet.payload, ip + addresses, is_ipv6 ? 16 : 4, ip + header);
  if (is_ipv6) {
    put16 (ip + 4, TCP);
  } else {
    put16 (ip + 2, IPV4 + TCP);
    put16 (ip + 10, 0);
    put16 (ip + 10, checksum (add_up (0, ip, IPV4)));
  }
  return ETHERNET + header + TCP;
}
