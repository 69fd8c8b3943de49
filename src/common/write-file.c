/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/write-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int
sbx_write_all (int fd, const void *data, gsize size)
{
  const char *at = data;

  while (size > 0) {
    gssize n = write (fd, at, size);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -1;
    at += n;
    size -= (gsize) n;
  }
  return 0;
}

int
sbx_replace_file (int directory, const char *name, const void *data, gsize size)
{
  g_autofree char *fresh = g_strconcat (name, ".new", NULL);
  int fd, rc, problem;

  unlinkat (directory, fresh, 0);
  fd = openat (directory, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return -1;
  rc = sbx_write_all (fd, data, size);
  if (rc == 0)
    rc = renameat (directory, fresh, directory, name);
  problem = errno;
  close (fd);
  if (rc < 0)
    unlinkat (directory, fresh, 0);
  errno = problem;
  return rc;
}
