/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting sandbox-keepers. */
#pragma once

#include <glib.h>
#include <sys/resource.h>

G_BEGIN_DECLS

/* The path of one of our programs: in the directories of $SANDBOX_LIBEXECDIR (colon-separated) if it is set in
 * @environment, else beside this one, in the same build tree, or in the installed place. NULL with NOT_SUPPORTED, which
 * names the program. */
char *sbx_program_find (const char *const *environment, const char *name, GError **error);

/* Starts the keeper @path with one end of a new SOCK_SEQPACKET pair as descriptor 3, @session (pid-session.h) as
 * another one unless it is -1, nothing else of ours but standard error (@quiet: not that either), an empty environment,
 * and the limit @nofile (ours is raised; it passes on what it has). It is reaped by the main loop. Returns our end of
 * the pair and its number in *@pid, or -1 with SPAWN_FAILED. */
int sbx_keeper_spawn (const char *path, const struct rlimit *nofile, int session, gboolean quiet, pid_t *pid,
                      GError **error);

/* Whether a keeper that this process has started runs, or has ended and what it left is yet to be killed. */
gboolean sbx_keeper_any_unreaped (void);

/* Raises our own limit of open descriptors and returns what it was. */
struct rlimit sbx_raise_nofile (void);

G_END_DECLS
