/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs something inside the namespaces of an instance, from outside. libc only.
 *
 * bwrap's mount namespace belongs to the first user namespace that bwrap made, which our own uid owns, so a child
 * that joins it has CAP_SYS_ADMIN there. Processes inside live in a second, nested user namespace and have no such
 * right. Only a process of one thread can join a user namespace (setns(2)). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Descriptors that stay good whatever happens to the processes. Each is -1 when it is not open. */
typedef struct {
  int mount;
  int pid;
  int owner; /* the user namespace that owns the mount namespace: bwrap --dev nests a second one below it */
} SbxNamespaces;

#define SBX_NAMESPACES_NONE                                                                                            \
  {                                                                                                                    \
    .mount = -1, .pid = -1, .owner = -1                                                                                \
  }

/* Opens the namespaces of the process @pid, of which @pidfd is a pidfd. Returns 0, or -1 with errno and nothing open:
 * ESRCH when the process has ended, since the number may then be that of another one. */
int sbx_namespaces_open (SbxNamespaces *namespaces, pid_t pid, int pidfd);
bool sbx_namespaces_are_open (const SbxNamespaces *namespaces);
/* Closes those that are open. */
void sbx_namespaces_close (SbxNamespaces *namespaces);

/* Runs in the child. Returns 0, an errno, or a number of its own up to 255; errno values are below 134. */
typedef int (*SbxEnterFunction) (void *data);

/* Runs @function (@data) in a child that has joined the user namespace, then the mount namespace, and, with @pid, in
 * one more child of the pid namespace; and waits for it. What @function does to its memory is lost. Returns what
 * @function returned, or the errno of what failed on the way: EINTR when a signal has ended the child. */
int sbx_enter (const SbxNamespaces *namespaces, bool pid, SbxEnterFunction function, void *data);

/* The same in a child of the pid namespace @pid, which belongs to the user namespace @owner, with our own mounts. */
int sbx_enter_pid (int owner, int pid, SbxEnterFunction function, void *data);

/* As sbx_enter (), but with a copy of our own mount namespace in the place of the other one's: what has to be there to
 * be allowed to make a mount is then whatever the host has, and none of what @function mounts is seen by anybody. */
int sbx_enter_beside (const SbxNamespaces *namespaces, bool pid, SbxEnterFunction function, void *data);

/* In such a child: gives up every capability (capset(2)). 0, or -1 with errno. */
int sbx_enter_give_up (void);
/* The same of what stays there: nobody inside may trace it or look into it either (PR_SET_DUMPABLE, prctl(2)). */
int sbx_enter_shut_off (void);
/* How long the children that have been waited for were on a processor, in us. */
int64_t sbx_enter_used (void);
