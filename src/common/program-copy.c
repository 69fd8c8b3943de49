/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/program-copy.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"

/* include/uapi/linux/memfd.h and fcntl.h, both since Linux 6.3; Debian 12's headers are older */
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

#define SIZE_MAX_COPIED ((off_t) 1 << 26) /* bytes: with sanitizers and all else it is less than a tenth of that */

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int
make_memory (const char *name)
{
  int fd = memfd_create (name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

  return fd < 0 && errno == EINVAL ? memfd_create (name, MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd;
}

/* 0, or -1 with errno. */
static int
fill (int memory, int file, off_t size)
{
  while (size > 0) {
    ssize_t n = sendfile (memory, file, NULL, (size_t) size);

    if (n == 0)
      errno = EIO; /* it has become shorter */
    if (n <= 0)
      return -1;
    size -= n;
  }
  if (fchmod (memory, 0555) < 0)
    return -1;
  if (fcntl (memory, F_ADD_SEALS, SEALS | F_SEAL_EXEC) == 0)
    return 0;
  return errno == EINVAL ? fcntl (memory, F_ADD_SEALS, SEALS) : -1;
}

/* Opened anew: what somebody has open for writing cannot be executed (ETXTBSY). */
static int
open_again (int memory)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", memory);

  return open (link, O_RDONLY | O_CLOEXEC);
}

/* Whether it is a file, and one that a program of ours may be: what is none could keep us waiting for ever. */
static gboolean
is_program (int file, struct stat *st)
{
  if (fstat (file, st) < 0)
    return FALSE;
  errno = S_ISREG (st->st_mode) ? EFBIG : ENOEXEC;
  return S_ISREG (st->st_mode) && st->st_size <= SIZE_MAX_COPIED;
}

static int
copy (int file, const char *name)
{
  struct stat st;
  int memory = is_program (file, &st) ? make_memory (name) : -1;
  int result, saved;

  if (memory < 0)
    return -1;
  result = fill (memory, file, st.st_size) == 0 ? open_again (memory) : -1;
  saved = errno;
  close (memory);
  errno = saved;
  return result;
}

int
sbx_program_copy (const char *path, GError **error)
{
  g_autofree char *name = g_path_get_basename (path);
  int file = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), fd; /* a FIFO would wait for somebody */

  if (file < 0) {
    sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, errno, "open %s", path);
    return -1;
  }
  fd = copy (file, name);
  if (fd < 0 && errno == EACCES)
    return file;
  if (fd < 0)
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "copy %s into memory", path);
  close (file);
  return fd;
}
