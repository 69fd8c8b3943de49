/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts whose output nobody would read: from icons, and detached ones. It is kept, and a start from an icon that comes
 * to nothing is told on the screen. */
#pragma once

#include "cli/log.h"
#include "cli/notes.h"

G_BEGIN_DECLS

typedef struct {
  SbxLog log;
  gboolean icon; /* from an icon */
  int before;    /* what our standard error was, or -1 */
} SbxKeptOutput;

#define SBX_KEPT_OUTPUT_INIT                                                                                           \
  {                                                                                                                    \
    SBX_LOG_INIT, FALSE, -1                                                                                            \
  }

/* How it is started. */
typedef struct {
  const char *profile;
  char *const *argv;
  gboolean launcher; /* by a launcher that `desktop install` has written, or somebody who does the same */
  gboolean detach;
} SbxKeptStart;

/* Looks at the standard descriptors; where nobody would read them, begins to keep what comes. Of a start from an icon
 * that is also what we say ourselves from now on. */
void sbx_kept_output_begin (SbxKeptOutput *self, const SbxKeptStart *start);

/* It has ended with @status, or was not started: says so on the screen if that came soon, with the last words and what
 * would help. */
void sbx_kept_output_end (SbxKeptOutput *self, const SbxNotes *notes, const char *program, int status);
void sbx_kept_output_clear (SbxKeptOutput *self);

G_END_DECLS
