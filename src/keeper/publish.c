/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/xattr.h>
#include <unistd.h>

#define CAPABILITIES "security.capability" /* xattr(7) */
#define ACCESS_LIST "system.posix_acl_access"
#define ACCESS_LIST_MAX 4096 /* bytes: 500 entries */

/* A descriptor by a path, for what takes no O_PATH */
typedef char FdPath[32];

static const char *
get_path (int fd, FdPath path)
{
  snprintf (path, sizeof (FdPath), "/proc/self/fd/%d", fd);
  return path;
}

bool
sbx_publish_is_privileged (int fd, const struct stat *st)
{
  FdPath path;

  return (st->st_mode & (S_ISUID | S_ISGID)) || getxattr (get_path (fd, path), CAPABILITIES, NULL, 0) > 0;
}

int
sbx_publish_drop_privileges (int fd)
{
  struct stat st;
  FdPath path;

  /* As every change of the owner, one that changes nothing takes setuid and file capabilities away (chown_common () in
   * fs/open.c); removexattr(2) would take a capability for the latter */
  if (fchownat (fd, "", (uid_t) -1, (gid_t) -1, AT_EMPTY_PATH) < 0 || fstat (fd, &st) < 0
      || ((st.st_mode & 07000) && chmod (get_path (fd, path), st.st_mode & 0777) < 0) || fstat (fd, &st) < 0)
    return -1;
  if (!sbx_publish_is_privileged (fd, &st))
    return 0;
  errno = EPERM;
  return -1;
}

/* The access list of the file @name: how many bytes, or 0 for none. */
static ssize_t
read_access_list (int directory, const char *name, char *value)
{
  int fd = openat (directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  struct stat st;
  ssize_t n = 0;
  FdPath path;

  if (fd >= 0 && fstat (fd, &st) == 0 && S_ISREG (st.st_mode))
    n = getxattr (get_path (fd, path), ACCESS_LIST, value, ACCESS_LIST_MAX);
  if (fd >= 0)
    close (fd);
  return n > 0 ? n : 0;
}

int
sbx_publish_tame (int fd, int directory, const char *name)
{
  char value[ACCESS_LIST_MAX];
  ssize_t n = read_access_list (directory, name, value);
  FdPath path;

  if (sbx_publish_drop_privileges (fd) < 0)
    return -1;
  if (n > 0)
    return setxattr (get_path (fd, path), ACCESS_LIST, value, (size_t) n, 0);
  return removexattr (get_path (fd, path), ACCESS_LIST) < 0 && errno != ENODATA && errno != EOPNOTSUPP ? -1 : 0;
}

int
sbx_publish_link (int fd, int directory, const char *temporary, const char *name)
{
  FdPath path;
  int rc, saved;

  (void) unlinkat (directory, temporary, 0);
  if (linkat (AT_FDCWD, get_path (fd, path), directory, temporary, AT_SYMLINK_FOLLOW) < 0)
    return -1;
  rc = renameat (directory, temporary, directory, name);
  saved = errno;
  (void) unlinkat (directory, temporary, 0); /* rename(2) leaves two names of the same file as they are */
  errno = saved;
  return rc;
}
