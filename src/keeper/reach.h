/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds processes by what the kernel says of them: all below one process, or all in one mount namespace. libc only.
 *
 * A process may start another one meanwhile. So whoever has to reach all of them looks again until nothing new is
 * found. What is found is held by descriptors, never by a number, which may be another process's by then. */
#pragma once

#include <dirent.h>
#include <stddef.h>
#include <sys/types.h>

#include "keeper/enter.h"

#define SBX_REACH_NAMESPACES 256 /* different mount namespaces at most */

/* Called with a mount namespace that a process of the instance is in: mount and owner are open and stay the walk's,
 * pid is -1. Returns 0 to go on, or an errno, which ends the walk. */
typedef int (*SbxReachFunction) (void *data, const SbxNamespaces *namespaces);

/* Calls @each once for each distinct mount namespace of the process @init, of all that are below it and of all their
 * threads, in an order that is not said, and looks again until no other is found. A process that ends meanwhile is
 * passed over. Returns 0; or -1 with errno: what @each has returned; ENOBUFS when there are more than
 * SBX_REACH_NAMESPACES; ELOOP when there were new ones each time; or why a process could not be looked at. */
int sbx_reach_mounts (pid_t init, SbxReachFunction each, void *data);

/* The same without looking again: for who does that itself. */
int sbx_reach_mounts_once (pid_t init, SbxReachFunction each, void *data);

/* The threads of a process, whose directory in /proc is @process: names that begin with a digit. The caller closes it.
 * NULL with errno: ENOENT or ESRCH when it has ended. */
DIR *sbx_reach_open_tasks (int process);

/* Called with a process of the instance and its directory in /proc, which stays the walk's. Returns 0 to go on, or an
 * errno, which ends the walk. */
typedef int (*SbxReachProcessFunction) (void *data, pid_t pid, int directory);

/* Calls @each for the process @init and each one below it, once. 0, or -1 with errno. */
int sbx_reach_processes (pid_t init, SbxReachProcessFunction each, void *data);

/* Sends SIGKILL to every process with a thread in the mount namespace @mounts. Returns how many there were; does
 * nothing to processes of our own mount namespace, and nothing when @mounts is -1. */
size_t sbx_reach_kill (int mounts);

/* Sends SIGKILL to every process of the pid namespace @pids, or of one below it, that our Landlock domain lets us
 * reach: without one that is all of them. Returns how many there were, those included that are dead and not reaped yet;
 * never to ourselves. Nothing before Linux 6.11, which knows no scopes either. */
size_t sbx_reach_kill_in_domain (int pids);
