/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The private procfs of an instance, mounted from outside. libc only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The namespaces of an instance, as descriptors that stay good whatever happens to its processes. */
typedef struct {
  int mount;
  int pid;
  int owner; /* the user namespace that owns the mount namespace: bwrap --dev nests a second one below it */
} SbxNamespaces;

/* Opens those of @pid, which must be alive and blocked (checked with @pidfd afterwards). 0, or -1 with errno. */
int sbx_namespaces_open (SbxNamespaces *namespaces, pid_t pid, int pidfd);
void sbx_namespaces_close (SbxNamespaces *namespaces);

/* Replaces /proc of the mount namespace by a new procfs of the pid namespace, with @flags (SbxProcfsFlags), and adds
 * what was reached to @enforced (SbxEnforced). Returns 0, or -1 with errno: EINVAL when the kernel does not know an
 * option that @flags asks for. */
int sbx_procfs_replace (const SbxNamespaces *namespaces, uint32_t flags, uint32_t *enforced);
