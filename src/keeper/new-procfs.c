/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/new-procfs.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "wire/block.h"
#include "wire/sys.h"

#define FSCONFIG_PIDNS "pidns"
/* A child's exit status for SBX_PROCFS_NO_PIDNS; errno values are smaller. */
#define NO_PIDNS 250

static int
set_option (int fs, const char *key, const char *value)
{
  return sbx_sys_fsconfig (fs, FSCONFIG_SET_STRING, key, value, 0);
}

static const struct {
  uint32_t flag; /* SbxProcfsFlags */
  const char *key, *value;
} options[] = {
  { SBX_PROCFS_PTRACEABLE, "hidepid", "ptraceable" },
  { SBX_PROCFS_INVISIBLE, "hidepid", "invisible" },
  { SBX_PROCFS_NO_ACCESS, "hidepid", "noaccess" },
  { SBX_PROCFS_SUBSET_PID, "subset", "pid" },
};

static int
set_options (int fs, uint32_t flags)
{
  if (set_option (fs, "source", "proc") < 0)
    return -1;
  for (size_t i = 0; i < sizeof options / sizeof *options; i++)
    if ((flags & options[i].flag) && set_option (fs, options[i].key, options[i].value) < 0) {
      if (errno == EINVAL)
        errno = EOPNOTSUPP;
      return -1;
    }
  return 0;
}

static unsigned
attributes_of (uint32_t flags)
{
  unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

  /* What only reads must not follow /proc/PID/root, cwd, fd/… to what its target may write, its own procfs included */
  if (flags & SBX_PROCFS_READ_ONLY)
    attributes |= MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSYMFOLLOW;
  if (flags & SBX_PROCFS_NO_WRITING)
    attributes |= MOUNT_ATTR_RDONLY;
  return attributes;
}

/* From an fsopen(2)ed procfs to the mount. */
static int
configure (int fs, int pidns, uint32_t flags)
{
  if (set_options (fs, flags) < 0)
    return -1;
  /* EINVAL: the option is unknown, or the namespace is none of ours, which the way from inside tells as well;
   * EOPNOTSUPP: known, but built without pid namespaces */
  if (pidns >= 0 && sbx_sys_fsconfig (fs, FSCONFIG_SET_FD, FSCONFIG_PIDNS, NULL, pidns) < 0)
    return errno == EINVAL || errno == EOPNOTSUPP ? SBX_PROCFS_NO_PIDNS : -1;
  if (sbx_sys_fsconfig (fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
    return -1;
  return sbx_sys_fsmount (fs, FSMOUNT_CLOEXEC, attributes_of (flags));
}

int
sbx_procfs_new (int pidns, uint32_t flags)
{
  int fs = sbx_sys_fsopen ("proc", FSOPEN_CLOEXEC), mount, saved;

  if (fs < 0)
    return -1;
  mount = configure (fs, pidns, flags);
  saved = errno;
  close (fs);
  errno = saved;
  return mount;
}

typedef struct {
  int pidns; /* or -1: that of the process that makes it */
  uint32_t flags;
  int sock;
  uint32_t job;
} Gift;

static int
give (void *data)
{
  const Gift *gift = data;
  const SbxMessage message = { .type = SBX_MSG_PROCFS, .job = gift->job };
  int mount;

  mount = sbx_procfs_new (gift->pidns, gift->flags | SBX_PROCFS_NO_WRITING);
  if (mount == SBX_PROCFS_NO_PIDNS)
    return NO_PIDNS;
  return mount >= 0 && sbx_message_send_now (gift->sock, &message, &mount, 1) == 0 ? 0 : errno;
}

int
sbx_procfs_give (const SbxNamespaces *namespaces, uint32_t flags, bool by_fd, int sock, uint32_t job)
{
  Gift gift = { namespaces->pid, flags, sock, job };
  int rc = by_fd ? sbx_enter_beside (namespaces, false, give, &gift) : NO_PIDNS;

  if (rc != NO_PIDNS)
    return rc;
  gift.pidns = -1;
  return sbx_enter_beside (namespaces, true, give, &gift);
}
