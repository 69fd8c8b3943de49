/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which sandbox a process is in, as the service says it. */
#pragma once

#include "cli/link/service.h"

G_BEGIN_DECLS

/* Asks about the process that has the number @pid now. *@id is 0 and *@path (g_free) "/" when it is in no sandbox that
 * the caller may know of. FALSE with NOT_FOUND when there is no such process, NOT_SUPPORTED when the kernel has no
 * pidfds, or the service's error. */
gboolean sbx_identify_process (SbxService *service, pid_t pid, guint64 *id, char **path,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
