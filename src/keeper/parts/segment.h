/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* shmget (2) of a segment with a key, beside an X server of another IPC namespace. Programs have such segments among
 * themselves (Qt's QSharedMemory; KDE's look for their first instance with it). The server takes the number of a
 * segment for one of its own namespace, and the numbers of a new namespace begin with those that every other one has.
 * So the filter hands the call to us (seccomp_unotify(2)), and we make the segment, with a number that there is none of
 * outside: /proc/sys/kernel/shm_next_id says the next one (proc(5); an ordinary user may write it since Linux 5.19), to
 * whoever has CAP_CHECKPOINT_RESTORE over the namespace. An application that hands such a segment to the server gets
 * BadAccess.
 *
 * What toolkits draw with has no key (IPC_PRIVATE), and is refused by the filter itself: they go on without. */
#pragma once

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

/* Whether it is a call of shmget (2) with its arguments in registers. */
bool sbx_segment_is_asked (const struct seccomp_data *call);
/* Makes or finds the segment for who asks over @questions, in its IPC namespace. 0, and *@number is its number; or the
 * errno that it is to get: ENOSYS where the number cannot be chosen. *@used: us of a processor that it has taken beside
 * our own. */
int sbx_segment_answer (int questions, const struct seccomp_notif *question, int64_t *number, int64_t *used);
