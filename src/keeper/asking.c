/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/asking.h"

#include <string.h>

#define UDP 8 /* bytes of header */
#define PORT_DNS 53

/* Where what is looked at lies in a frame; an IP header has no options here. */
typedef struct {
  uint8_t version, resolver[16]; /* its first byte; wire/network.h, as bytes */
  uint16_t type;                 /* linux/if_ether.h */
  size_t header, next, address, size;
} Family;

static const Family families[] = {
  { 0x45, { 10, 0, 2, 3 }, 0x0800, 20, 9, 16, 4 },
  { 0x60, { 0xfd, [15] = 3 }, 0x86dd, 40, 6, 24, 16 },
};
#define TYPE 12 /* where an Ethernet header has it; and how long that is */
#define ETHERNET 14

static size_t
get16 (const uint8_t *at)
{
  return (size_t) (at[0] << 8 | at[1]);
}

/* What is behind the IP header, and how many bytes: 0 when it is no UDP for the resolver. */
static size_t
find_datagram (const Family *family, const uint8_t *frame, size_t n, const uint8_t **datagram)
{
  const uint8_t *ip = frame + ETHERNET;
  size_t length;

  if (n < ETHERNET + family->header + UDP || get16 (frame + TYPE) != family->type)
    return 0;
  length = family->size == 4 ? get16 (ip + 2) : get16 (ip + 4) + family->header;
  if (length < family->header + UDP || length > n - ETHERNET || ip[family->next] != SBX_PROTOCOL_UDP
      || (family->size == 4 ? ip[0] != family->version : ip[0] >> 4 != family->version >> 4)
      || memcmp (ip + family->address, family->resolver, family->size) != 0)
    return 0;
  *datagram = ip + family->header;
  return length - family->header;
}

bool
sbx_asking_read (const uint8_t *frame, size_t n, SbxDnsQuestion *question)
{
  for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
    const uint8_t *datagram = NULL;
    const size_t length = find_datagram (&families[i], frame, n, &datagram);

    if (length > 0)
      return get16 (datagram + 2) == PORT_DNS && get16 (datagram + 4) == length
             && sbx_dns_read (datagram + UDP, length - UDP, false, question);
  }
  return false;
}
