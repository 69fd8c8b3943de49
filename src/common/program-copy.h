/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program of ours as it is handed into a sandbox. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A copy of the program @path in memory, executable, open for reading only and sealed against every change: an
 * application can get hold of the file that its own parent was executed from (a script that begins with
 * "#!/proc/self/exe"), and must find nothing of the machine's there whose mode it could change. One copy for each
 * sandbox, so that nothing of it is shared either.
 *
 * Where the machine forbids to execute memory (sysctl vm.memfd_noexec=2, memfd_create(2)) it is the file itself.
 * Returns a close-on-exec descriptor, or -1 with NOT_SUPPORTED (it cannot be read) or SPAWN_FAILED (no memory). */
int sbx_program_copy (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
