/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/denials.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
#define NEEDS 6 /* more than any source has */

/* One row per source: the letters of its names, and what it needs by number. */
typedef struct {
  const char *object_letters, *action_letters;
  const char *needs[NEEDS];
} Source;

static const Source sources[SBX_N_DENIAL_SOURCES] = {
  [SBX_DENIAL_BUS] = { LETTERS "-.:",
                       LETTERS ".",
                       { [SBX_BUS_NEEDS_SEE] = "see", [SBX_BUS_NEEDS_TALK] = "talk", [SBX_BUS_NEEDS_OWN] = "own" } },
  [SBX_DENIAL_CALL] = { LETTERS, LETTERS "=!>,", { [SBX_CALL_NEEDS_ALLOWING] = "allow" } },
  [SBX_DENIAL_NETWORK] = { LETTERS "-.:",
                           LETTERS ":",
                           { [SBX_NETWORK_NEEDS_INTERNET] = "internet",
                             [SBX_NETWORK_NEEDS_LAN] = "lan",
                             [SBX_NETWORK_NEEDS_HOST] = "host",
                             [SBX_NETWORK_NEEDS_DNS] = "dns",
                             [SBX_NETWORK_NEEDS_NOWHERE] = "nowhere" } },
};

/* Whether @name ends within @size bytes, is not empty, and has no other characters than @letters. */
static bool
is_name (const char *name, size_t size, const char *letters)
{
  size_t n = strnlen (name, size);

  return n > 0 && n < size && strspn (name, letters) == n;
}

bool
sbx_denial_is_object (SbxDenialSource source, const char *object)
{
  return is_name (object, SBX_DENIAL_OBJECT, sources[source].object_letters);
}

bool
sbx_denial_is_action (SbxDenialSource source, const char *action)
{
  return is_name (action, SBX_DENIAL_ACTION, sources[source].action_letters);
}

const char *
sbx_denial_need_name (uint32_t source, uint32_t need)
{
  return source < SBX_N_DENIAL_SOURCES && need < NEEDS ? sources[source].needs[need] : NULL;
}

/* Whether @name ends within its bytes, and can do nothing to a terminal or a log. */
static bool
is_process (const char *name)
{
  size_t n = strnlen (name, SBX_DENIAL_PROCESS);

  for (size_t i = 0; i < n; i++)
    if (name[i] < ' ' || name[i] > '~')
      return false;
  return n < SBX_DENIAL_PROCESS;
}

void
sbx_denial_set_process (SbxDenial *denial, const char *name)
{
  size_t n = strnlen (name, SBX_DENIAL_PROCESS - 1);

  memset (denial->process, 0, sizeof denial->process);
  for (size_t i = 0; i < n; i++)
    denial->process[i] = (char) (name[i] < ' ' || name[i] > '~' ? '?' : name[i]);
}

bool
sbx_denial_is_valid (const SbxDenial *denial)
{
  return sbx_denial_need_name (denial->source, denial->need) && denial->count > 0 && denial->count <= INT32_MAX
         && denial->padding == 0 && denial->from >= 0 && denial->to >= 0 && is_process (denial->process)
         && sbx_denial_is_object ((SbxDenialSource) denial->source, denial->object)
         && sbx_denial_is_action ((SbxDenialSource) denial->source, denial->action);
}

static uint32_t
add (uint32_t sum, uint32_t more)
{
  return sum > INT32_MAX - more ? INT32_MAX : sum + more;
}

/* Whether less than half of the table came more often than @one, or as often and before it. */
static bool
is_frequent (const SbxDenials *self, const SbxDenialRow *one)
{
  size_t before = 0;

  for (size_t i = 0; i < self->n_rows; i++) {
    const SbxDenialRow *other = &self->rows[i];

    before += other->denial.count > one->denial.count
              || (other->denial.count == one->denial.count && other->first < one->first);
  }
  return before < SBX_DENIALS / 2;
}

/* Returns a free row, or among those that are not frequent the one that has not come for longest. So names without
 * end, each once, put out neither what comes again and again nor what came just now. */
static SbxDenialRow *
make_room (SbxDenials *self)
{
  SbxDenialRow *oldest = NULL;

  if (self->n_rows < SBX_DENIALS)
    return &self->rows[self->n_rows++];
  for (size_t i = 0; i < self->n_rows; i++) {
    SbxDenialRow *one = &self->rows[i];

    if ((!oldest || one->last < oldest->last) && !is_frequent (self, one))
      oldest = one;
  }
  self->dropped = add (self->dropped, oldest->denial.count); /* half of the table is not frequent */
  return oldest;
}

bool
sbx_denial_is_same (const SbxDenial *a, const SbxDenial *b)
{
  return a->source == b->source && a->need == b->need && strcmp (a->object, b->object) == 0
         && strcmp (a->action, b->action) == 0;
}

/* Copies into @to, which is zeroed. What is too long has no NUL then, and is not valid. */
static void
copy_name (char *to, size_t size, const char *from)
{
  memcpy (to, from, strnlen (from, size));
}

static SbxDenialRow *
find_or_make (SbxDenials *self, const SbxDenial *denial)
{
  SbxDenialRow *row;

  for (size_t i = 0; i < self->n_rows; i++)
    if (sbx_denial_is_same (&self->rows[i].denial, denial))
      return &self->rows[i];
  row = make_room (self);
  *row = (SbxDenialRow){ .denial = *denial, .first = self->n_seen };
  row->denial.count = 0;
  return row;
}

static int64_t
wall_clock (void)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

SbxDenialRow *
sbx_denials_add (SbxDenials *self, SbxDenialSource source, const char *object, const char *action, uint32_t need)
{
  return sbx_denials_add_times (self, source, object, action, need, 1);
}

void
sbx_denials_drop (SbxDenials *self, uint32_t times)
{
  self->dropped = add (self->dropped, times < INT32_MAX ? times : INT32_MAX);
}

SbxDenialRow *
sbx_denials_add_times (SbxDenials *self, SbxDenialSource source, const char *object, const char *action, uint32_t need,
                       uint32_t times)
{
  int64_t now = wall_clock ();
  SbxDenial denial = { .source = source, .need = need, .count = 1, .from = now, .to = now };
  SbxDenialRow *row;

  copy_name (denial.object, sizeof denial.object, object);
  copy_name (denial.action, sizeof denial.action, action);
  if (!sbx_denial_is_valid (&denial))
    return NULL;
  self->n_seen++;
  row = find_or_make (self, &denial);
  row->denial.count = add (row->denial.count, times < INT32_MAX ? times : INT32_MAX);
  row->denial.to = now;
  row->last = self->n_seen;
  row->changed = true;
  return row;
}

bool
sbx_denials_have_news (const SbxDenials *self)
{
  for (size_t i = 0; i < self->n_rows; i++)
    if (self->rows[i].changed)
      return true;
  return false;
}

typedef struct {
  uint32_t magic, n_rows, dropped, padding;
} FileHead;

#define MAGIC 0x32796e44u /* another number for each other layout */

_Static_assert(sizeof (FileHead) == SBX_DENIALS_FILE_HEAD, "the head of the file has another size");

size_t
sbx_denials_write (const SbxDenials *self, void *file)
{
  FileHead head = { MAGIC, (uint32_t) self->n_rows, self->dropped, 0 };
  char *at = file;

  memcpy (at, &head, sizeof head);
  at += sizeof head;
  for (size_t i = 0; i < self->n_rows; i++, at += sizeof (SbxDenial))
    memcpy (at, &self->rows[i].denial, sizeof (SbxDenial));
  return (size_t) (at - (char *) file);
}

static bool
read_rows (SbxDenials *self, const char *at)
{
  for (size_t i = 0; i < self->n_rows; i++, at += sizeof (SbxDenial)) {
    memcpy (&self->rows[i].denial, at, sizeof (SbxDenial));
    if (!sbx_denial_is_valid (&self->rows[i].denial))
      return false;
  }
  return true;
}

int
sbx_denials_read (SbxDenials *self, const void *file, size_t size)
{
  FileHead head = { 0 };

  *self = (SbxDenials){ 0 };
  memcpy (&head, file, size < sizeof head ? size : sizeof head);
  if (head.magic == MAGIC && head.n_rows <= SBX_DENIALS && head.dropped <= INT32_MAX && head.padding == 0
      && size == sizeof head + head.n_rows * sizeof (SbxDenial)) {
    self->n_rows = head.n_rows;
    self->dropped = head.dropped;
    if (read_rows (self, (const char *) file + sizeof head))
      return 0;
  }
  *self = (SbxDenials){ 0 };
  errno = EBADMSG;
  return -1;
}
