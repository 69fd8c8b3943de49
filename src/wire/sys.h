/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System calls that a libc may not wrap (musl 1.2.3 and glibc before 2.36 have none of them), for the programs that
 * are built with libc alone. Each returns what the kernel returns, as -1 with errno. The numbers are the same on every
 * architecture (include/uapi/asm-generic/unistd.h); the structures and flags come from the kernel's own headers. */
#pragma once

#include <linux/close_range.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

/* include/uapi/linux/nsfs.h since Linux 6.11; numbers are the second argument, and what is returned */
#define SBX_NS_GET_PID_FROM_PIDNS _IOR (0xb7, 0x6, int)
#define SBX_NS_GET_TGID_FROM_PIDNS _IOR (0xb7, 0x7, int)
#define SBX_NS_GET_PID_IN_PIDNS _IOR (0xb7, 0x8, int)

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

/* umount2(2); its constant is in sys/mount.h, which cannot be had together with linux/mount.h in glibc 2.36 */
#define SBX_MNT_DETACH 2

static inline int
sbx_sys_fsopen (const char *type, unsigned flags)
{
  return (int) syscall (SYS_fsopen, type, flags);
}

static inline int
sbx_sys_fsconfig (int fs, unsigned command, const char *key, const void *value, int aux)
{
  return (int) syscall (SYS_fsconfig, fs, command, key, value, aux);
}

static inline int
sbx_sys_fsmount (int fs, unsigned flags, unsigned attributes)
{
  return (int) syscall (SYS_fsmount, fs, flags, attributes);
}

static inline int
sbx_sys_open_tree (int dir, const char *path, unsigned flags)
{
  return (int) syscall (SYS_open_tree, dir, path, flags);
}

static inline int
sbx_sys_openat2 (int dir, const char *path, struct open_how *how, size_t size)
{
  return (int) syscall (SYS_openat2, dir, path, how, size);
}

/* RENAME_EXCHANGE is in linux/fs.h, which takes sys/mount.h's names */
#define SBX_RENAME_EXCHANGE 2

static inline int
sbx_sys_renameat2 (int from, const char *from_name, int to, const char *to_name, unsigned flags)
{
  return (int) syscall (SYS_renameat2, from, from_name, to, to_name, flags);
}

static inline int
sbx_sys_move_mount (int from, const char *from_path, int to, const char *to_path, unsigned flags)
{
  return (int) syscall (SYS_move_mount, from, from_path, to, to_path, flags);
}

static inline int
sbx_sys_mount_setattr (int dir, const char *path, unsigned flags, struct mount_attr *attributes)
{
  return (int) syscall (SYS_mount_setattr, dir, path, flags, attributes, sizeof *attributes);
}

static inline int
sbx_sys_umount (const char *path, int flags)
{
  return (int) syscall (SYS_umount2, path, flags);
}

static inline int
sbx_sys_close_range (unsigned first, unsigned last, unsigned flags)
{
  return (int) syscall (SYS_close_range, first, last, flags);
}

/* The open program @fd; AT_EMPTY_PATH of execveat(2) */
static inline int
sbx_sys_execveat (int fd, char *const *argv, char *const *envp)
{
  return (int) syscall (SYS_execveat, fd, "", argv, envp, 0x1000);
}

static inline int
sbx_sys_pidfd_open (pid_t pid)
{
  return (int) syscall (SYS_pidfd_open, pid, 0);
}

static inline int
sbx_sys_pidfd_getfd (int pidfd, int fd)
{
  return (int) syscall (SYS_pidfd_getfd, pidfd, fd, 0);
}

static inline int
sbx_sys_pidfd_send_signal (int pidfd, int signo)
{
  return (int) syscall (SYS_pidfd_send_signal, pidfd, signo, NULL, 0);
}
