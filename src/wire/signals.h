/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* For a child that is about to execute a program: unblocks every signal and gives each its default action, also those
 * that we ignore, which execve(2) would leave ignored. May be used after vfork(2): dispositions are the child's own.
 * libc only. */
void sbx_signals_reset (void);

#ifdef __cplusplus
}
#endif
