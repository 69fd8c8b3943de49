/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A keeper whose sandbox joins a user and a pid namespace that others are in: a handler those of its target, an
 * instance with pidns=session those of its login session, where the user namespace of its processes is still its own:
 * what the kernel counts for each uid (processes, pending signals, locked memory) it counts there, so that nobody
 * learns from it about others, and the capability of a handler is over its target alone.
 *
 * A handler's keeper is started by the target's keeper (parts/handlers.c), not by sandboxd, since it must be in the
 * target's Landlock domain: a domain is inherited and cannot be joined, and only a process of an outer domain may trace
 * one of an inner domain (kernel: Documentation/userspace-api/landlock.rst, "Ptrace restrictions"). What it needs of
 * its target comes as the descriptors SBX_JOIN_*_FD of wire/layout.h. An instance of a session gets its descriptors
 * from sandbox-session, to which sandboxd has connected; while it holds that socket, the session stays. libc only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keeper/enter.h"
#include "wire/message.h"

typedef enum {
  SBX_JOIN_NOTHING, /* it has namespaces of its own */
  SBX_JOIN_TARGET,
  SBX_JOIN_SESSION,
  SBX_N_JOINS
} SbxJoinKind;

/* Of a session @init is a pidfd of PID 1, @link the socket to it, and there is no @mount. */
typedef struct {
  SbxJoinKind kind;
  int owner, user, pid, mount, init, link;
  int own_mounts; /* the handler's own mount namespace, or -1 */
} SbxJoin;

/* Takes those descriptors, if they are what they should be. 0, or -1 with EBADF or EBADMSG. */
int sbx_join_open (SbxJoin *join);
/* Asks sandbox-session for them, and makes the user namespace of the processes, in which they are @uid and @gid. 0; or
 * -1 with errno, and what sandbox-session said in @answer->text or "": ETIMEDOUT when it does not answer in 5 s, EPIPE
 * when it has ended, EBADF, EBADMSG. */
int sbx_join_open_session (SbxJoin *join, uid_t uid, gid_t gid, SbxMessage *answer);
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
/* Whether the target is gone, now or within @ms milliseconds. Its PID 1 is the last to die: the kernel ends all others
 * first. */
bool sbx_join_target_has_ended (const SbxJoin *join, int ms);
/* Whether sandbox-session is: its sockets are closed before the kernel ends the others of its pid namespace. */
bool sbx_join_session_has_ended (const SbxJoin *join);
