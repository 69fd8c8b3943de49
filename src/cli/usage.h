/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the processes of a sandbox use, from the host's /proc. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* All processes as they are at one moment. */
typedef struct _SbxProcesses SbxProcesses;

typedef struct {
  guint64 cpu;    /* clock ticks (sysconf (_SC_CLK_TCK)) since the start, of those that have ended too */
  guint64 memory; /* bytes: the proportional set size, or the resident one where that cannot be read */
  guint tasks;    /* processes and threads */
} SbxUsage;

SbxProcesses *sbx_processes_new (void);
void sbx_processes_free (SbxProcesses *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxProcesses, sbx_processes_free)

/* Adds up what belongs to the sandbox with the main process @pid (on the host): all below its sandbox-init. FALSE when
 * that process is not there any more. */
gboolean sbx_processes_measure (const SbxProcesses *self, pid_t pid, SbxUsage *usage);

G_END_DECLS
