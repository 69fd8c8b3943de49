/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The procfs that bwrap has made is replaced by one with options, from outside: enter.h says who may.
 *
 * The order matters: the kernel lets a user namespace mount a procfs only while a complete one is visible in it
 * (mount_too_revealing in fs/namespace.c), so the new one is made while bwrap's own is still there. */
#include "keeper/parts/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/enter.h"
#include "keeper/launch.h"
#include "keeper/new-procfs.h"
#include "keeper/state.h"
#include "wire/sys.h"

/* A child's exit status when procfs has no option pidns= (before Linux 6.18); errno values are smaller. */
#define NO_PIDNS_OPTION 250

typedef struct {
  SbxPartState head;
  uint32_t flags; /* SbxProcfsFlags */
} SbxProcfs;

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

/* Keyrings are the uid's, in whatever namespace it is. Calls are the filter's; these two tell names and numbers of keys
 * to who reads them, and have permissions that say nothing. A kernel or a subset may have none of them. */
static int
cover_keys (const char *path)
{
  static const char *const names[] = { "keys", "key-users" };
  int proc = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC), rc = proc < 0 ? -1 : 0;

  for (size_t i = 0; rc == 0 && i < sizeof names / sizeof *names; i++)
    if (faccessat (proc, names[i], F_OK, 0) == 0)
      rc = cover_entry (proc, names[i], AT_FDCWD, "/dev/null");
  if (proc >= 0)
    close (proc);
  return rc;
}

typedef struct {
  int pidns; /* or -1: that of the process that mounts it */
  uint32_t flags;
  bool root; /* we are, outside */
} Swap;

/* In a process of the mount namespace: out with the old, in with the new. */
static int
swap_procfs (void *data)
{
  const Swap *swap = data;
  int mount = sbx_procfs_new (swap->pidns, swap->flags);

  if (mount == SBX_PROCFS_NO_PIDNS)
    return NO_PIDNS_OPTION;
  if (mount < 0 || sbx_sys_umount ("/proc", SBX_MNT_DETACH) < 0
      || sbx_sys_move_mount (mount, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH) < 0)
    return errno;
  if ((swap->flags & SBX_PROCFS_NO_KEYS) && cover_keys ("/proc") < 0)
    return errno;
  if (swap->root && seal_for_root ("/proc") < 0)
    return errno;
  return 0;
}

/* With pidns=: from our own pid namespace. Without it: from inside of the other. */
static int
replace (const SbxNamespaces *namespaces, uint32_t flags, bool *by_fd)
{
  Swap swap = { namespaces->pid, flags, geteuid () == 0 };
  int rc = sbx_enter (namespaces, false, swap_procfs, &swap);

  *by_fd = rc != NO_PIDNS_OPTION;
  if (*by_fd)
    return rc;
  swap.pidns = -1;
  return sbx_enter (namespaces, true, swap_procfs, &swap);
}

static int
start (void *state, const SbxBlock *block)
{
  SbxProcfs *self = state;

  self->flags = sbx_block_u32 (block, SBX_TAG_PROCFS, 0);
  return 0;
}

static int
mount_it (void *state)
{
  SbxProcfs *self = state;
  uint32_t enforced = SBX_ENFORCED_PRIVATE_PROCFS;
  bool by_fd;

  if (!(self->flags & SBX_PROCFS_PRIVATE))
    return 0;
  errno = replace (sbx_launch_namespaces (self->head.keeper), self->flags, &by_fd);
  if (errno != 0)
    return -1;
  if (by_fd)
    enforced |= SBX_ENFORCED_PIDNS_BY_FD;
  if (self->flags & SBX_PROCFS_PTRACEABLE)
    enforced |= SBX_ENFORCED_HIDEPID;
  sbx_keeper_set_enforced (self->head.keeper, enforced, true);
  return 0;
}

const SbxPart sbx_part_procfs = {
  .name = "procfs",
  .step = SBX_STEP_PROCFS,
  .size = sizeof (SbxProcfs),
  .start = start,
  .mount = mount_it,
};
