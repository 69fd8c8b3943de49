/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* In a child that is about to execute a program: no signal is blocked and each does what it does by default, also those
 * that we ignore, which execve(2) would leave ignored. Also after vfork(2): dispositions are the child's own. libc
 * only.
 */
void sbx_signals_reset (void);

#ifdef __cplusplus
}
#endif
