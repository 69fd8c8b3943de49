/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The record: a fixed head, the path with its NUL. */
#include "wire/narrow.h"

#include <limits.h>
#include <string.h>

#include "wire/place.h"

typedef struct {
  uint32_t kind, known;
  SbxLayerObject object;
} Head;

size_t
sbx_narrow_size (const SbxNarrow *narrow)
{
  return sizeof (Head) + strlen (narrow->path) + 1;
}

void
sbx_narrow_write (const SbxNarrow *narrow, void *at)
{
  Head head = { (uint32_t) narrow->kind, narrow->known, narrow->object };

  memcpy (at, &head, sizeof head);
  memcpy ((char *) at + sizeof head, narrow->path, strlen (narrow->path) + 1);
}

bool
sbx_narrow_read (SbxNarrow *narrow, const void *data, size_t size)
{
  const char *path = (const char *) data + sizeof (Head);
  Head head;

  if (size <= sizeof head || memchr (path, '\0', size - sizeof head) != path + (size - sizeof head) - 1)
    return false;
  memcpy (&head, data, sizeof head);
  if (head.kind >= SBX_N_NARROW_KINDS || head.known > 1
      || (!head.known && (head.object.device != 0 || head.object.inode != 0)))
    return false;
  *narrow = (SbxNarrow){ (SbxNarrowKind) head.kind, head.known == 1, head.object, path };
  return strlen (path) < PATH_MAX && sbx_is_place (path);
}

bool
sbx_narrow_is_below (const char *path, const char *top)
{
  size_t n = strlen (top);

  if (n == 1)
    return true;
  return strncmp (path, top, n) == 0 && (path[n] == '\0' || path[n] == '/');
}
