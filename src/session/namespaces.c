/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/namespaces.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "wire/sys.h"

static int
write_file (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : write (fd, text, strlen (text));

  if (fd >= 0)
    close (fd);
  return n < 0 ? -1 : 0;
}

/* One id inside, one outside: what a process may write for itself (user_namespaces(7)). */
static int
map_ids (uid_t inner_uid, uid_t uid, gid_t inner_gid, gid_t gid)
{
  char uids[64], gids[64];

  snprintf (uids, sizeof uids, "%u %u 1\n", (unsigned) inner_uid, (unsigned) uid);
  snprintf (gids, sizeof gids, "%u %u 1\n", (unsigned) inner_gid, (unsigned) gid);
  return write_file ("/proc/self/setgroups", "deny") < 0 || write_file ("/proc/self/uid_map", uids) < 0
                 || write_file ("/proc/self/gid_map", gids) < 0
             ? -1
             : 0;
}

static int
open_own (const char *name)
{
  char path[64];

  snprintf (path, sizeof path, "/proc/self/ns/%s", name);
  return open (path, O_RDONLY | O_CLOEXEC);
}

/* Nothing that this process does from here on needs a capability, and nobody of the same uid looks into it. */
static int
give_up_rights (void)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

  return syscall (SYS_capset, &header, none) < 0 || prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0
                 || prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0
             ? -1
             : 0;
}

/* In PID 1. */
static int
complete (SbxSessionSpace *space, uid_t uid, gid_t gid, const char **step)
{
  *step = "keep the namespaces";
  space->fds[SBX_SESSION_OWNER] = open_own ("user");
  space->fds[SBX_SESSION_PID] = open_own ("pid");
  space->fds[SBX_SESSION_FIRST] = sbx_sys_pidfd_open (getpid ());
  if (space->fds[SBX_SESSION_OWNER] < 0 || space->fds[SBX_SESSION_PID] < 0 || space->fds[SBX_SESSION_FIRST] < 0)
    return -1;
  *step = "make a user namespace of its own";
  if (unshare (CLONE_NEWUSER) < 0 || map_ids (uid, 0, gid, 0) < 0)
    return -1;
  *step = "give up capabilities";
  return give_up_rights ();
}

int
sbx_session_space_make (SbxSessionSpace *space, const char **step)
{
  uid_t uid = geteuid ();
  gid_t gid = getegid ();
  pid_t pid;

  *space = (SbxSessionSpace){ { -1, -1, -1 }, open_own ("pid") };
  *step = "make a user and a pid namespace";
  if (space->host < 0 || unshare (CLONE_NEWUSER | CLONE_NEWPID) < 0)
    return -1;
  *step = "map the ids";
  if (map_ids (0, uid, 0, gid) < 0)
    return -1;
  *step = "start PID 1";
  pid = fork ();
  if (pid < 0)
    return -1;
  if (pid > 0)
    _exit (EXIT_SUCCESS);
  return complete (space, uid, gid, step);
}
