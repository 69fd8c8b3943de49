/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A system call that is refused, as who counts them tells them apart. What the caller gets is the filter's to say:
 * wire/call-program.h. libc only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  SBX_CHECK_MASKED,    /* (argument & mask) == value */
  SBX_CHECK_NOT_EQUAL, /* argument != value */
  SBX_CHECK_ABOVE,     /* argument > value */
  SBX_N_CHECKS
} SbxCheckKind;

typedef struct {
  uint32_t argument; /* 0 … 5 */
  uint32_t kind;     /* SbxCheckKind */
  uint64_t mask, value;
} SbxCallCheck;

typedef struct {
  uint32_t arch, number; /* as in struct seccomp_data */
  uint32_t error;        /* what the caller gets: a call may be one of several rows */
  uint32_t n_checks;     /* all of which have to hold */
  SbxCallCheck checks[2];
  char call[32], kind[40]; /* its name, and which of the rows that refuse it: both as of SBX_DENIAL_CALL */
} SbxCallRule;

/* Copies the rule at @value. False if it is none: another size, a number out of range, a name that has no end. */
bool sbx_call_rule_read (SbxCallRule *self, const void *value, size_t size);
/* Whether the call @number of @arch with these six arguments is one that @self refuses. */
bool sbx_call_rule_matches (const SbxCallRule *self, uint32_t arch, uint32_t number, const uint64_t *arguments);

#ifdef __cplusplus
}
#endif
