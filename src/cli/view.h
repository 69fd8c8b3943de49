/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tool of the host that looks at a sandbox: with a procfs of the sandbox as its /proc, and everything else as it is
 * outside. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Runs @argv to its end, with @procfs, a detached mount, as its /proc, and returns its exit status as a shell says it;
 * 125 with a message when that could not be set up, 126 and 127 when the command cannot be executed or found.
 *
 * /proc/self and what depends on it is there only for who is in that pid namespace, and what a process may read of
 * another one depends on its user namespace: so the tool is a process of the sandbox's pid and user namespace, with the
 * user's id and, of capabilities, CAP_SYS_PTRACE over the sandbox alone. It is in none of its Landlock domains, and in
 * a mount namespace of its own; an application can neither trace it nor see it in a /proc with hidepid=ptraceable. It
 * ends with the sandbox. For root it stays in the user namespace that we are in. */
int sbx_view_run (int procfs, char **argv);

G_END_DECLS
