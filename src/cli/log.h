/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an application prints that nobody reads: kept in a file, bounded, for `sandboxctl logs`. A process of its own
 * copies it, which ends with the last one that can write. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct {
  char *path; /* of the file; NULL: there is none */
  int writer; /* for standard output and error of the application; -1 without a file */
  pid_t copier;
} SbxLog;

#define SBX_LOG_INIT                                                                                                   \
  {                                                                                                                    \
    NULL, -1, -1                                                                                                       \
  }
#define SBX_LOG_MAX (256 * 1024) /* of one; half of it is kept when it is reached */
#define SBX_LOG_FILES 50         /* the oldest ones are removed */

/* The directory of all logs; the caller's. */
char *sbx_log_directory (void);

/* Begins one that has no name yet; @heading is its first line. What comes is written to @also too, unless that is -1.
 * Only while there are no threads. Returns 0, or an errno: nothing is kept. */
int sbx_log_begin (SbxLog *self, const char *heading, int also);
/* The instance has this id: `sandboxctl logs` finds it. */
void sbx_log_name (SbxLog *self, const char *id);
/* Waits at most @ms milliseconds for the end of everything that can write, but our own @self->writer, which is closed.
 * The last @n lines; the caller's. */
char **sbx_log_end (SbxLog *self, int ms, guint n);
/* Removes one that has got no name. */
void sbx_log_clear (SbxLog *self);

G_END_DECLS
