/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A procfs of an instance's pid namespace, made from outside. libc only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "keeper/enter.h"
#include "wire/message.h"

/* What sbx_procfs_new () returns when procfs has no option pidns= (before Linux 6.18). */
#define SBX_PROCFS_NO_PIDNS (-2)

/* Makes a procfs as a detached mount, with the options of @flags (SbxProcfsFlags) and no others: of the pid namespace
 * @pidns, for which one needs CAP_SYS_ADMIN in the user namespace that owns it, or, when that is -1, of the calling
 * process's own. The mount namespace that one is in has to have a complete procfs. Returns the descriptor, or -1 with
 * errno as fsopen(2), fsconfig(2) and fsmount(2) set it, where an option of @flags that procfs does not know is
 * EOPNOTSUPP; or SBX_PROCFS_NO_PIDNS. */
int sbx_procfs_new (int pidns, uint32_t flags);

/* Makes a read-only procfs of the pid namespace of @namespaces, by its descriptor, or (@by_fd is false, or the kernel
 * cannot do that) from inside of it, and sends it over the socket @sock as PROCFS with the number @job: never as our
 * own descriptor. Returns 0, or the errno of what failed: with the option pidns= EBUSY, EPERM, and EINVAL for what is
 * no pid namespace or not one below ours; EOPNOTSUPP for @flags that this kernel's procfs does not have. */
int sbx_procfs_give (const SbxNamespaces *namespaces, uint32_t flags, bool by_fd, int sock, uint32_t job);
