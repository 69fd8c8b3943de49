/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/sys.h"

#define CREATE_RULESET_VERSION (1u << 0)
#define RULE_PATH_BENEATH 1
#define RULE_NET_PORT 2
#define RESTRICT_LOG_SAME_EXEC_OFF (1u << 0) /* ABI 7 */
#define ABI_AUDIT 7

/* The rights that a file can have which is no directory: execute, write, read, truncate, ioctl. */
#define FILE_RIGHTS                                                                                                    \
  (SBX_LANDLOCK_FS_EXECUTE | SBX_LANDLOCK_FS_WRITE_FILE | SBX_LANDLOCK_FS_READ_FILE | 1ULL << 14 | 1ULL << 15)

typedef struct {
  uint64_t allowed_access;
  int32_t parent_fd;
} __attribute__ ((packed)) PathBeneath;

typedef struct {
  uint64_t allowed_access;
  uint64_t port;
} NetPort;

int
sbx_landlock_abi (void)
{
  long abi = syscall (SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

  return abi < 0 ? 0 : (int) abi;
}

uint64_t
sbx_landlock_fs_rights (int abi)
{
  if (abi < 1)
    return 0;
  if (abi < 2)
    return (1ULL << 13) - 1;
  if (abi < 3)
    return (1ULL << 14) - 1; /* REFER */
  if (abi < 5)
    return (1ULL << 15) - 1; /* TRUNCATE */
  return (1ULL << 16) - 1;   /* IOCTL_DEV */
}

int
sbx_landlock_create (const SbxLandlockAttr *attr)
{
  /* Older kernels accept a longer structure as long as what they do not know is zero (E2BIG otherwise) */
  return (int) syscall (SYS_landlock_create_ruleset, attr, sizeof *attr, 0);
}

int
sbx_landlock_allow_path (int ruleset, uint64_t access, const char *path)
{
  PathBeneath rule = { .allowed_access = access };
  struct stat st;
  long rc = -1;

  rule.parent_fd = open (path, O_PATH | O_CLOEXEC);
  if (rule.parent_fd < 0)
    return -1;
  if (fstat (rule.parent_fd, &st) == 0) {
    if (!S_ISDIR (st.st_mode))
      rule.allowed_access &= FILE_RIGHTS;
    rc = syscall (SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
  }
  int saved = errno;
  close (rule.parent_fd);
  errno = saved;
  return (int) rc;
}

int
sbx_landlock_allow_port (int ruleset, uint64_t access, uint64_t port)
{
  NetPort rule = { access, port };

  return (int) syscall (SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0);
}

int
sbx_landlock_restrict_self (int ruleset)
{
  unsigned flags = sbx_landlock_abi () >= ABI_AUDIT ? RESTRICT_LOG_SAME_EXEC_OFF : 0;

  return (int) syscall (SYS_landlock_restrict_self, ruleset, flags);
}
