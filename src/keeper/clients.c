/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/clients.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "keeper/reach.h"

/* Adds the sockets of the process to *@data. */
static int
count_sockets (void *data, pid_t pid, int directory)
{
  static const char socket[] = "socket:"; /* proc_pid_fd(5) */
  unsigned *n = data;
  int fd = openat (directory, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *names = fd < 0 ? NULL : fdopendir (fd);
  const struct dirent *entry;
  char link[sizeof socket];

  (void) pid;
  if (!names) {
    int saved = errno;

    if (fd >= 0)
      close (fd);
    return saved == ENOENT || saved == ESRCH ? 0 : saved;
  }
  while ((entry = readdir (names)) != NULL)
    if (readlinkat (dirfd (names), entry->d_name, link, sizeof link) == (ssize_t) sizeof link
        && memcmp (link, socket, sizeof socket - 1) == 0)
      (*n)++;
  closedir (names);
  return 0;
}

bool
sbx_clients_any (pid_t pid, unsigned listening)
{
  unsigned n = 0;

  return sbx_reach_processes (pid, count_sockets, &n) < 0 || n > listening;
}
