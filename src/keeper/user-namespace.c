/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/user-namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int
write_map (const char *path, unsigned inside)
{
  char text[64];
  int fd = open (path, O_WRONLY | O_CLOEXEC), rc = -1;

  snprintf (text, sizeof text, "%u 0 1\n", inside);
  if (fd >= 0)
    rc = write (fd, text, strlen (text)) < 0 ? -1 : 0;
  if (fd >= 0)
    close (fd);
  return rc;
}

/* Who is not dumpable, as keepers are, may not write its own maps (proc(5)). This memory is a copy, and short-lived. */
static int
enter_new (int owner, uid_t uid, gid_t gid)
{
  return prctl (PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 || setns (owner, CLONE_NEWUSER) < 0 || unshare (CLONE_NEWUSER) < 0
                 || prctl (PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 || write_map ("/proc/self/uid_map", uid) < 0
                 || write_map ("/proc/self/gid_map", gid) < 0
             ? -1
             : 0;
}

/* In the child: says what came of it, and stays until it has been looked at. */
static void __attribute__ ((noreturn)) hold_new (int owner, uid_t uid, gid_t gid, int sock)
{
  int error = enter_new (owner, uid, gid) < 0 ? errno : 0;
  char byte;

  if (write (sock, &error, sizeof error) == (ssize_t) sizeof error)
    (void) !read (sock, &byte, 1);
  _exit (0);
}

static int
open_of (pid_t child, int sock)
{
  char path[64];
  int error;
  ssize_t n;

  do
    n = read (sock, &error, sizeof error);
  while (n < 0 && errno == EINTR);
  if (n != (ssize_t) sizeof error)
    error = EIO; /* it was killed */
  if (error != 0) {
    errno = error;
    return -1;
  }
  snprintf (path, sizeof path, "/proc/%d/ns/user", (int) child);
  return open (path, O_RDONLY | O_CLOEXEC);
}

int
sbx_user_namespace_new (int owner, uid_t uid, gid_t gid)
{
  int pair[2], fd = -1, saved;
  pid_t child;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    return -1;
  child = fork ();
  if (child == 0) {
    close (pair[0]); /* the end of ours is its end */
    hold_new (owner, uid, gid, pair[1]);
  }
  saved = errno;
  close (pair[1]);
  errno = saved;
  if (child > 0)
    fd = open_of (child, pair[0]);
  saved = errno;
  close (pair[0]);
  while (child > 0 && waitpid (child, NULL, 0) < 0 && errno == EINTR)
    ;
  errno = saved;
  return fd;
}
