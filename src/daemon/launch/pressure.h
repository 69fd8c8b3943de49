/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the machine has memory to spare for what is only to save time. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether processes have waited for memory lately, by the text of /proc/pressure/memory (PSI); without that (NULL)
 * whether less than a tenth of the memory is available, by that of /proc/meminfo. FALSE when neither tells. */
gboolean sbx_pressure_is_high (const char *pressure, const char *meminfo);
/* The same, of this machine now. */
gboolean sbx_pressure_now (void);

/* The memory that the processes @pids (0 where there is none) have for themselves, in bytes: the proportional set size
 * where the kernel lets us read it, else what they do not share. */
guint64 sbx_pressure_of_processes (const int *pids, gsize n);

G_END_DECLS
