/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/asked-name.h"

#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyz0123456789-_."

bool
sbx_asked_name_is_valid (const char *name)
{
  const size_t n = strnlen (name, SBX_NAME_SIZE);

  return n > 0 && n < SBX_NAME_SIZE && strspn (name, LETTERS) == n;
}

/* The row of @name, or the one that was asked for longest ago. */
static SbxAskedName *
find_row (SbxAskedNames *self, const char *name)
{
  SbxAskedName *oldest = &self->rows[0];

  for (size_t i = 0; i < SBX_ASKED_NAMES; i++) {
    SbxAskedName *row = &self->rows[i];

    if (row->count > 0 && strcmp (row->name, name) == 0)
      return row;
    if (row->order < oldest->order)
      oldest = row;
  }
  *oldest = (SbxAskedName){ .count = 0 };
  memcpy (oldest->name, name, strnlen (name, SBX_NAME_SIZE - 1));
  return oldest;
}

void
sbx_asked_names_add (SbxAskedNames *self, const char *name, uint32_t times, int64_t when)
{
  SbxAskedName *row;

  if (times == 0 || when < 0 || !sbx_asked_name_is_valid (name))
    return;
  row = find_row (self, name);
  row->count = times > INT32_MAX - row->count ? INT32_MAX : row->count + times;
  row->last = when;
  row->order = ++self->n_asked;
  row->changed = 1;
}

void
sbx_asked_names_join (SbxAskedNames *self, const SbxAskedNames *more)
{
  bool joined[SBX_ASKED_NAMES] = { false };

  for (size_t left = SBX_ASKED_NAMES; left > 0; left--) {
    size_t first = SBX_ASKED_NAMES;

    for (size_t i = 0; i < SBX_ASKED_NAMES; i++)
      if (!joined[i] && (first == SBX_ASKED_NAMES || more->rows[i].order < more->rows[first].order))
        first = i;
    joined[first] = true;
    sbx_asked_names_add (self, more->rows[first].name, more->rows[first].count, more->rows[first].last);
  }
}
