/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How everything inside is ended, which depends on who else is in the pid namespace.
 *
 * Of its own: nobody. Init is PID 1, and the kernel ends all others with it (pid_namespaces(7)).
 *
 * Of its target: that and its other handlers. What has a handler's mount namespace is its own; it cannot make another
 * one.
 *
 * Of its session: other instances, and PID 1 is sandbox-session. What a signal of ours reaches is our own, since the
 * scope of the instance's Landlock domain stops all others: whether it is stopped, a daemon, an orphan, below a pid
 * namespace of its own making, or ignores all but SIGKILL.
 *
 * Init itself is killed by its pidfd in each of them (end.h). libc only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "keeper/join.h"
#include "wire/message.h"

/* Sends SIGKILL to what runs inside and does not end with init. Returns how many processes there were, some of them
 * perhaps ending already: until it returns 0, not all of them are gone. */
size_t sbx_ending_sweep (const SbxJoin *join);
/* Whether what bwrap has started may go on when bwrap is dead: plan/bwrap-args.c. */
bool sbx_ending_outlives_bwrap (const SbxJoin *join);
/* Whether what it has joined has ended, and with it this instance; *@culprit says who that was then. Waits a moment
 * where that is told late. */
bool sbx_ending_is_lost (const SbxJoin *join, SbxCulprit *culprit);
