/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a learning run took down (wire/learned.h), each name once. The names are as the application chose them: any
 * bytes, for no terminal and no file as they are. */
#pragma once

#include <glib.h>

#include "wire/learned.h"

G_BEGIN_DECLS

typedef struct {
  SbxLearnedKind kind;
  guint uses; /* SbxLearnedUse */
  char *name; /* without a NUL in it; an abstract name with one ends there */
} SbxTrace;

typedef struct {
  GPtrArray *names; /* SbxTrace * */
  guint notes;      /* 1 << SbxLearnedKind of each note */
  gboolean broken;  /* the file ends in something that is no row */
} SbxTraces;

/* Reads the file @fd from its beginning. Errors: that it cannot be read, or is too large. */
SbxTraces *sbx_traces_read (int fd, GError **error);
void sbx_traces_free (SbxTraces *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxTraces, sbx_traces_free)
gboolean sbx_traces_have (const SbxTraces *self, SbxLearnedKind note);

G_END_DECLS
