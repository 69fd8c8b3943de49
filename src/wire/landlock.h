/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Landlock by system call: Debian 12's headers are older than the rights that are used here. libc only.
 * Numbers and layouts: include/uapi/linux/landlock.h of Linux 6.15; history in
 * Documentation/userspace-api/landlock.rst. */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SBX_LANDLOCK_FS_EXECUTE (1ULL << 0)
#define SBX_LANDLOCK_FS_WRITE_FILE (1ULL << 1)
#define SBX_LANDLOCK_FS_READ_FILE (1ULL << 2)
#define SBX_LANDLOCK_FS_READ_DIR (1ULL << 3)
#define SBX_LANDLOCK_FS_READ_ALL (SBX_LANDLOCK_FS_EXECUTE | SBX_LANDLOCK_FS_READ_FILE | SBX_LANDLOCK_FS_READ_DIR)
#define SBX_LANDLOCK_NET_BIND_TCP (1ULL << 0)
#define SBX_LANDLOCK_NET_CONNECT_TCP (1ULL << 1)
#define SBX_LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define SBX_LANDLOCK_SCOPE_SIGNAL (1ULL << 1)

/* Asks the running kernel for its ABI version; 0 = no Landlock (missing or switched off). */
int sbx_landlock_abi (void);
/* Every file-system right that ABI @abi knows: 13 rights at 1, REFER at 2, TRUNCATE at 3, IOCTL_DEV at 5. */
uint64_t sbx_landlock_fs_rights (int abi);

typedef struct {
  uint64_t handled_access_fs;
  uint64_t handled_access_net;
  uint64_t scoped;
} SbxLandlockAttr;

/* landlock_create_ruleset: a close-on-exec descriptor, or -1 with errno (ENOMSG: nothing handled; EINVAL: unknown). */
int sbx_landlock_create (const SbxLandlockAttr *attr);
/* Allow @access below @path, which is opened O_PATH. 0, or -1 with errno (ENOENT …). Rights that make no sense for a
 * file that is not a directory are left out. */
int sbx_landlock_allow_path (int ruleset, uint64_t access, const char *path);
/* Allow @access to the TCP port @port. 0, or -1 with errno. */
int sbx_landlock_allow_port (int ruleset, uint64_t access, uint64_t port);
/* Restrict this thread (no_new_privs must be set), without denials in the audit log of this program itself where the
 * kernel knows the flag (ABI 7). 0, or -1 with errno. */
int sbx_landlock_restrict_self (int ruleset);

#ifdef __cplusplus
}
#endif
