/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A system call that the filter asks about. One that is refused, as who counts them tells them apart: what the caller
 * gets is the filter's to say (wire/call-program.h). Or one that names a process: in a pid namespace with others
 * (pidns=session) the keeper lets it go on for those of its own instance, and says the error for all others. libc only.
 */
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

/* What an argument of a call says about processes. */
typedef enum {
  SBX_SUBJECT_NONE,         /* nothing: the call is refused */
  SBX_SUBJECT_PROCESS,      /* the number of a process or thread; none is below 1 */
  SBX_SUBJECT_TARGET,       /* of kill(2): below -1 a group; -1 all that may be reached */
  SBX_SUBJECT_OWNER,        /* of F_SETOWN: below 0 a group */
  SBX_SUBJECT_GROUP,        /* the number of a group */
  SBX_SUBJECT_CLOCK,        /* a clock that counts a process's time (include/linux/posix-timers.h: CPUCLOCK_PID) */
  SBX_SUBJECT_GROUP_AT,     /* the address of the number of a group */
  SBX_SUBJECT_CAPABILITIES, /* the address of the header of capget(2), which names a process */
  SBX_N_SUBJECTS
} SbxCallSubject;

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
  uint32_t subject, about; /* SbxCallSubject, and which argument that is */
  char call[32], kind[40]; /* its name, and which of the rows that refuse it: both as of SBX_DENIAL_CALL */
} SbxCallRule;

/* Copies the rule at @value. False if it is none: another size, a number out of range, a name that has no end. */
bool sbx_call_rule_read (SbxCallRule *self, const void *value, size_t size);
/* Whether the call @number of @arch with these six arguments is one that @self refuses. */
bool sbx_call_rule_matches (const SbxCallRule *self, uint32_t arch, uint32_t number, const uint64_t *arguments);

#ifdef __cplusplus
}
#endif
