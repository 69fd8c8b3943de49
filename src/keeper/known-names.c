/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/known-names.h"

#include <string.h>

static bool
has_address (const SbxKnownName *row, const uint8_t *bytes, bool is_ipv6)
{
  return row->address.is_ipv6 == is_ipv6 && memcmp (row->address.bytes, bytes, is_ipv6 ? 16 : 4) == 0;
}

/* The row of just that, or the one that was not used for longest. */
static SbxKnownName *
find_row (SbxKnownNames *self, const char *name, const SbxDnsAddress *address)
{
  SbxKnownName *first = &self->rows[0];

  for (size_t i = 0; i < SBX_KNOWN_NAMES; i++) {
    SbxKnownName *row = &self->rows[i];

    if (row->used > 0 && has_address (row, address->bytes, address->is_ipv6) && strcmp (row->name, name) == 0)
      return row;
    if (row->used < first->used)
      first = row;
  }
  *first = (SbxKnownName){ .used = 0 };
  return first;
}

static void
keep (SbxKnownNames *self, SbxKnownName *row, int64_t seconds)
{
  row->used = ++self->n_used;
  if (row->until < self->now + seconds)
    row->until = self->now + seconds;
}

void
sbx_known_names_add (SbxKnownNames *self, const char *name, const SbxDnsAddress *address)
{
  SbxKnownName *row = find_row (self, name, address);
  int64_t seconds = address->seconds;

  if (seconds < SBX_KNOWN_LEAST_S)
    seconds = SBX_KNOWN_LEAST_S;
  if (seconds > SBX_KNOWN_MOST_S)
    seconds = SBX_KNOWN_MOST_S;
  row->address = *address;
  memcpy (row->name, name, strnlen (name, SBX_NAME_SIZE - 1));
  keep (self, row, seconds);
}

SbxKnownName *
sbx_known_names_next (SbxKnownNames *self, SbxKnownName *row, const uint8_t *bytes, bool is_ipv6)
{
  for (row = row ? row + 1 : self->rows; row < self->rows + SBX_KNOWN_NAMES; row++)
    if (row->used > 0 && row->until > self->now && has_address (row, bytes, is_ipv6))
      return row;
  return NULL;
}

void
sbx_known_names_use (SbxKnownNames *self, SbxKnownName *row)
{
  keep (self, row, SBX_KNOWN_IN_USE_S);
}
