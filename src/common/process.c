/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "common/read-file.h"

#define STAT_MAX 4096

gboolean
sbx_process_stat_parse (const char *text, SbxProcessStat *stat)
{
  /* The second field, the program's name in parentheses, may hold spaces and parentheses */
  const char *end = strrchr (text, ')');
  guint64 user, kernel, children_user, children_kernel;
  int parent;

  if (!end
      || sscanf (end + 1,
                 " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                 " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %*d %*d %u %*d %" G_GUINT64_FORMAT,
                 &stat->state, &parent, &user, &kernel, &children_user, &children_kernel, &stat->threads,
                 &stat->start_time)
             != 8)
    return FALSE;
  stat->parent = parent;
  stat->cpu = user + kernel;
  stat->reaped = children_user + children_kernel;
  return TRUE;
}

gboolean
sbx_process_stat_read (pid_t pid, SbxProcessStat *stat)
{
  char path[32];
  g_autofree char *text = NULL;
  gsize size;

  if (pid <= 0)
    return FALSE;
  g_snprintf (path, sizeof path, "/proc/%d/stat", (int) pid);
  text = sbx_read_file (AT_FDCWD, path, STAT_MAX, SBX_READ_PLAIN, &size);
  return text && sbx_process_stat_parse (text, stat);
}

guint64
sbx_process_get_start_time (pid_t pid)
{
  SbxProcessStat stat;

  return sbx_process_stat_read (pid, &stat) && !sbx_process_stat_has_ended (&stat) ? stat.start_time : 0;
}

gboolean
sbx_process_stat_has_ended (const SbxProcessStat *stat)
{
  return stat->state == 'Z' || stat->state == 'X';
}

gboolean
sbx_pidfd_has_ended (int pidfd)
{
  /* A pidfd is readable from the end of its process on: pidfd_open(2) */
  struct pollfd polled = { .fd = pidfd, .events = POLLIN };

  return pidfd >= 0 && poll (&polled, 1, 0) > 0;
}

pid_t
sbx_pidfd_get_pid (int pidfd)
{
  char path[64];
  g_autofree char *text = NULL;
  const char *line;
  gsize size;
  int pid;

  g_snprintf (path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
  text = sbx_read_file (AT_FDCWD, path, STAT_MAX, SBX_READ_PLAIN, &size);
  if (!text)
    return -1;
  /* Only pidfds have that line: pidfd_open(2) */
  line = strstr (text, "\nPid:");
  if (!line || sscanf (line, " Pid: %d", &pid) != 1) {
    errno = EINVAL;
    return -1;
  }
  return MAX (pid, 0);
}
