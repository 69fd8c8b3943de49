/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A system call that is refused, for who answers it in the filter's place (seccomp_unotify(2)). libc only.
 *
 * The filter of START says the error of each (SECCOMP_RET_ERRNO). Where SBX_FILTER_ASKS is among its bits, init may put
 * the question to the keeper instead, which looks for the same call among these rules, counts it, and says the error.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In the data of SECCOMP_RET_ERRNO, which is below 0x1000; every real error is below this */
#define SBX_FILTER_ASKS 0x800u

struct sock_filter;

/* Makes each refusal of the program that is marked a question (@ask), or else what it is without the mark. Returns how
 * many were. */
size_t sbx_filter_resolve_marks (struct sock_filter *program, size_t n, bool ask);

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
  uint32_t error;        /* what the caller gets */
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
