/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/path-call.h"

#include <string.h>

#include "wire/learned.h"

#define OF_CONNECT 3 /* include/uapi/linux/net.h: SYS_CONNECT */

bool
sbx_path_call_read (SbxPathCall *self, const void *value, size_t size)
{
  if (size != sizeof *self)
    return false;
  memcpy (self, value, size);
  return self->kind < SBX_N_PATH_KINDS && (self->uses & ~(uint32_t) SBX_USE_ALL) == 0 && self->path < SBX_NO_ARGUMENT
         && self->directory <= SBX_NO_ARGUMENT && self->more <= SBX_NO_ARGUMENT && self->padding == 0
         && ((self->kind == SBX_PATH_PLAIN || self->kind == SBX_PATH_SOCKETCALL) || self->more < SBX_NO_ARGUMENT);
}

bool
sbx_path_call_matches (const SbxPathCall *self, uint32_t arch, uint32_t number, const uint64_t *arguments)
{
  return self->arch == arch && self->number == number
         && (self->kind != SBX_PATH_SOCKETCALL || arguments[0] == OF_CONNECT);
}
