/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the resolver of a private network is asked, by frames on their way to it. Pure. libc only. */
#pragma once

#include "keeper/dns.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads the question in @frame, @n bytes that come from anywhere. False: it is none by UDP for the stack's resolver
 * (wire/network.h), or not one that sbx_dns_read () takes. */
bool sbx_asking_read (const uint8_t *frame, size_t n, SbxDnsQuestion *question);

#ifdef __cplusplus
}
#endif
