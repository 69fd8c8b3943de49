/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/dns.h"

#include <string.h>

#define HEADER 12
#define LABEL_MAX 63
#define RECORD 10 /* bytes of a record between its name and its data */

/* RFC 1035, 4.1.1 */
enum { IS_ANSWER = 0x8000, OPCODE = 0x7800, RECURSION = 0x0100, REFUSED = 5 };
/* RFC 1035, 3.2.2 and 3.2.4; RFC 3596 */
enum { TYPE_A = 1, TYPE_AAAA = 28, CLASS_INTERNET = 1 };

static unsigned
get16 (const uint8_t *at)
{
  return (unsigned) (at[0] << 8 | at[1]);
}

/* What may be in the name of a host, in small letters; 0: nothing else is asked about. */
static char
letter_of (uint8_t byte)
{
  if (byte >= 'A' && byte <= 'Z')
    return (char) (byte - 'A' + 'a');
  return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' ? (char) byte : 0;
}

/* The name at *@at, written in full. False: it is compressed, too long, or has other letters. */
static bool
read_name (const uint8_t *bytes, size_t n, size_t *at, char name[SBX_NAME_SIZE])
{
  size_t length = 0;

  memset (name, 0, SBX_NAME_SIZE);
  while (*at < n && bytes[*at] != 0) {
    const size_t label = bytes[(*at)++];

    if (label > LABEL_MAX || label > n - *at || length + label + 1 >= SBX_NAME_SIZE)
      return false;
    if (length > 0)
      name[length++] = '.';
    for (size_t i = 0; i < label; i++, (*at)++) {
      name[length] = letter_of (bytes[*at]);
      if (!name[length++])
        return false;
    }
  }
  return (*at)++ < n && length > 0;
}

bool
sbx_dns_read (const uint8_t *bytes, size_t n, bool answer, SbxDnsQuestion *question)
{
  unsigned flags;

  if (n < HEADER)
    return false;
  flags = get16 (bytes + 2);
  question->end = HEADER;
  if (((flags & IS_ANSWER) != 0) != answer || (flags & OPCODE) != 0 || get16 (bytes + 4) != 1
      || !read_name (bytes, n, &question->end, question->name) || n - question->end < 4)
    return false;
  question->end += 4; /* type and class */
  return answer || (get16 (bytes + 6) == 0 && get16 (bytes + 8) == 0 && get16 (bytes + 10) <= 1);
}

/* Behind the name at @at, however it is written; 0: there is none. */
static size_t
skip_name (const uint8_t *bytes, size_t n, size_t at)
{
  while (at < n && bytes[at] != 0) {
    if (bytes[at] >= 0xc0) /* the rest is elsewhere (RFC 1035, 4.1.4) */
      return n - at >= 2 ? at + 2 : 0;
    if (bytes[at] > LABEL_MAX)
      return 0;
    at += 1u + bytes[at];
  }
  return at < n ? at + 1 : 0;
}

/* The record at *@at, and where the next one is. -1: not in order; 0: no address; 1. */
static int
read_record (const uint8_t *bytes, size_t n, size_t *at, SbxDnsAddress *address)
{
  size_t head = skip_name (bytes, n, *at), length;
  unsigned type;

  if (head == 0 || n - head < RECORD)
    return -1;
  type = get16 (bytes + head);
  length = get16 (bytes + head + 8);
  if (length > n - head - RECORD)
    return -1;
  *at = head + RECORD + length;
  address->is_ipv6 = type == TYPE_AAAA;
  if (get16 (bytes + head + 2) != CLASS_INTERNET || (type != TYPE_A && type != TYPE_AAAA)
      || length != (address->is_ipv6 ? 16 : 4))
    return 0;
  memset (address->bytes, 0, sizeof address->bytes);
  memcpy (address->bytes, bytes + head + RECORD, length);
  address->seconds = (uint32_t) get16 (bytes + head + 4) << 16 | get16 (bytes + head + 6);
  return 1;
}

size_t
sbx_dns_addresses (const uint8_t *bytes, size_t n, const SbxDnsQuestion *question, SbxDnsAddress *rows, size_t max)
{
  size_t at = question->end, found = 0;

  for (unsigned left = get16 (bytes + 6); left > 0; left--) {
    SbxDnsAddress address;
    int read = read_record (bytes, n, &at, &address);

    if (read < 0)
      return 0;
    if (read > 0 && found < max)
      rows[found++] = address;
  }
  return found;
}

void
sbx_dns_refuse (uint8_t *bytes)
{
  const unsigned flags = IS_ANSWER | (get16 (bytes + 2) & RECURSION) | REFUSED;

  bytes[2] = (uint8_t) (flags >> 8);
  bytes[3] = (uint8_t) flags;
  memset (bytes + 6, 0, HEADER - 6); /* nothing but the question */
}
