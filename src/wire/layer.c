/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The record: a fixed head, source and destination with their NULs, the content. */
#include "wire/layer.h"

#include <limits.h>
#include <string.h>

#include "wire/place.h"

typedef struct {
  uint32_t kind, flags, mode;
  uint32_t n_source, n_dest; /* with their NULs */
  uint32_t n_content;
  SbxLayerObject object, dest_object;
} Head;

size_t
sbx_layer_size (const SbxLayer *layer)
{
  return sizeof (Head) + strlen (layer->source) + 1 + strlen (layer->dest) + 1 + layer->n_content;
}

void
sbx_layer_write (const SbxLayer *layer, void *at)
{
  Head head = { (uint32_t) layer->kind,
                layer->flags,
                layer->mode,
                (uint32_t) strlen (layer->source) + 1,
                (uint32_t) strlen (layer->dest) + 1,
                (uint32_t) layer->n_content,
                layer->object,
                layer->dest_object };
  char *bytes = at;

  memcpy (bytes, &head, sizeof head);
  bytes += sizeof head;
  memcpy (bytes, layer->source, head.n_source);
  memcpy (bytes + head.n_source, layer->dest, head.n_dest);
  if (head.n_content > 0)
    memcpy (bytes + head.n_source + head.n_dest, layer->content, head.n_content);
}

/* The string of @size bytes at *@at, NUL included, and on behind it. */
static const char *
take_string (const char **at, size_t *left, size_t size)
{
  const char *string = *at;

  if (size == 0 || size > *left || size > PATH_MAX || memchr (string, '\0', size) != string + size - 1)
    return NULL;
  *at += size;
  *left -= size;
  return string;
}

/* Whether the content is a string of @max bytes at most, with its NUL. */
static bool
is_string (const SbxLayer *layer, size_t max)
{
  return layer->n_content > 0 && layer->n_content <= max
         && strnlen (layer->content, layer->n_content) == layer->n_content - 1;
}

static bool
is_consistent (const SbxLayer *layer)
{
  bool door = layer->kind == SBX_LAYER_DOOR, outside = layer->kind == SBX_LAYER_TREE || door;

  if (!sbx_is_place (layer->dest) || (layer->mode & ~07777u) != 0
      || (layer->flags & ~(uint32_t) SBX_LAYER_ALL_FLAGS) != 0)
    return false;
  if (outside ? !(sbx_is_place (layer->source) || strcmp (layer->source, "/") == 0) : layer->source[0] != '\0')
    return false;
  if (!outside && (layer->flags & (SBX_LAYER_KNOWN | SBX_LAYER_DEVICES)))
    return false;
  if ((layer->flags & SBX_LAYER_SYSTEM)
      && (layer->kind != SBX_LAYER_TREE || !(layer->flags & SBX_LAYER_READ_ONLY)
          || (layer->flags & (SBX_LAYER_KNOWN | SBX_LAYER_DEVICES))))
    return false;
  if (layer->flags & SBX_LAYER_WAYLAND)
    return layer->kind == SBX_LAYER_TREE && !(layer->flags & SBX_LAYER_SYSTEM)
           && is_string (layer, SBX_LAYER_MAX_APP_ID);
  if (door)
    return is_string (layer, PATH_MAX) && sbx_is_place (layer->content);
  return layer->n_content == 0 || layer->kind == SBX_LAYER_FILE;
}

bool
sbx_layer_read (SbxLayer *layer, const void *data, size_t size)
{
  const char *at = data;
  Head head;

  if (size < sizeof head)
    return false;
  memcpy (&head, at, sizeof head);
  at += sizeof head;
  size -= sizeof head;
  if (head.kind >= SBX_N_LAYER_KINDS || head.n_content > SBX_LAYER_MAX_CONTENT)
    return false;
  *layer = (SbxLayer){ .kind = (SbxLayerKind) head.kind,
                       .flags = head.flags,
                       .mode = head.mode,
                       .object = head.object,
                       .dest_object = head.dest_object };
  layer->source = take_string (&at, &size, head.n_source);
  layer->dest = layer->source ? take_string (&at, &size, head.n_dest) : NULL;
  if (!layer->dest || size != head.n_content)
    return false;
  layer->content = at;
  layer->n_content = head.n_content;
  return is_consistent (layer);
}
