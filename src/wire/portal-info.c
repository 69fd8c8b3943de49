/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/portal-info.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/io.h"
#include "wire/layout.h"

#define FLATPAK_SUBDIR ".flatpak"

static int
write_file (int directory, pid_t pid)
{
  int fd = openat (directory, "bwrapinfo.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  char text[64];
  int rc, saved;

  if (fd < 0)
    return -1;
  snprintf (text, sizeof text, "{ \"child-pid\": %d }\n", (int) pid);
  rc = sbx_pwrite_all (fd, text, strlen (text), 0);
  saved = errno;
  close (fd);
  errno = saved;
  return rc;
}

/* $XDG_RUNTIME_DIR/.flatpak, or -1 with errno. */
static int
open_flatpak (int parent)
{
  int runtime = openat (parent, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
  int fd, saved;

  if (runtime < 0)
    return -1;
  fd = openat (runtime, FLATPAK_SUBDIR, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  saved = errno;
  close (runtime);
  errno = saved;
  return fd;
}

static int
make_flatpak (int parent)
{
  int rc = mkdirat (parent, "../" FLATPAK_SUBDIR, 0700);

  return rc == 0 || errno == EEXIST ? open_flatpak (parent) : -1;
}

int
sbx_portal_info_write (int parent, const char *id, int directory, pid_t pid)
{
  char target[128];
  int flatpak, rc, saved;

  if (write_file (directory, pid) < 0)
    return -1;
  flatpak = make_flatpak (parent);
  if (flatpak < 0)
    return -1;
  snprintf (target, sizeof target, "../sandbox/%s/" SBX_PORTAL_SUBDIR, id);
  rc = symlinkat (target, flatpak, id);
  saved = errno;
  close (flatpak);
  errno = saved;
  return rc;
}

void
sbx_portal_info_remove (int parent, const char *id)
{
  int flatpak = open_flatpak (parent);
  struct stat st;

  if (flatpak < 0)
    return;
  if (fstatat (flatpak, id, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK (st.st_mode))
    (void) unlinkat (flatpak, id, 0);
  close (flatpak);
}
