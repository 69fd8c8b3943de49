/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* User namespaces of the application's own: that there are none without the feature, and what they are not good for
 * with it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"

static void
write_map (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);

  if (fd >= 0 && write (fd, text, strlen (text)) < 0)
    errno = errno; /* what follows will say so */
  if (fd >= 0)
    close (fd);
}

/* Root of a user namespace with the others of @flags. 0 or -1 with errno. */
int
enter_namespaces (int flags)
{
  char map[64];
  unsigned uid = getuid (), gid = getgid ();

  if (unshare (CLONE_NEWUSER | flags) < 0)
    return -1;
  write_map ("/proc/self/setgroups", "deny");
  snprintf (map, sizeof map, "0 %u 1", uid);
  write_map ("/proc/self/uid_map", map);
  snprintf (map, sizeof map, "0 %u 1", gid);
  write_map ("/proc/self/gid_map", map);
  return 0;
}

static Finding
try_unshare (const Given *all)
{
  return judge (unshare (CLONE_NEWUSER));
}

static Finding
try_unshare_more (const Given *all)
{
  return judge (unshare (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET));
}

/* The kernel looks at all bits of it, a filter with 32 bits at less: rubbish above must not hide the flag. */
static Finding
try_unshare_high_bits (const Given *all)
{
  long result = syscall (SYS_unshare, 0x100000000L | CLONE_NEWUSER);

  /* Kernels refuse the rubbish since they have time namespaces; then without it */
  return result < 0 && errno == EINVAL ? judge (syscall (SYS_unshare, (long) CLONE_NEWUSER)) : judge (result);
}

static Finding
try_clone (const Given *all)
{
  long pid = syscall (SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

  if (pid == 0)
    _exit (0);
  if (pid > 0)
    waitpid ((pid_t) pid, NULL, 0);
  return judge (pid);
}

static Finding
try_clone3 (const Given *all)
{
  struct {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
  } arguments = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
  long pid = syscall (SYS_clone3, &arguments, sizeof arguments);

  if (pid == 0)
    _exit (0);
  if (pid > 0)
    waitpid ((pid_t) pid, NULL, 0);
  return judge (pid);
}

/* Something is mounted, in whatever way it takes. */
static Finding
try_mount (const Given *all)
{
  if (enter_namespaces (CLONE_NEWNS) < 0)
    return refused (errno);
  return judge (mount ("tmpfs", "/tmp", "tmpfs", 0, NULL));
}

/* Opens it for writing, as "file" in "read-only" is when that is no longer read-only. */
static Finding
writes_file (const char *directory)
{
  char path[4096];

  snprintf (path, sizeof path, "%s/file", directory);
  return judge (open (path, O_WRONLY | O_CLOEXEC));
}

/* "read-only": a directory that is granted for reading. */
static Finding
try_remount (const Given *all)
{
  const char *path = given (all, "read-only");

  if (enter_namespaces (CLONE_NEWNS) == 0)
    mount (NULL, path, NULL, MS_REMOUNT | MS_BIND, NULL);
  return writes_file (path);
}

static Finding
try_mount_setattr (const Given *all)
{
  const char *path = given (all, "read-only");
  struct mount_attr change = { .attr_clr = MOUNT_ATTR_RDONLY };

  if (enter_namespaces (CLONE_NEWNS) == 0)
    syscall (SYS_mount_setattr, AT_FDCWD, path, AT_RECURSIVE, &change, sizeof change);
  return writes_file (path);
}

/* A copy of the mount at another place, made writable there. */
static Finding
try_bind (const Given *all)
{
  const char *path = given (all, "read-only");

  if (enter_namespaces (CLONE_NEWNS) < 0)
    return writes_file (path);
  mkdir ("/tmp/copy", 0700);
  if (mount (path, "/tmp/copy", NULL, MS_BIND | MS_REC, NULL) < 0)
    return writes_file (path);
  mount (NULL, "/tmp/copy", NULL, MS_REMOUNT | MS_BIND, NULL);
  return writes_file ("/tmp/copy");
}

static Finding
try_open_tree (const Given *all)
{
  const char *path = given (all, "read-only");
  struct mount_attr change = { .attr_clr = MOUNT_ATTR_RDONLY };

  if (enter_namespaces (CLONE_NEWNS) < 0)
    return writes_file (path);
  int tree = (int) syscall (SYS_open_tree, AT_FDCWD, path, 1 /* OPEN_TREE_CLONE */ | AT_RECURSIVE | O_CLOEXEC);
  if (tree < 0)
    return writes_file (path);
  syscall (SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &change, sizeof change);
  return judge (openat (tree, "file", O_WRONLY | O_CLOEXEC));
}

/* What lies below the mount: detached, it would show. "read-only" is empty inside without it. */
static Finding
try_unmount (const Given *all)
{
  const char *path = given (all, "read-only");

  if (enter_namespaces (CLONE_NEWNS) < 0)
    return writes_file (path);
  if (umount2 (path, MNT_DETACH) == 0)
    return breach ("it was taken away");
  return writes_file (path);
}

/* A procfs without hidepid, of the pid namespace in which sandbox-init is the first. */
static Finding
try_procfs (const Given *all)
{
  if (enter_namespaces (CLONE_NEWNS) == 0)
    mount ("proc", "/proc", "proc", 0, NULL);
  return access ("/proc/1", F_OK) < 0 ? refused (errno) : breach ("PID 1 is there");
}

/* The same without mounting it anywhere. */
static Finding
try_fsopen_procfs (const Given *all)
{
  int opened, mounted;

  if (enter_namespaces (CLONE_NEWNS) == 0 && (opened = (int) syscall (SYS_fsopen, "proc", 0)) >= 0
      && syscall (SYS_fsconfig, opened, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0) == 0
      && (mounted = (int) syscall (SYS_fsmount, opened, 0, 0)) >= 0)
    return faccessat (mounted, "1", F_OK, 0) < 0 ? refused (errno) : breach ("PID 1 is there");
  return access ("/proc/1", F_OK) < 0 ? refused (errno) : breach ("PID 1 is there");
}

/* The sandbox's own procfs with other options. */
static Finding
try_reconfigure_procfs (const Given *all)
{
  if (enter_namespaces (CLONE_NEWNS) == 0)
    mount (NULL, "/proc", NULL, MS_REMOUNT, "hidepid=off");
  return access ("/proc/1", F_OK) < 0 ? refused (errno) : breach ("PID 1 is there");
}

/* Another user namespace by the file of PID 1, or of any process that is there. */
static Finding
try_join (const Given *all)
{
  char path[64];
  const char *rest = given (all, "targets");
  int error = EINVAL;
  long pid;

  while (next_number (&rest, &pid)) {
    snprintf (path, sizeof path, "/proc/%ld/ns/user", pid);
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
      return breach ("namespace of %ld", pid);
    error = errno;
  }
  return refused (error);
}

const Probe userns_probes[] = {
  { "unshare", try_unshare },
  { "unshare-more", try_unshare_more },
  { "unshare-high-bits", try_unshare_high_bits },
  { "clone", try_clone },
  { "clone3", try_clone3 },
  { "mount", try_mount },
  { "remount", try_remount },
  { "mount-setattr", try_mount_setattr },
  { "bind", try_bind },
  { "open-tree", try_open_tree },
  { "unmount", try_unmount },
  { "procfs", try_procfs },
  { "fsopen-procfs", try_fsopen_procfs },
  { "reconfigure-procfs", try_reconfigure_procfs },
  { "join", try_join },
  { 0 },
};
