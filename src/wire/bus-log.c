/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/bus-log.h"

#include <string.h>

/* Returns what @text has before @end, which is cut off there; *@text moves behind it. NULL if there is no @end. */
static char *
take (char **text, const char *end)
{
  char *found = strstr (*text, end), *word = *text;

  if (!found)
    return NULL;
  *found = '\0';
  *text = found + strlen (end);
  return word;
}

/* "C7: -> NAME call MEMBER at PATH" */
static void
read_call (SbxBusLog *self, char *line)
{
  char *name, *member;

  self->name[0] = self->member[0] = '\0';
  if (!take (&line, ": -> ") || !(name = take (&line, " call ")) || !(member = take (&line, " at ")))
    return;
  if (sbx_denial_is_object (SBX_DENIAL_BUS, name) && sbx_denial_is_action (SBX_DENIAL_BUS, member)) {
    memcpy (self->name, name, strlen (name) + 1);
    memcpy (self->member, member, strlen (member) + 1);
  }
}

/* Behind "Filtering message due to arg0 ": "NAME, policy: 0 (required 3)" */
static void
read_argument (SbxBusLog *self, SbxDenials *denials, char *line)
{
  char *name = take (&line, ", policy: ");

  if (!name || !take (&line, " (required ") || line[0] == '\0' || strcmp (line + 1, ")") != 0)
    return;
  if (self->name[0]) /* what is no name or no number of theirs is not taken */
    sbx_denials_add (denials, SBX_DENIAL_BUS, name, self->member, (uint32_t) (unsigned char) line[0] - '0');
  self->name[0] = '\0'; /* a verdict that follows is on the same call */
}

static void
read_line (SbxBusLog *self, SbxDenials *denials, char *line)
{
  static const char argument[] = "Filtering message due to arg0 ";

  if (line[0] == 'C') {
    read_call (self, line);
  } else if (strncmp (line, argument, sizeof argument - 1) == 0) {
    read_argument (self, denials, line + sizeof argument - 1);
  } else if (strncmp (line, "*HIDDEN*", 8) == 0 || strncmp (line, "*DENIED*", 8) == 0) {
    if (self->name[0])
      sbx_denials_add (denials, SBX_DENIAL_BUS, self->name, self->member, SBX_BUS_NEEDS_TALK);
    self->name[0] = '\0';
  }
}

static void
add_bytes (SbxBusLog *self, const char *bytes, size_t n)
{
  size_t room = sizeof self->line - 1 - self->length, taken = n < room ? n : room;

  memcpy (self->line + self->length, bytes, taken);
  self->length += taken;
  self->too_long = self->too_long || n > room;
}

static void
end_line (SbxBusLog *self, SbxDenials *denials)
{
  self->line[self->length] = '\0';
  /* A NUL would end the line early and hide the rest */
  if (!self->too_long && strlen (self->line) == self->length)
    read_line (self, denials, self->line);
  self->length = 0;
  self->too_long = false;
}

void
sbx_bus_log_feed (SbxBusLog *self, SbxDenials *denials, const char *bytes, size_t size)
{
  for (const char *at = bytes, *end = bytes + size; at < end;) {
    const char *newline = memchr (at, '\n', (size_t) (end - at));

    add_bytes (self, at, (size_t) ((newline ? newline : end) - at));
    if (newline)
      end_line (self, denials);
    at = newline ? newline + 1 : end;
  }
}
