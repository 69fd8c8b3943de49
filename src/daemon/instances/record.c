/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/error.h"
#include "common/read-file.h"
#include "common/write-file.h"
#include "wire/layout.h"
#include "wire/portal-info.h"
#include "wire/sidecars.h"
#include "wire/sweep.h"

#define ANNOUNCED_FILE "announced"
/* As sbx_replace_file () calls them */
#define NEW_STATUS_FILE "status.new" /* that of sbx_replace_file () */

int
sbx_record_open (int parent, guint64 id)
{
  char name[SBX_ID_SIZE];
  struct stat st;
  int fd;

  sbx_id_format (id, name);
  fd = openat (parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0 && fstat (fd, &st) == 0 && st.st_uid == geteuid ())
    return fd;
  if (fd >= 0) {
    close (fd);
    errno = EPERM;
  }
  return -1;
}

char *
sbx_record_read (int directory, const char *name, gsize max, gsize *size, GError **error)
{
  char *text = sbx_read_file (directory, name, max, SBX_READ_NO_LINK | SBX_READ_OWN, size);

  if (text)
    return text;
  switch (errno) {
  case ENOENT:
    sbx_throw_errno (error, SBX_ERROR_NOT_FOUND, errno, "open %s", name);
    break;
  case EISDIR:
  case ENXIO:
  case EPERM:
  case EFBIG:
    sbx_throw (error, SBX_ERROR_BAD_OPTION, "%s is not a file of ours of at most %zu bytes", name, max);
    break;
  default:
    sbx_throw_errno (error, SBX_ERROR_BAD_OPTION, errno, "read %s", name);
  }
  return NULL;
}

gboolean
sbx_record_read_status (int directory, SbxStatus *status, GError **error)
{
  gsize size = 0;
  g_autofree char *text = sbx_record_read (directory, SBX_STATUS_FILE, SBX_STATUS_SIZE, &size, error);
  const char *wrong;

  if (!text)
    return FALSE;
  if (sbx_status_read (status, text, size, &wrong) == 0)
    return TRUE;
  return sbx_throw (error, SBX_ERROR_BAD_OPTION, "status file: %s is not as it is written", wrong);
}

gboolean
sbx_record_read_pids (int parent, guint64 id, gint32 *keeper, gint32 *init)
{
  int directory = sbx_record_open (parent, id);
  gboolean readable;
  SbxStatus status;

  if (directory < 0)
    return FALSE;
  readable = sbx_record_read_status (directory, &status, NULL);
  close (directory);
  if (!readable || status.keeper_pid == 0 || status.init_pid == 0)
    return FALSE;
  *keeper = status.keeper_pid;
  *init = status.init_pid;
  return TRUE;
}

int
sbx_record_connect (int directory)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int sock = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  if (sock < 0)
    return -1;
  /* Through the descriptor: the path may be longer than sun_path, and cannot be swapped */
  g_snprintf (address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", directory, SBX_KEEPER_SOCKET);
  if (connect (sock, (struct sockaddr *) &address, sizeof address) < 0) {
    int saved = errno;

    close (sock);
    errno = saved;
    return -1;
  }
  return sock;
}

void
sbx_record_sweep (int parent, guint64 id)
{
  static const char *const names[] = { SBX_KEEPER_SOCKET, SBX_INFO_FILE,   SBX_NEW_INFO_FILE,
                                       SBX_STATUS_FILE,   SBX_SCOPE_FILE,  NEW_STATUS_FILE,
                                       ANNOUNCED_FILE,    SBX_DENIED_FILE, SBX_NEW_DENIED_FILE };
  int directory = sbx_record_open (parent, id);
  char name[SBX_ID_SIZE];

  if (directory < 0)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    unlinkat (directory, names[i], 0);
  for (gsize i = 0; i < SBX_N_SIDECARS; i++)
    if (sbx_sidecars[i].directory)
      sbx_sweep_directory (directory, sbx_sidecars[i].directory);
  sbx_sweep_directory (directory, SBX_PORTAL_SUBDIR);
  sbx_sweep_directory (directory, SBX_WAYLAND_SUBDIR);
  close (directory);
  sbx_id_format (id, name);
  sbx_portal_info_remove (parent, name);
  if (unlinkat (parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
    g_warning ("Cannot remove the record %s: %s", name, g_strerror (errno));
}

void
sbx_record_set_exited (int parent, guint64 id, const SbxStatus *status)
{
  int directory = sbx_record_open (parent, id);
  char file[SBX_STATUS_SIZE], name[SBX_ID_SIZE];

  if (directory < 0)
    return;
  sbx_id_format (id, name);
  sbx_portal_info_remove (parent, name);
  sbx_status_write (status, file);
  unlinkat (directory, SBX_KEEPER_SOCKET, 0);
  if (sbx_replace_file (directory, SBX_STATUS_FILE, file, sizeof file) < 0)
    g_warning ("Cannot write the end of an instance down: %s", g_strerror (errno));
  close (directory);
}

void
sbx_record_set_announced (int parent, guint64 id)
{
  int directory = sbx_record_open (parent, id);
  int fd;

  if (directory < 0)
    return;
  fd = openat (directory, ANNOUNCED_FILE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
  if (fd >= 0)
    close (fd);
  close (directory);
}

gboolean
sbx_record_is_announced (int directory)
{
  return faccessat (directory, ANNOUNCED_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

SbxInfo *
sbx_record_read_info (int directory, guint64 id, GError **error)
{
  gsize size = 0;
  g_autofree char *text = sbx_record_read (directory, SBX_INFO_FILE, SBX_INFO_MAX, &size, error);

  return text ? sbx_info_parse (text, size, id, error) : NULL;
}

gboolean
sbx_record_has_info (int directory)
{
  return faccessat (directory, SBX_INFO_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
