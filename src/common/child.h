/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Executes programs that inherit nothing of how this process treats signals. */
#pragma once

#include <glib.h>
#include <spawn.h>

G_BEGIN_DECLS

/* posix_spawn(3) of @path with no signal blocked, ignored or handled: GIO ignores SIGPIPE, and an ignored signal stays
 * ignored in everything that is executed. @flags: POSIX_SPAWN_SETSID, or 0. Returns 0 and the child's @pid, or an
 * errno. */
int sbx_child_spawn (pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, short flags,
                     char *const *argv, char *const *envp) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
