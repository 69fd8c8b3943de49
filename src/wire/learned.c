/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/learned.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOTS (2 * SBX_LEARNED_NAMES) /* a power of two */

typedef struct {
  uint32_t at, length; /* in the bytes; */
  uint16_t kind, uses; /* … 0 uses: a free slot */
} Slot;

struct SbxLearned {
  int file;
  size_t n_names, n_bytes, written;
  uint32_t noted; /* kinds of notes that are in the file, as bits */
  Slot slots[SLOTS];
  char bytes[SBX_LEARNED_BYTES];
};

SbxLearned *
sbx_learned_new (int file)
{
  SbxLearned *self = calloc (1, sizeof *self);

  if (self)
    self->file = file;
  return self;
}

void
sbx_learned_free (SbxLearned *self)
{
  free (self);
}

/* One row is written with one call, so that a reader finds whole ones. */
static void
write_row (SbxLearned *self, SbxLearnedKind kind, uint32_t uses, const char *name, size_t length)
{
  char row[sizeof (SbxLearnedHead) + SBX_LEARNED_NAME];
  const SbxLearnedHead head = { (uint16_t) kind, (uint16_t) uses, (uint32_t) length };
  size_t size = sizeof head + length;

  if (self->written + size > SBX_LEARNED_FILE_MAX)
    return;
  memcpy (row, &head, sizeof head);
  if (length > 0)
    memcpy (row + sizeof head, name, length);
  if (pwrite (self->file, row, size, (off_t) self->written) == (ssize_t) size)
    self->written += size;
}

static void
note (SbxLearned *self, SbxLearnedKind kind)
{
  if (self->noted & (1u << kind))
    return;
  self->noted |= 1u << kind;
  write_row (self, kind, 0, NULL, 0);
}

/* FNV-1a. Who chooses names that collide makes its own sandbox slower. */
static uint32_t
hash (SbxLearnedKind kind, const char *name, size_t length)
{
  uint32_t sum = 2166136261u ^ (uint32_t) kind;

  for (size_t i = 0; i < length; i++)
    sum = (sum ^ (unsigned char) name[i]) * 16777619u;
  return sum;
}

/* The slot of that name, or a free one for it: there are twice as many as names. */
static Slot *
find (SbxLearned *self, SbxLearnedKind kind, const char *name, size_t length)
{
  uint32_t at = hash (kind, name, length) % SLOTS;

  for (;; at = (at + 1) % SLOTS) {
    Slot *slot = &self->slots[at];

    if (slot->uses == 0
        || (slot->kind == kind && slot->length == length && memcmp (self->bytes + slot->at, name, length) == 0))
      return slot;
  }
}

void
sbx_learned_add (SbxLearned *self, SbxLearnedKind kind, uint32_t uses, const char *name, size_t length)
{
  Slot *slot;

  if (kind >= SBX_LEARNED_ELSEWHERE) {
    note (self, kind);
    return;
  }
  if (uses == 0 || length == 0 || length >= SBX_LEARNED_NAME)
    return;
  slot = find (self, kind, name, length);
  if (slot->uses == 0) {
    if (self->n_names >= SBX_LEARNED_NAMES || length > sizeof self->bytes - self->n_bytes) {
      note (self, SBX_LEARNED_TOO_MANY);
      return;
    }
    memcpy (self->bytes + self->n_bytes, name, length);
    *slot = (Slot){ (uint32_t) self->n_bytes, (uint32_t) length, (uint16_t) kind, 0 };
    self->n_bytes += length;
    self->n_names++;
  }
  if ((slot->uses | uses) == slot->uses)
    return;
  slot->uses |= (uint16_t) uses;
  write_row (self, kind, slot->uses, name, length);
}

void
sbx_learned_cut (int file)
{
  const SbxLearnedHead head = { SBX_LEARNED_CUT, 0, 0 };
  off_t end = lseek (file, 0, SEEK_END);

  if (end >= 0 && end <= (off_t) (SBX_LEARNED_FILE_MAX - sizeof head))
    (void) !pwrite (file, &head, sizeof head, end);
}

bool
sbx_learned_next (const void *file, size_t size, size_t *at, SbxLearnedHead *head, const char **name)
{
  bool noting;

  if (size < sizeof *head || *at > size - sizeof *head)
    return false;
  memcpy (head, (const char *) file + *at, sizeof *head);
  noting = head->kind >= SBX_LEARNED_ELSEWHERE;
  if (head->kind >= SBX_N_LEARNED || (head->uses & ~SBX_USE_ALL) != 0 || head->length >= SBX_LEARNED_NAME
      || noting != (head->length == 0) || noting != (head->uses == 0) || head->length > size - *at - sizeof *head)
    return false;
  *name = (const char *) file + *at + sizeof *head;
  *at += sizeof *head + head->length;
  return true;
}

/* Appends the words of @path to @out, which has @n bytes so far. The new length, or 0. */
static size_t
append (char *out, size_t n, const char *path)
{
  while (*path) {
    size_t length = strcspn (path, "/");

    if (length == 2 && memcmp (path, "..", 2) == 0) {
      while (n > 0 && out[--n] != '/')
        ;
    } else if (length > 0 && !(length == 1 && *path == '.')) {
      if (length >= SBX_LEARNED_NAME - 1 - n)
        return 0;
      out[n++] = '/';
      memcpy (out + n, path, length);
      n += length;
    }
    path += length + (path[length] == '/');
  }
  out[n] = '\0';
  return n > 0 ? n : 1;
}

size_t
sbx_learned_join (const char *directory, const char *path, char *out)
{
  size_t n = 0;

  if (*path != '/') {
    if (!directory || *directory != '/')
      return 0;
    n = append (out, 0, directory);
    if (n == 0)
      return 0;
    if (out[0] != '/') /* the root */
      n = 0;
  }
  n = append (out, n, path);
  if (n == 1 && out[0] != '/')
    memcpy (out, "/", 2);
  return n;
}
