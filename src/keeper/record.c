/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire/io.h"
#include "wire/layout.h"
#include "wire/sweep.h"

static int
write_new (const SbxKeeperRecord *record, const char *name, const void *info, size_t size)
{
  int fd = openat (record->directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  int rc, saved;

  if (fd < 0)
    return -1;
  rc = sbx_pwrite_all (fd, info, size, 0);
  saved = errno;
  close (fd);
  errno = saved;
  return rc;
}

int
sbx_record_write_new_info (const SbxKeeperRecord *record, const void *info, size_t size)
{
  if (unlinkat (record->directory, SBX_NEW_INFO_FILE, 0) < 0 && errno != ENOENT)
    return -1;
  return write_new (record, SBX_NEW_INFO_FILE, info, size);
}

int
sbx_record_replace_info (const SbxKeeperRecord *record)
{
  return renameat (record->directory, SBX_NEW_INFO_FILE, record->directory, SBX_INFO_FILE);
}

int
sbx_record_write_info (const SbxKeeperRecord *record, const void *info, size_t size)
{
  return write_new (record, SBX_INFO_FILE, info, size);
}

int
sbx_record_write_denied (const SbxKeeperRecord *record, const void *file, size_t size)
{
  int directory = record->directory, saved;

  if (unlinkat (directory, SBX_NEW_DENIED_FILE, 0) < 0 && errno != ENOENT)
    return -1;
  if (write_new (record, SBX_NEW_DENIED_FILE, file, size) == 0
      && renameat (directory, SBX_NEW_DENIED_FILE, directory, SBX_DENIED_FILE) == 0)
    return 0;
  saved = errno;
  unlinkat (directory, SBX_NEW_DENIED_FILE, 0);
  errno = saved;
  return -1;
}

int
sbx_record_make_directory (SbxKeeperRecord *record, const char *name)
{
  if (record->n_directories == SBX_RECORD_DIRECTORIES) {
    errno = ENOSPC;
    return -1;
  }
  if (mkdirat (record->directory, name, 0700) < 0)
    return -1;
  record->directories[record->n_directories++] = name;
  return 0;
}

static void
sweep_directories (SbxKeeperRecord *record)
{
  for (size_t i = 0; i < record->n_directories; i++)
    sbx_sweep_directory (record->directory, record->directories[i]);
}

static int
open_status (SbxKeeperRecord *record)
{
  char blank[SBX_STATUS_SIZE];

  memset (blank, '\n', sizeof blank);
  record->status =
      openat (record->directory, SBX_STATUS_FILE, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  return record->status < 0 ? -1 : sbx_pwrite_all (record->status, blank, sizeof blank, 0);
}

int
sbx_record_create (SbxKeeperRecord *record, int parent, const char *id)
{
  int saved;

  *record = (SbxKeeperRecord){ .parent = parent, .directory = -1, .status = -1 };
  memcpy (record->id, id, sizeof record->id);
  if (mkdirat (parent, id, 0700) < 0) {
    record->id[0] = '\0'; /* it is another one's */
    return -1;
  }
  record->directory = openat (parent, id, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (record->directory >= 0 && open_status (record) == 0)
    return 0;
  saved = errno;
  sbx_record_remove (record);
  errno = saved;
  return -1;
}

/* Bound through the descriptor of the directory: the path may be longer than sun_path, and cannot be swapped. */
int
sbx_record_listen (const SbxKeeperRecord *record)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int sock = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  if (sock < 0)
    return -1;
  snprintf (address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" SBX_KEEPER_SOCKET, record->directory);
  if (bind (sock, (struct sockaddr *) &address, sizeof address) < 0 || listen (sock, 16) < 0) {
    int saved = errno;

    close (sock);
    errno = saved;
    return -1;
  }
  return sock;
}

int
sbx_record_write (SbxKeeperRecord *record, const SbxStatus *status)
{
  char file[SBX_STATUS_SIZE];

  sbx_status_write (status, file);
  return sbx_pwrite_all (record->status, file, sizeof file, 0);
}

void
sbx_record_close_socket (SbxKeeperRecord *record)
{
  if (record->directory < 0)
    return;
  unlinkat (record->directory, SBX_KEEPER_SOCKET, 0);
  sweep_directories (record);
}

void
sbx_record_remove (SbxKeeperRecord *record)
{
  static const char *const names[] = { SBX_KEEPER_SOCKET, SBX_INFO_FILE,   SBX_NEW_INFO_FILE,  SBX_SCOPE_FILE,
                                       SBX_STATUS_FILE,   SBX_DENIED_FILE, SBX_NEW_DENIED_FILE };

  if (record->directory >= 0) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
      unlinkat (record->directory, names[i], 0);
    sweep_directories (record);
    close (record->directory);
    record->directory = -1;
  }
  if (record->status >= 0)
    close (record->status);
  record->status = -1;
  if (record->id[0])
    unlinkat (record->parent, record->id, AT_REMOVEDIR);
  record->id[0] = '\0';
}
