/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of DNS (RFC 1035, 4.1), as far as a border has to understand them: what is asked, and which addresses are
 * answered. Pure: bytes that nobody has looked at yet in, values out. What is not in order is nothing. libc only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/destination.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  char name[SBX_NAME_SIZE]; /* in small letters, without a dot at its end; NULs from its end on */
  size_t end;               /* where the question ends in the message */
} SbxDnsQuestion;

typedef struct {
  uint8_t bytes[16]; /* in network order; of IPv4 the first 4 */
  bool is_ipv6;
  uint32_t seconds; /* for which it holds */
} SbxDnsAddress;

/* Reads a message with exactly one question, of a standard query; @answer: which of both it has to be. A question has
 * nothing behind it but what may be said of its sender (EDNS, RFC 6891). False for anything else. */
bool sbx_dns_read (const uint8_t *bytes, size_t n, bool answer, SbxDnsQuestion *question);
/* The addresses of an answer whose @question was read, of all names on the way (CNAME). Returns how many, @max at
 * most; 0 if a part of the answer is not in order. */
size_t sbx_dns_addresses (const uint8_t *bytes, size_t n, const SbxDnsQuestion *question, SbxDnsAddress *rows,
                          size_t max);
/* Makes @bytes, a question that was read, the answer that it is refused, which ends where the question ends. */
void sbx_dns_refuse (uint8_t *bytes);

#ifdef __cplusplus
}
#endif
