/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many instances the machine has room for: by what one of them takes at least, of the three things that would
 * otherwise run out in the middle of somebody's work. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What there is; G_MAXUINT64 for what is not limited or cannot be found out. */
typedef struct {
  guint64 descriptors; /* that this process may have open */
  guint64 processes;   /* that the user, the kernel and our control groups allow */
  guint64 memory;      /* bytes: the machine's, or our control groups' */
} SbxMachineRoom;

/* That limit and the reason of it. */
typedef struct {
  guint most;
  const char *why; /* N_(), static */
} SbxRoom;

/* Looks at RLIMIT_NOFILE and RLIMIT_NPROC, /proc/sys/kernel/pid_max and threads-max, MemTotal, and pids.max and
 * memory.max of our control group and of those above it. */
SbxMachineRoom sbx_machine_room_find (void);
/* @said: the user's word, which goes before processes and memory; 0: none. Always at least 1. */
SbxRoom sbx_room_for (const SbxMachineRoom *machine, guint said);

G_END_DECLS
