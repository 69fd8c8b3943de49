/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is open when a program starts, and what can be made of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

const Probe descriptor_probes[] = {
  { "strays", try_strays },
  { "directory", try_directory },
  { "any-directory", try_any_directory },
  { "o-path", try_o_path },
  { "sockets", try_sockets },
  { "reopen-for-writing", try_reopen },
  { 0 },
};
