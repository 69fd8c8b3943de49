/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a process has from the one that starts it, beside environment, directory and descriptors: the value of the
 * option "inherit". Nothing in it opens anything up: each part makes do with less, or is refused by the kernel. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SBX_INHERITED_RLIMITS 16 /* RLIM_NLIMITS, include/uapi/asm-generic/resource.h */
#define SBX_INHERITED_CPUS 8192  /* the most that a Linux kernel can have (NR_CPUS) */
#define SBX_NOT_INHERITED G_MININT32

typedef struct {
  gboolean said;
  guint64 soft, hard;
} SbxInheritedRlimit;

/* SBX_NOT_INHERITED, FALSE or empty: not said. */
typedef struct {
  gint32 umask;         /* 0 … 0777 */
  gint32 nice;          /* -20 … 19 */
  gint32 oom_score_adj; /* -1000 … 1000 */
  gint32 scheduler;     /* SCHED_OTHER, SCHED_BATCH or SCHED_IDLE */
  gint32 io_priority;   /* as ioprio_set(2) takes it */
  guint64 ignored;      /* bit N-1 is signal N */
  SbxInheritedRlimit rlimits[SBX_INHERITED_RLIMITS];
  guint64 cpus[SBX_INHERITED_CPUS / 64]; /* bit N of them is the processor N */
  guint n_cpus;                          /* so many elements of @cpus are of interest */
} SbxInherited;

/* Reads @value (a{sv}) into @self, which is overwritten; NULL: nothing is said. @key names the option in errors.
 * Errors: BAD_OPTION for an unknown key, another type, or a number out of its range. */
gboolean sbx_inherited_read (GVariant *value, const char *key, SbxInherited *self, GError **error);

/* sbx_inherited_read () as the check of an option. */
gboolean sbx_inherited_check (const char *key, GVariant *value, GError **error);

G_END_DECLS
