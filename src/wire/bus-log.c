/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/bus-log.h"

#include <string.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

bool
sbx_bus_log_is_name (const char *name)
{
  size_t n = strlen (name);

  return n > 0 && n < SBX_BUS_LOG_NAME && strspn (name, LETTERS "-.:") == n;
}

bool
sbx_bus_log_is_member (const char *member)
{
  size_t n = strlen (member);

  return n > 0 && n < SBX_BUS_LOG_MEMBER && strspn (member, LETTERS ".") == n;
}

/* What stands in @text before @end, which is cut off there; *@text moves behind it. NULL if @end does not come. */
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

static uint32_t
add (uint32_t sum, uint32_t more)
{
  return sum > INT32_MAX - more ? INT32_MAX : sum + more;
}

/* Whether less than half of the table came more often than @one, or as often and before it. */
static bool
is_frequent (const SbxBusLog *log, const SbxBusRefusal *one)
{
  size_t before = 0;

  for (size_t i = 0; i < log->n_refusals; i++) {
    const SbxBusRefusal *other = &log->refusals[i];

    before += other->count > one->count || (other->count == one->count && other->first < one->first);
  }
  return before < SBX_BUS_LOG_REFUSALS / 2;
}

/* A free place, or that of the one which has not come for longest, among those that are not frequent. So names without
 * end, each once, put out neither what comes again and again nor what came just now. */
static SbxBusRefusal *
make_room (SbxBusLog *log)
{
  SbxBusRefusal *oldest = NULL;

  if (log->n_refusals < SBX_BUS_LOG_REFUSALS)
    return &log->refusals[log->n_refusals++];
  for (size_t i = 0; i < log->n_refusals; i++) {
    SbxBusRefusal *one = &log->refusals[i];

    if ((!oldest || one->last < oldest->last) && !is_frequent (log, one))
      oldest = one;
  }
  log->dropped = add (log->dropped, oldest->count); /* half of the table is not frequent */
  return oldest;
}

static void
count (SbxBusLog *log, const char *name, SbxBusNeed need)
{
  SbxBusRefusal *refusal = log->refusals;
  const SbxBusRefusal *end = log->refusals + log->n_refusals;

  while (refusal < end
         && (refusal->need != need || strcmp (refusal->name, name) != 0 || strcmp (refusal->member, log->member) != 0))
    refusal++;
  log->n_seen++;
  if (refusal == end) {
    refusal = make_room (log);
    *refusal = (SbxBusRefusal){ .need = need, .first = log->n_seen };
    memcpy (refusal->name, name, strlen (name) + 1);
    memcpy (refusal->member, log->member, strlen (log->member) + 1);
  }
  refusal->count = add (refusal->count, 1);
  refusal->last = log->n_seen;
  refusal->changed = true;
}

/* "C7: -> NAME call MEMBER at PATH" */
static void
read_call (SbxBusLog *log, char *line)
{
  char *name, *member;

  log->name[0] = log->member[0] = '\0';
  if (!take (&line, ": -> ") || !(name = take (&line, " call ")) || !(member = take (&line, " at ")))
    return;
  if (sbx_bus_log_is_name (name) && sbx_bus_log_is_member (member)) {
    memcpy (log->name, name, strlen (name) + 1);
    memcpy (log->member, member, strlen (member) + 1);
  }
}

/* Behind "Filtering message due to arg0 ": "NAME, policy: 0 (required 3)" */
static void
read_argument (SbxBusLog *log, char *line)
{
  char *name = take (&line, ", policy: ");
  int need;

  if (!name || !take (&line, " (required ") || line[0] == '\0' || strcmp (line + 1, ")") != 0)
    return;
  need = line[0] - '0';
  if (log->name[0] && sbx_bus_log_is_name (name) && need >= SBX_BUS_NEEDS_SEE && need <= SBX_BUS_NEEDS_OWN)
    count (log, name, (SbxBusNeed) need);
  log->name[0] = '\0'; /* a verdict that follows is on the same call */
}

static void
read_line (SbxBusLog *log, char *line)
{
  static const char argument[] = "Filtering message due to arg0 ";

  if (line[0] == 'C') {
    read_call (log, line);
  } else if (strncmp (line, argument, sizeof argument - 1) == 0) {
    read_argument (log, line + sizeof argument - 1);
  } else if (strncmp (line, "*HIDDEN*", 8) == 0 || strncmp (line, "*DENIED*", 8) == 0) {
    if (log->name[0])
      count (log, log->name, SBX_BUS_NEEDS_TALK);
    log->name[0] = '\0';
  }
}

void
sbx_bus_log_feed (SbxBusLog *log, const char *bytes, size_t size)
{
  for (size_t i = 0; i < size; i++) {
    if (bytes[i] == '\n') {
      log->line[log->length] = '\0';
      /* A NUL would end the line early and hide the rest */
      if (!log->too_long && strlen (log->line) == log->length)
        read_line (log, log->line);
      log->length = 0;
      log->too_long = false;
    } else if (log->length + 1 < sizeof log->line) {
      log->line[log->length++] = bytes[i];
    } else {
      log->too_long = true;
    }
  }
}
