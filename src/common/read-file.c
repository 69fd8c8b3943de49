/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/read-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_READ 4096 /* files of /proc say that they have no bytes */

/* 0 or an errno. */
static int
check (int fd, gsize max, SbxReadFlags flags, struct stat *st)
{
  if (fstat (fd, st) < 0)
    return errno;
  if (!S_ISREG (st->st_mode))
    return S_ISDIR (st->st_mode) ? EISDIR : ENXIO;
  if ((flags & SBX_READ_OWN) && st->st_uid != geteuid ())
    return EPERM;
  return (guint64) st->st_size > max ? EFBIG : 0;
}

/* The file may grow while it is read: one byte more than @max is asked for, and none is kept. */
static char *
read_content (int fd, gsize expected, gsize max, gsize *size)
{
  gsize room = MIN (MAX (expected, FIRST_READ), max) + 1, n = 0;
  g_autofree char *data = g_malloc (room + 1);

  for (;;) {
    gssize got = read (fd, data + n, room - n);

    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return NULL;
    n += (gsize) got;
    if (got == 0)
      break;
    if (n > max) {
      *size = n;
      errno = EFBIG;
      return NULL;
    }
    if (n == room) {
      room = MIN (2 * (room - 1), max) + 1;
      data = g_realloc (data, room + 1);
    }
  }
  data[n] = '\0';
  *size = n;
  return g_steal_pointer (&data);
}

char *
sbx_read_file (int directory, const char *path, gsize max, SbxReadFlags flags, gsize *size)
{
  /* O_NONBLOCK: a FIFO must not make us wait for a writer. O_NOCTTY: nor a terminal become ours. */
  int fd = openat (directory, path,
                   O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (flags & SBX_READ_NO_LINK ? O_NOFOLLOW : 0));
  char *data = NULL;
  struct stat st;
  int problem;

  if (fd < 0)
    return NULL;
  problem = check (fd, max, flags, &st);
  if (problem == EFBIG)
    *size = (gsize) st.st_size;
  if (problem == 0) {
    data = read_content (fd, (gsize) st.st_size, max, size);
    problem = data ? 0 : errno;
  }
  close (fd);
  errno = problem;
  return data;
}
