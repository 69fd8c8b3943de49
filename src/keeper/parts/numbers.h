/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answers to calls that name a process, in a pid namespace with other sandboxes (plan/filter/number-table.c): go
 * on, for those of this instance, or the error that a number has that nobody has. libc only. */
#pragma once

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>

#include "keeper/keeper.h"
#include "wire/call-rule.h"

typedef enum {
  SBX_NUMBERS_NONE,  /* it is no such call */
  SBX_NUMBERS_GO_ON, /* the kernel may do it */
  SBX_NUMBERS_ERROR, /* the caller gets *@error, 0 included */
} SbxNumbersAnswer;

/* What to answer to @question, by those of the @n @rules that have a subject; with ERROR, *@error. */
SbxNumbersAnswer sbx_numbers_answer (SbxKeeper *keeper, const SbxCallRule *rules, size_t n,
                                     const struct seccomp_notif *question, int *error);
