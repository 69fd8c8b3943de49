/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/belonging.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "wire/io.h"
#include "wire/sys.h"

#define GENERATIONS 4096 /* between a process and its sandbox-init, at most */

/* 0: it has ended, or is the first of all. */
static pid_t
parent_of (pid_t pid)
{
  char path[32], text[1024];
  const char *end;
  int parent = 0;

  snprintf (path, sizeof path, "/proc/%d/stat", (int) pid);
  if (sbx_read_text_at (path, text, sizeof text) <= 0)
    return 0;
  end = strrchr (text, ')'); /* the name in front of it may hold anything (proc(5)) */
  return end && sscanf (end, ") %*c %d", &parent) == 1 ? parent : 0;
}

/* Whoever loses its parent gets init, a subreaper, or one of its own that is: so it is below init at each moment. One
 * whose parent has just ended is looked at once more. */
static bool
is_below (pid_t pid, pid_t init)
{
  for (int again = 0; again < 2; again++) {
    pid_t at = pid;

    for (int i = 0; i < GENERATIONS && at > 1; i++) {
      if (at == init)
        return true;
      at = parent_of (at);
    }
    if (at != 0)
      return false;
  }
  return false;
}

/* By its number on the host. */
static bool
is_ours (const SbxBelonging *self, pid_t pid)
{
  return kill (pid, 0) == 0 && pid != self->init && pid != getpid ()
         && (!self->below_init || is_below (pid, self->init));
}

bool
sbx_belongs_process (const SbxBelonging *self, pid_t number)
{
  pid_t pid = ioctl (self->pids, SBX_NS_GET_TGID_FROM_PIDNS, number);

  if (pid > 0)
    return is_ours (self, pid);
  (void) sbx_sys_pidfd_send_signal (self->stranger, 0); /* as long as with a neighbour */
  return false;
}

/* "NSpgid:" has the number of the group in each pid namespace that the process is in (proc(5)), from that of /proc on:
 * the second is that of the session. */
static bool
is_in_group (const char *pid, pid_t number)
{
  char path[64], text[4096];
  const char *line;
  int first, second;

  snprintf (path, sizeof path, "/proc/%.20s/status", pid);
  if (sbx_read_text_at (path, text, sizeof text) <= 0)
    return false;
  line = strstr (text, "\nNSpgid:");
  return line && sscanf (line, "\nNSpgid: %d %d", &first, &second) == 2 && second == number;
}

/* A group is there as long as somebody is in it, also when the process of its number has ended. */
bool
sbx_belongs_group (const SbxBelonging *self, pid_t number)
{
  const struct dirent *entry;
  bool found = sbx_belongs_process (self, number);
  DIR *proc = found ? NULL : opendir ("/proc");

  while (proc && !found && (entry = readdir (proc)) != NULL) {
    pid_t pid = (pid_t) strtol (entry->d_name, NULL, 10);

    found = pid > 1 && is_ours (self, pid) && is_in_group (entry->d_name, number);
  }
  if (proc)
    closedir (proc);
  return found;
}
