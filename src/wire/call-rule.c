/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/call-rule.h"

#include <string.h>

#include "wire/denials.h"

#define MAX_ERROR 4095 /* MAX_ERRNO, include/linux/err.h */
#define ARGUMENTS 6
#define CHECKS (sizeof ((SbxCallRule *) NULL)->checks / sizeof (SbxCallCheck))

static bool
checks_are_valid (const SbxCallRule *self)
{
  for (size_t i = 0; i < CHECKS; i++)
    if (self->checks[i].argument >= ARGUMENTS || self->checks[i].kind >= SBX_N_CHECKS)
      return false;
  return self->n_checks <= CHECKS;
}

bool
sbx_call_rule_read (SbxCallRule *self, const void *value, size_t size)
{
  if (size != sizeof *self)
    return false;
  memcpy (self, value, sizeof *self);
  return self->error > 0 && self->error <= MAX_ERROR && checks_are_valid (self) && self->subject < SBX_N_SUBJECTS
         && self->about < ARGUMENTS && memchr (self->call, '\0', sizeof self->call)
         && memchr (self->kind, '\0', sizeof self->kind) && sbx_denial_is_object (SBX_DENIAL_CALL, self->call)
         && sbx_denial_is_action (SBX_DENIAL_CALL, self->kind);
}

static bool
holds (const SbxCallCheck *check, uint64_t argument)
{
  switch ((SbxCheckKind) check->kind) {
  case SBX_CHECK_MASKED:
    return (argument & check->mask) == check->value;
  case SBX_CHECK_NOT_EQUAL:
    return argument != check->value;
  case SBX_CHECK_ABOVE:
    return argument > check->value;
  case SBX_N_CHECKS:
    break;
  }
  return false;
}

bool
sbx_call_rule_matches (const SbxCallRule *self, uint32_t arch, uint32_t number, const uint64_t *arguments)
{
  if (self->arch != arch || self->number != number)
    return false;
  for (uint32_t i = 0; i < self->n_checks; i++)
    if (!holds (&self->checks[i], arguments[self->checks[i].argument]))
      return false;
  return true;
}
