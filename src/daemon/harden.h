/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What this process gives up, before it has threads and before it hears anybody: privileges by execve (2), in itself
 * and in all that it starts; the system calls of plan/filter/own-table.c; being traced, or looked into by other
 * processes of the user, unless SANDBOX_DUMPABLE=1 is in the environment. FALSE with NOT_SUPPORTED: the kernel has no
 * seccomp, without which nothing can be started anyway. */
gboolean sbx_harden (GError **error);

G_END_DECLS
