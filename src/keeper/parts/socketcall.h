/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two calls of socketcall (2) that make sockets, for 32-bit programs, whose C library has no others. What they ask
 * for is in memory, which another thread may change between a look and the call, so the answer is never "go on": what
 * was read is what the filter is asked about, and what it allows is made here and handed over.
 *
 * It is made by a child that is where the caller is (its network) and that has no capability, not even those that one
 * has in a user namespace of one's own. Who looks at the socket sees our user, and the Landlock domain of the instance
 * in the place of the application's. */
#pragma once

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

/* Whether @call is one of them. */
bool sbx_socketcall_is (const struct seccomp_data *call);
/* Reads what the caller asks for into @direct, as if it had called socket (2) or socketpair (2) of its own; and where
 * the numbers of a pair go into @pair. 0, or EFAULT. */
int sbx_socketcall_read (const struct seccomp_notif *question, struct seccomp_data *direct, uint64_t *pair);
/* Makes what @direct says, for who asks @question over @questions; takes some hundred microseconds. 0, and in *@number
 * what the call returns; or an errno. *@used: us of a processor that it has taken beside our own. */
int sbx_socketcall_make (int questions, const struct seccomp_notif *question, const struct seccomp_data *direct,
                         uint64_t pair, int64_t *number, int64_t *used);
