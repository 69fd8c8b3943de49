/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program of a filter of system calls (seccomp(2)), for who answers in its place (seccomp_unotify(2)). libc only.
 *
 * The program of START says the error of each call that is refused (SECCOMP_RET_ERRNO). Where SBX_FILTER_ASKS is among
 * its bits, init may make it a question to the keeper instead. The keeper runs the same program and says the same
 * error, so that nobody sees a difference. */
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In the data of SECCOMP_RET_ERRNO, which is below 0x1000; every real error is below this */
#define SBX_FILTER_ASKS 0x800u

/* Makes each refusal of the program that is marked a question (@ask), or else what it is without the mark. Returns how
 * many were. */
size_t sbx_filter_resolve_marks (struct sock_filter *program, size_t n, bool ask);
/* What the program returns for @call, as the kernel runs it: an action and its data, marks included. What the kernel
 * would not have taken as a program refuses: SECCOMP_RET_ERRNO with EPERM. */
uint32_t sbx_filter_run (const struct sock_filter *program, size_t n, const struct seccomp_data *call);

#ifdef __cplusplus
}
#endif
