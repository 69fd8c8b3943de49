/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/published.h"

#include <string.h>

static const uint8_t zero[16];

bool
sbx_published_is_valid (const SbxPublished *row)
{
  const size_t address = row->is_ipv6 ? 16 : 4;

  return (row->protocol == 6 || row->protocol == 17) && row->elsewhere <= 1 && row->is_ipv6 <= row->elsewhere
         && row->unused == 0 && row->port > 0 && row->inside > 0
         && memcmp (row->elsewhere ? row->bytes + address : row->bytes, zero, row->elsewhere ? 16 - address : 16) == 0;
}

bool
sbx_published_is_open (const SbxPublished *row)
{
  static const uint8_t loopback6[16] = { [15] = 1 };

  if (!row->elsewhere)
    return false;
  return row->is_ipv6 ? memcmp (row->bytes, loopback6, 16) != 0 : row->bytes[0] != 127;
}
