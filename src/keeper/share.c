/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/share.h"

void
sbx_share_begin (SbxShare *self, int64_t now, int64_t used)
{
  *self = (SbxShare){ SBX_SHARE_BURST_US, now, used };
}

bool
sbx_share_look (SbxShare *self, int64_t now, int64_t used)
{
  self->left += (now - self->now) / SBX_SHARE_PART - (used - self->used);
  if (self->left > SBX_SHARE_BURST_US)
    self->left = SBX_SHARE_BURST_US;
  if (self->left < SBX_SHARE_DEBT_US)
    self->left = SBX_SHARE_DEBT_US;
  self->now = now;
  self->used = used;
  return self->left > 0;
}

int64_t
sbx_share_wait_ms (const SbxShare *self)
{
  int64_t missing = self->left > 0 ? 0 : 1 - self->left;

  return missing * SBX_SHARE_PART / 1000 + 1;
}

int64_t
sbx_share_read_clock (clockid_t clock)
{
  struct timespec time = { 0 };

  clock_gettime (clock, &time);
  return (int64_t) time.tv_sec * 1000000 + time.tv_nsec / 1000;
}
