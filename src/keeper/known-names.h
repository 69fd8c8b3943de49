/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which addresses the names of a border's rows have, as the resolver has answered. Bounded: only names that a row
 * names are kept, and of those the ones that were answered or used last. libc only. */
#pragma once

#include "keeper/dns.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SBX_KNOWN_NAMES 256
#define SBX_KNOWN_LEAST_S 60   /* for which an address is open at least: a program asks first, and connects then */
#define SBX_KNOWN_MOST_S 86400 /* and at most, without being used */
#define SBX_KNOWN_IN_USE_S                                                                                             \
  300 /* for which it stays open after a packet: a download is longer than its answer holds                            \
       */

typedef struct {
  int64_t until; /* seconds, as @now */
  uint64_t used; /* when it was answered or used last, by the number of times so far; 0: the row is free */
  SbxDnsAddress address;
  char name[SBX_NAME_SIZE];
} SbxKnownName;

/* Zero knows nothing. */
typedef struct {
  int64_t now; /* seconds of a clock that is not set; the owner keeps it */
  uint64_t n_used;
  SbxKnownName rows[SBX_KNOWN_NAMES];
} SbxKnownNames;

/* Keeps what @name was answered. */
void sbx_known_names_add (SbxKnownNames *self, const char *name, const SbxDnsAddress *address);
/* The next row behind @row (NULL: the first) that has the address, and is known still; or NULL. */
SbxKnownName *sbx_known_names_next (SbxKnownNames *self, SbxKnownName *row, const uint8_t *bytes, bool is_ipv6);
/* A packet goes there. */
void sbx_known_names_use (SbxKnownNames *self, SbxKnownName *row);

#ifdef __cplusplus
}
#endif
