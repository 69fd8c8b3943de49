/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper/gather.h"
#include "wire/sys.h"

int
sbx_pin_is_mount (int fd)
{
  struct statx st;

  /* Linux 5.8; musl before 1.2.5 has no function for it */
  return syscall (SYS_statx, fd, "", AT_EMPTY_PATH, 0, &st) == 0 && (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* Takes the directory @at. */
static int
pin (int at, SbxPinFunction note, void *data)
{
  int tree = -1, rc = 0, saved;

  if (!sbx_pin_is_mount (at)) {
    tree = sbx_sys_open_tree (at, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
    rc = tree < 0 || note (data, tree) < 0
             ? -1
             : sbx_sys_move_mount (tree, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
  }
  saved = errno;
  if (tree >= 0)
    close (tree);
  close (at);
  errno = saved;
  return rc;
}

int
sbx_pin_above (int root, const char *point, const char *path, SbxPinFunction note, void *data)
{
  char above[PATH_MAX], *slash;

  if (strlen (path) >= sizeof above) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy (above, path);
  while ((slash = strrchr (above, '/')) != NULL && (size_t) (slash - above) > strlen (point)) {
    int at;

    *slash = '\0';
    at = sbx_open_beneath (root, above);
    if (at < 0 || pin (at, note, data) < 0)
      return -1;
  }
  return 0;
}
