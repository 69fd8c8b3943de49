/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is open when a program starts, and what can be made of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostile.h"

/* Any descriptor besides the standard ones and those of the list "expected". */
static Finding
try_strays (const Given *all)
{
  for (int fd = 3; fd < 4096; fd++) {
    const char *rest = given (all, "expected");
    char path[64], target[100] = "";
    int is_expected = 0;
    long number;

    if (fcntl (fd, F_GETFD) < 0)
      continue;
    while (next_number (&rest, &number))
      is_expected |= number == fd;
    if (is_expected)
      continue;
    snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
    if (readlink (path, target, sizeof target - 1) < 0)
      *target = '\0';
    return breach ("%d is %s", fd, target);
  }
  return refused_because ("nothing else is open");
}

/* "directory": the number of a descriptor that is a directory outside. */
static Finding
try_directory (const Given *all)
{
  return judge (openat ((int) given_number (all, "directory"), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/* "o-path": one that was opened with O_PATH, and leads to a file by /proc. */
static Finding
try_o_path (const Given *all)
{
  char path[64];

  snprintf (path, sizeof path, "/proc/self/fd/%ld", given_number (all, "o-path"));
  return judge (open (path, O_RDONLY | O_CLOEXEC));
}

static int
is_directory (int fd)
{
  struct stat st;

  return fstat (fd, &st) == 0 && S_ISDIR (st.st_mode);
}

/* Any directory among what is open, from which ".." leads on. */
static Finding
try_any_directory (const Given *all)
{
  for (int fd = 0; fd < 4096; fd++)
    if (is_directory (fd))
      return breach ("descriptor %d", fd);
  return refused_because ("no directory is open");
}

/* Any end of a socket: keeper and init speak by one. "expected" may be. */
static Finding
try_sockets (const Given *all)
{
  for (int fd = 0; fd < 4096; fd++) {
    struct stat st;

    if (fstat (fd, &st) == 0 && S_ISSOCK (st.st_mode))
      return breach ("descriptor %d", fd);
  }
  return refused_because ("no socket is open");
}

/* "read-only": one that was opened for reading, of a file that the user may write. Opened again by /proc it has the
 * rights of the file, unless something else stands before it. */
static Finding
try_reopen (const Given *all)
{
  char path[64];

  snprintf (path, sizeof path, "/proc/self/fd/%ld", given_number (all, "read-only"));
  return judge (open (path, O_WRONLY | O_CLOEXEC));
}

/* The one that somebody sends from the socket "from", whatever it is; or -1. */
static int
receive (const Given *all)
{
  int sock = connect_unix (given (all, "from")), fd = -1;
  char byte, space[CMSG_SPACE (sizeof fd)];
  struct iovec bytes = { &byte, 1 };
  struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space };
  struct cmsghdr *part;

  if (sock < 0)
    cannot ("the socket of the other one");
  if (recvmsg (sock, &message, MSG_CMSG_CLOEXEC) < 0)
    return -1;
  part = CMSG_FIRSTHDR (&message);
  if (part && part->cmsg_type == SCM_RIGHTS)
    memcpy (&fd, CMSG_DATA (part), sizeof fd);
  return fd;
}

/* Whether the secret is in the file "secret", a path below some directory above @fd. */
static Finding
look_above (const Given *all, int fd)
{
  const char *secret = given (all, "secret");
  char path[4096] = "";

  for (int i = 0; i < 40; i++) {
    char text[100] = "";
    int file;

    snprintf (path + 3 * i, sizeof path - 3 * (size_t) i, "%s", secret);
    file = openat (fd, path, O_RDONLY | O_CLOEXEC);
    if (file >= 0 && read (file, text, sizeof text - 1) > 0 && strstr (text, SECRET))
      return breach ("%s", path);
    memcpy (path + 3 * i, "../", 3);
  }
  return refused_because ("no way leads from it to the secret");
}

/* A directory from another sandbox, which has it: it leads to nothing else that neither has. */
static Finding
try_received (const Given *all)
{
  int fd = receive (all);

  return fd < 0 ? refused_because ("nothing has come") : look_above (all, fd);
}

/* As a working directory. */
static Finding
try_received_cwd (const Given *all)
{
  int fd = receive (all);

  if (fd < 0 || fchdir (fd) < 0)
    return refused (errno);
  return look_above (all, AT_FDCWD);
}

/* By /proc, as something that is opened anew. */
static Finding
try_received_again (const Given *all)
{
  int fd = receive (all);
  char path[64];

  snprintf (path, sizeof path, "/proc/self/fd/%d/..", fd);
  fd = fd < 0 ? -1 : open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return fd < 0 ? refused (errno) : look_above (all, fd);
}

/* The directory in which the caller is. */
static Finding
try_cwd (const Given *all)
{
  return look_above (all, AT_FDCWD);
}

const Probe descriptor_probes[] = {
  { "strays", try_strays },
  { "directory", try_directory },
  { "any-directory", try_any_directory },
  { "o-path", try_o_path },
  { "sockets", try_sockets },
  { "reopen-for-writing", try_reopen },
  { "received", try_received },
  { "received-cwd", try_received_cwd },
  { "received-again", try_received_again },
  { "cwd", try_cwd },
  { 0 },
};
