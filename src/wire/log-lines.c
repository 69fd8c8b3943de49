/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/log-lines.h"

#include <stdio.h>
#include <string.h>

#define BEGINNING 128
#define CUT "..."

static bool
is_plain (char byte)
{
  return byte >= ' ' && byte <= '~';
}

void
sbx_log_lines_begin (SbxLogLines *self, const char *beginning)
{
  *self = (SbxLogLines){ 0 };
  for (; *beginning && self->head < BEGINNING; beginning++)
    self->line[self->head++] = is_plain (*beginning) ? *beginning : '?';
  self->length = self->head;
}

static void
add (SbxLogLines *self, char byte)
{
  char text[8];
  size_t n = 1, room = sizeof self->line - self->length - sizeof CUT; /* sizeof: and a line end */

  if (byte == '\\' || !is_plain (byte))
    n = (size_t) snprintf (text, sizeof text, byte == '\\' ? "\\\\" : "\\x%02x", (unsigned char) byte);
  else
    text[0] = byte;
  if (self->full)
    return;
  self->full = n > room;
  if (self->full) {
    memcpy (self->line + self->length, CUT, strlen (CUT));
    n = strlen (CUT);
  } else {
    memcpy (self->line + self->length, text, n);
  }
  self->length += n;
}

static void
put_line (SbxLogLines *self, SbxLogPut put, void *data)
{
  static const char more[] = "(more is not shown)";

  if (self->length > self->head && self->n <= SBX_LOG_LINES) {
    if (self->n == SBX_LOG_LINES) {
      memcpy (self->line + self->head, more, sizeof more - 1);
      self->length = self->head + sizeof more - 1;
    }
    self->line[self->length++] = '\n';
    put (data, self->line, self->length);
    self->n++;
  }
  self->length = self->head;
  self->full = false;
}

void
sbx_log_lines_feed (SbxLogLines *self, const char *bytes, size_t size, SbxLogPut put, void *data)
{
  for (size_t i = 0; i < size; i++)
    if (bytes[i] == '\n')
      put_line (self, put, data);
    else
      add (self, bytes[i]);
}

void
sbx_log_lines_end (SbxLogLines *self, SbxLogPut put, void *data)
{
  put_line (self, put, data);
}
