/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A message of DNS: what is read is a name of a host, and what is refused is an answer to that very question. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "keeper/dns.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  SbxDnsQuestion question, again;
  SbxDnsAddress rows[4];
  uint8_t *copy;

  if (sbx_dns_read (data, size, true, &question)) {
    MUST (question.end <= size && strlen (question.name) > 0 && strlen (question.name) < SBX_NAME_SIZE);
    MUST (sbx_dns_addresses (data, size, &question, rows, 4) <= 4);
  }
  if (!sbx_dns_read (data, size, false, &question))
    return 0;
  MUST (question.end <= size);
  copy = malloc (size);
  MUST (copy);
  memcpy (copy, data, size);
  sbx_dns_refuse (copy);
  MUST (sbx_dns_read (copy, question.end, true, &again) && strcmp (question.name, again.name) == 0);
  MUST (sbx_dns_addresses (copy, question.end, &again, rows, 4) == 0);
  free (copy);
  return 0;
}
