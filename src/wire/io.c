/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/io.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int
sbx_pwrite_all (int fd, const void *data, size_t size, off_t at)
{
  const char *bytes = data;

  while (size > 0) {
    ssize_t n = pwrite (fd, bytes, size, at);

    if (n < 0 && errno == EINTR)
      continue;
    if (n == 0)
      errno = ENOSPC;
    if (n <= 0)
      return -1;
    bytes += n;
    at += n;
    size -= (size_t) n;
  }
  return 0;
}

ssize_t
sbx_read_text (int fd, char *text, size_t size)
{
  size_t have = 0;
  ssize_t n = 1;

  /* Files of /proc come in pieces: until nothing comes any more */
  while (have + 1 < size && n != 0) {
    n = pread (fd, text + have, size - 1 - have, (off_t) have);
    if (n < 0 && errno != EINTR) {
      text[0] = '\0';
      return -1;
    }
    have += n > 0 ? (size_t) n : 0;
  }
  text[have] = '\0';
  return (ssize_t) have;
}

ssize_t
sbx_read_text_at (const char *path, char *text, size_t size)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  ssize_t n;
  int saved;

  if (fd < 0) {
    text[0] = '\0';
    return -1;
  }
  n = sbx_read_text (fd, text, size);
  saved = errno;
  close (fd);
  errno = saved;
  return n;
}
