/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When `sandboxctl verify` was last run, for each profile. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  gint64 time; /* seconds since 1970 */
  char *kernel;
  guint kept, broken, untested;
} SbxVerified;

/* Notes down that it was run now. A disk that takes nothing is no error: only `doctor` would have told it. */
void sbx_verified_write (const char *profile, guint kept, guint broken, guint untested);
/* What was noted down of @profile; FALSE: nothing. self->kernel is the caller's. */
gboolean sbx_verified_read (const char *profile, SbxVerified *self);

G_END_DECLS
