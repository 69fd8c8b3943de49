/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system calls that name files, with their arguments: for instances that are learned (path-calls.h). */
#pragma once

#include <glib.h>

#include "wire/learned.h"
#include "wire/path-call.h"

G_BEGIN_DECLS

typedef struct {
  const char *call;
  SbxPathKind kind;
  guint uses;                  /* SbxLearnedUse */
  guint path, directory, more; /* as in an SbxPathCall */
} SbxPathRow;

/* A call with two names has two rows, one behind the other. Ends with a NULL call. */
extern const SbxPathRow sbx_path_rows[];

G_END_DECLS
