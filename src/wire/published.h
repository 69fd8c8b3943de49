/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of this machine that lead into a sandbox: [Network] publish=, as policies keep them and blocks carry them. libc
 * only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SBX_PUBLISHED 32 /* rows of one sandbox */

/* A row; comparable byte by byte. */
typedef struct {
  uint8_t protocol;  /* linux/in.h: 6 (TCP) or 17 (UDP) */
  uint8_t elsewhere; /* 0: at this machine's loopback, of both families; 1: at @bytes */
  uint8_t is_ipv6;   /* of @bytes: 0 or 1 */
  uint8_t unused;    /* 0 */
  uint16_t port;     /* of this machine, from 1 on */
  uint16_t inside;   /* of the sandbox's loopback, from 1 on */
  uint8_t bytes[16]; /* in network order; of IPv4 the first 4; all 0: every address */
} SbxPublished;

/* Whether bytes from elsewhere are a row. */
bool sbx_published_is_valid (const SbxPublished *row);
/* Whether others than this machine can reach it: an address that is none of the loopback's. */
bool sbx_published_is_open (const SbxPublished *row);

#ifdef __cplusplus
}
#endif
