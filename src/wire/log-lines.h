/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes lines of a log from what another program says. libc only.
 *
 * Its words may come from inside a sandbox. So each line of them becomes one line of the log that begins with what it
 * is about and has nothing but printable ASCII, and the number of lines is bounded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SBX_LOG_LINE 512 /* bytes of a line, its beginning and its end included; not more than PIPE_BUF */
#define SBX_LOG_LINES 50 /* from one program; one more says that there was more */

/* Zero is a log of which nothing has been read, without a beginning. */
typedef struct {
  char line[SBX_LOG_LINE];
  size_t head;   /* bytes of the beginning */
  size_t length; /* bytes so far, the beginning included */
  bool full;     /* nothing more of this line is taken */
  unsigned n;    /* lines that have been put */
} SbxLogLines;

/* Puts @size bytes with a line end, and no other control character, into the log. */
typedef void (*SbxLogPut) (void *data, const char *line, size_t size);

/* Every line begins with @beginning. 128 bytes of it are kept, and what is not printable ASCII is replaced. */
void sbx_log_lines_begin (SbxLogLines *self, const char *beginning);
/* Takes @size more bytes of what was said, and puts each line that is whole. Empty lines are none. What is not
 * printable ASCII is written as \xNN, a backslash as two. A line that is too long ends in "...". */
void sbx_log_lines_feed (SbxLogLines *self, const char *bytes, size_t size, SbxLogPut put, void *data);
/* Writes the last line even if it has no end yet: nothing more comes. */
void sbx_log_lines_end (SbxLogLines *self, SbxLogPut put, void *data);

#ifdef __cplusplus
}
#endif
