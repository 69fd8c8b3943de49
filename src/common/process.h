/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What /proc says of a process, and whether the process of a pidfd still runs. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Of /proc/PID/stat, proc(5). */
typedef struct {
  char state; /* 'R', 'S', ... */
  pid_t parent;
  guint64 cpu;    /* its own, in clock ticks */
  guint64 reaped; /* of the children that it has waited for, in clock ticks */
  guint threads;
  guint64 start_time; /* clock ticks since the machine has started; with the pid, the name of a process */
} SbxProcessStat;

/* Parses the text of a /proc/PID/stat. FALSE if it is not one. */
gboolean sbx_process_stat_parse (const char *text, SbxProcessStat *stat);
/* Reads the /proc/PID/stat of @pid. FALSE if there is no such process, or it cannot be read. */
gboolean sbx_process_stat_read (pid_t pid, SbxProcessStat *stat);
/* Returns the start time of the process @pid, or 0 if there is none. A process that has ended and has not been reaped
 * yet counts as none. */
guint64 sbx_process_get_start_time (pid_t pid);
/* Whether @stat is that of a process that has ended and has not been reaped yet. */
gboolean sbx_process_stat_has_ended (const SbxProcessStat *stat);

/* Whether the process of @pidfd has ended; until then its number is no other's. FALSE for -1, of which that is not
 * known. */
gboolean sbx_pidfd_has_ended (int pidfd);

/* Returns the number of the process that @pidfd refers to, in our own pid namespace: 0 when it has ended and is reaped,
 * or is in none that we can see; -1 with errno EINVAL when @pidfd is no pidfd, else with that of reading
 * /proc/self/fdinfo. The number is that process's as long as sbx_pidfd_has_ended () says no afterwards. */
pid_t sbx_pidfd_get_pid (int pidfd);

G_END_DECLS
