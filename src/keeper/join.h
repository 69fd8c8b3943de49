/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A keeper whose sandbox is a handler: it joins the user and pid namespace of another instance, its target.
 *
 * Such a keeper is started by the target's keeper (parts/handlers.c), not by sandboxd, since it must be in the target's
 * Landlock domain: a domain is inherited and cannot be joined, and only a process of an outer domain may trace one of
 * an inner domain (kernel: Documentation/userspace-api/landlock.rst, "Ptrace restrictions"). What it needs of its
 * target comes as the descriptors SBX_JOIN_*_FD of wire/layout.h. libc only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keeper/enter.h"

typedef struct {
  bool joined;
  int owner, user, pid, mount, init, link;
  int own_mounts; /* the handler's own mount namespace, or -1 */
} SbxJoin;

/* Takes those descriptors, if they are what they should be. 0, or -1 with EBADF or EBADMSG. */
int sbx_join_open (SbxJoin *join);
/* bwrap's command line with --userns and so on put in. free () the array; the strings are @argv's and constants. NULL
 * with ENOMEM. */
char **sbx_join_argv (const SbxJoin *join, char *const *argv, size_t argc);
/* The descriptors that these name and their numbers in bwrap, for sbx_fdmap_apply (). Returns how many: SBX_JOIN_FDS.
 */
#define SBX_JOIN_FDS 3
size_t sbx_join_map (const SbxJoin *join, int *sources, int32_t *targets);
/* Keeps the handler's mount namespace, tells the target's keeper of it, and shows the target's files below
 * SBX_TARGET_ROOT where the kernel can (Linux 5.12). 0, or -1 with errno. */
int sbx_join_ready (SbxJoin *join, const SbxNamespaces *own);
/* Is the target gone, now or within @ms milliseconds? Its PID 1 is the last to die: the kernel ends all others first.
 */
bool sbx_join_target_has_ended (const SbxJoin *join, int ms);

/* A handler is not alone in its pid namespace: what it leaves behind goes to the target's PID 1 and would live on. So
 * everything in its mount namespace gets SIGKILL. Returns how many processes there were; 0 when this is no handler. */
size_t sbx_join_sweep (const SbxJoin *join);
