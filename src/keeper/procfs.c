/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may mount here: bwrap's mount namespace belongs to the first user namespace that bwrap made, which our own uid
 * owns, so a child that joins it has CAP_SYS_ADMIN there. Processes inside live in a second, nested user namespace and
 * get EPERM.
 *
 * The order matters: the kernel lets a user namespace mount a procfs only while a complete one is visible in it
 * (mount_too_revealing in fs/namespace.c), so the new one is made while bwrap's own is still there. */
#include "keeper/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wire/block.h"
#include "wire/message.h"
#include "wire/sys.h"

/* A child's exit status when procfs has no option pidns= (before Linux 6.18); errno values are smaller. */
#define NO_PIDNS_OPTION 250
#define FSCONFIG_PIDNS "pidns"

int
sbx_namespaces_open (SbxNamespaces *namespaces, pid_t pid, int pidfd)
{
  struct pollfd alive = { .fd = pidfd, .events = POLLIN };
  char path[64];

  *namespaces = (SbxNamespaces){ -1, -1, -1 };
  snprintf (path, sizeof path, "/proc/%d/ns/mnt", (int) pid);
  namespaces->mount = open (path, O_RDONLY | O_CLOEXEC);
  snprintf (path, sizeof path, "/proc/%d/ns/pid", (int) pid);
  namespaces->pid = open (path, O_RDONLY | O_CLOEXEC);
  if (namespaces->mount >= 0)
    namespaces->owner = ioctl (namespaces->mount, NS_GET_USERNS);
  if (namespaces->mount < 0 || namespaces->pid < 0 || namespaces->owner < 0) {
    int saved = errno;

    sbx_namespaces_close (namespaces);
    errno = saved;
    return -1;
  }
  if (poll (&alive, 1, 0) != 0) { /* it died: the number may have been somebody else's */
    sbx_namespaces_close (namespaces);
    errno = ESRCH;
    return -1;
  }
  return 0;
}

void
sbx_namespaces_close (SbxNamespaces *namespaces)
{
  int *const all[] = { &namespaces->mount, &namespaces->pid, &namespaces->owner };

  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    if (*all[i] >= 0)
      close (*all[i]);
    *all[i] = -1;
  }
}

static int
set_option (int fs, const char *key, const char *value)
{
  return sbx_sys_fsconfig (fs, FSCONFIG_SET_STRING, key, value, 0);
}

/* A procfs of @pidns (-1: of our own pid namespace) as a detached mount. -1 with errno, or -NO_PIDNS_OPTION. */
static int
make_procfs (int pidns, uint32_t flags)
{
  unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  int fs = sbx_sys_fsopen ("proc", FSOPEN_CLOEXEC);

  /* What only reads must not follow /proc/PID/root, cwd, fd/… to what its target may write, its own procfs included */
  if (flags & SBX_PROCFS_READ_ONLY)
    attributes |= MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSYMFOLLOW;
  if (fs < 0 || set_option (fs, "source", "proc") < 0)
    return -1;
  if ((flags & SBX_PROCFS_PTRACEABLE) && set_option (fs, "hidepid", "ptraceable") < 0)
    return -1;
  if ((flags & SBX_PROCFS_INVISIBLE) && set_option (fs, "hidepid", "invisible") < 0)
    return -1;
  if ((flags & SBX_PROCFS_SUBSET_PID) && set_option (fs, "subset", "pid") < 0)
    return -1;
  /* EINVAL: the option is unknown; EOPNOTSUPP: known, but built without pid namespaces */
  if (pidns >= 0 && sbx_sys_fsconfig (fs, FSCONFIG_SET_FD, FSCONFIG_PIDNS, NULL, pidns) < 0)
    return errno == EINVAL || errno == EOPNOTSUPP ? -NO_PIDNS_OPTION : -1;
  if (sbx_sys_fsconfig (fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
    return -1;
  return sbx_sys_fsmount (fs, FSMOUNT_CLOEXEC, attributes);
}

/* Lays @source, read-only and without devices, over @name. */
static int
cover_entry (int proc, const char *name, int source_dir, const char *source)
{
  struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC };
  int tree = sbx_sys_open_tree (source_dir, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
  int rc = -1;

  if (tree >= 0 && sbx_sys_mount_setattr (tree, "", AT_EMPTY_PATH, &attr) == 0)
    rc = sbx_sys_move_mount (tree, "", proc, name, MOVE_MOUNT_F_EMPTY_PATH);
  if (tree >= 0)
    close (tree);
  return rc;
}

/* Started by root, the application's uid outside is 0, and much of procfs asks for that and for no capability: it
 * could write /proc/sys/kernel/core_pattern or /proc/sysrq-trigger. So everything that is not a process and that its
 * owner may write, or that is a directory, becomes read-only. An ordinary user's instance needs none of this and keeps
 * one single mount. What only root may read is covered by a /dev/null that cannot even be opened. */
static int
seal_for_root (const char *path)
{
  DIR *dir = opendir (path);
  struct dirent *entry;
  int rc = 0;

  if (!dir)
    return -1;
  while (rc == 0 && (entry = readdir (dir)) != NULL) {
    struct stat st;

    if (entry->d_name[0] == '.' || (entry->d_name[0] >= '0' && entry->d_name[0] <= '9'))
      continue;
    if (fstatat (dirfd (dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISLNK (st.st_mode))
      continue;
    if (!S_ISDIR (st.st_mode) && !(st.st_mode & S_IROTH))
      rc = cover_entry (dirfd (dir), entry->d_name, AT_FDCWD, "/dev/null");
    else if (S_ISDIR (st.st_mode) || (st.st_mode & 0222))
      rc = cover_entry (dirfd (dir), entry->d_name, dirfd (dir), entry->d_name);
  }
  closedir (dir);
  return rc;
}

/* In a process of the mount namespace: out with the old, in with the new. Its exit status. */
static int
swap_procfs (int pidns, uint32_t flags, bool root)
{
  int mount = make_procfs (pidns, flags);

  if (mount == -NO_PIDNS_OPTION)
    return NO_PIDNS_OPTION;
  if (mount < 0 || sbx_sys_umount ("/proc", SBX_MNT_DETACH) < 0
      || sbx_sys_move_mount (mount, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH) < 0)
    return errno;
  if (root && seal_for_root ("/proc") < 0)
    return errno;
  return 0;
}

static int
wait_for (pid_t pid)
{
  int status;

  while (waitpid (pid, &status, 0) < 0)
    if (errno != EINTR)
      return errno;
  return WIFEXITED (status) ? WEXITSTATUS (status) : EINTR;
}

/* With pidns=: from our own pid namespace. Without: a child of a process that has joined the other one mounts. */
static int
in_namespaces (const SbxNamespaces *namespaces, uint32_t flags, bool by_fd)
{
  bool root = geteuid () == 0;
  pid_t pid;

  if (setns (namespaces->owner, CLONE_NEWUSER) < 0 || setns (namespaces->mount, CLONE_NEWNS) < 0)
    return errno;
  if (by_fd)
    return swap_procfs (namespaces->pid, flags, root);
  if (setns (namespaces->pid, CLONE_NEWPID) < 0)
    return errno;
  pid = fork ();
  if (pid == 0)
    _exit (swap_procfs (-1, flags, root));
  return pid < 0 ? errno : wait_for (pid);
}

static int
run_child (const SbxNamespaces *namespaces, uint32_t flags, bool by_fd)
{
  pid_t pid = fork ();

  if (pid == 0)
    _exit (in_namespaces (namespaces, flags, by_fd));
  return pid < 0 ? errno : wait_for (pid);
}

int
sbx_procfs_replace (const SbxNamespaces *namespaces, uint32_t flags, uint32_t *enforced)
{
  bool by_fd = true;
  int rc = run_child (namespaces, flags, by_fd);

  if (rc == NO_PIDNS_OPTION) {
    by_fd = false;
    rc = run_child (namespaces, flags, by_fd);
  }
  if (rc != 0) {
    errno = rc;
    return -1;
  }
  *enforced |= SBX_ENFORCED_PRIVATE_PROCFS;
  if (by_fd)
    *enforced |= SBX_ENFORCED_PIDNS_BY_FD;
  if (flags & SBX_PROCFS_PTRACEABLE)
    *enforced |= SBX_ENFORCED_HIDEPID;
  return 0;
}
