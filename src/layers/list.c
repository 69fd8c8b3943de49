/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layers/list.h"

#include <string.h>

void
sbx_layer_list_init (SbxLayerList *self)
{
  self->layers = g_array_new (FALSE, TRUE, sizeof (SbxLayer));
  self->strings = g_ptr_array_new_with_free_func (g_free);
}

void
sbx_layer_list_clear (SbxLayerList *self)
{
  g_clear_pointer (&self->layers, g_array_unref);
  g_clear_pointer (&self->strings, g_ptr_array_unref);
}

static const char *
keep (SbxLayerList *self, const char *string)
{
  char *copy = g_strdup (string);

  g_ptr_array_add (self->strings, copy);
  return copy;
}

void
sbx_layer_list_add (SbxLayerList *self, const SbxLayer *layer)
{
  SbxLayer copy = *layer;

  copy.source = keep (self, layer->source);
  copy.dest = keep (self, layer->dest);
  if (layer->n_content > 0) {
    copy.content = g_memdup2 (layer->content, layer->n_content);
    g_ptr_array_add (self->strings, (gpointer) copy.content);
  }
  g_array_append_val (self->layers, copy);
}

const SbxLayer *
sbx_layer_list_find (const SbxLayerList *self, const char *dest)
{
  for (guint i = 0; i < self->layers->len; i++)
    if (strcmp (sbx_layer_list_get (self, i)->dest, dest) == 0)
      return sbx_layer_list_get (self, i);
  return NULL;
}

const SbxLayer *
sbx_layer_list_get (const SbxLayerList *self, guint i)
{
  return &g_array_index (self->layers, SbxLayer, i);
}

int
sbx_layer_path_compare (const char *a, const char *b)
{
  for (; *a && *a == *b; a++, b++)
    ;
  if (*a == *b)
    return 0;
  if (*a == '\0' || *b == '\0')
    return *a == '\0' ? -1 : 1;
  if (*a == '/' || *b == '/')
    return *a == '/' ? -1 : 1;
  return (guchar) *a < (guchar) *b ? -1 : 1;
}

static int
compare_layers (gconstpointer a, gconstpointer b)
{
  const SbxLayer *one = a, *other = b;
  gboolean last = one->kind == SBX_LAYER_SEAL, other_last = other->kind == SBX_LAYER_SEAL;

  return last != other_last ? (last ? 1 : -1) : sbx_layer_path_compare (one->dest, other->dest);
}

void
sbx_layer_list_sort (SbxLayerList *self)
{
  GArray *layers = self->layers;

  for (guint i = 1; i < layers->len; i++)
    for (guint j = i; j > 0; j--) {
      SbxLayer *left = &g_array_index (layers, SbxLayer, j - 1), *right = &g_array_index (layers, SbxLayer, j), swap;

      if (compare_layers (left, right) <= 0)
        break;
      swap = *left;
      *left = *right;
      *right = swap;
    }
}
