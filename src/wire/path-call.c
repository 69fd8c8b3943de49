/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/path-call.h"

#include <string.h>

#include "wire/learned.h"

#define OF_CONNECT 3 /* include/uapi/linux/net.h: SYS_CONNECT */

static bool
needs_more (uint32_t kind)
{
  return kind == SBX_PATH_OPEN || kind == SBX_PATH_OPEN_HOW || kind == SBX_PATH_CONNECT;
}

/* The first argument of calls that are many in one. The kernel reads 32 bits of it. */
static bool
is_operation (uint32_t kind, uint32_t operation)
{
  switch ((SbxPathKind) kind) {
  case SBX_PATH_SOCKETCALL:
    return operation == OF_CONNECT;
  case SBX_PATH_SECCOMP:
    return operation == SBX_SECCOMP_SET_FILTER;
  case SBX_PATH_PRCTL:
    return operation == SBX_PRCTL_SET_SECCOMP;
  case SBX_PATH_PLAIN:
  case SBX_PATH_OPEN:
  case SBX_PATH_OPEN_HOW:
  case SBX_PATH_CONNECT:
    return true;
  case SBX_N_PATH_KINDS:
    break;
  }
  return false;
}

bool
sbx_path_call_read (SbxPathCall *self, const void *value, size_t size)
{
  if (size != sizeof *self)
    return false;
  memcpy (self, value, size);
  return self->kind < SBX_N_PATH_KINDS && (self->uses & ~(uint32_t) SBX_USE_ALL) == 0 && self->path < SBX_NO_ARGUMENT
         && self->directory <= SBX_NO_ARGUMENT && self->more <= SBX_NO_ARGUMENT && self->padding == 0
         && (!needs_more (self->kind) || self->more < SBX_NO_ARGUMENT);
}

bool
sbx_path_call_matches (const SbxPathCall *self, uint32_t arch, uint32_t number, const uint64_t *arguments)
{
  return self->arch == arch && self->number == number && is_operation (self->kind, (uint32_t) arguments[0]);
}
