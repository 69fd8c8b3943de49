/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers that are being collected, with the strings that they point to. */
#pragma once

#include <glib.h>

#include "wire/layer.h"

G_BEGIN_DECLS

typedef struct {
  GArray *layers;     /* SbxLayer */
  GPtrArray *strings; /* that they point to */
} SbxLayerList;

void sbx_layer_list_init (SbxLayerList *self);
void sbx_layer_list_clear (SbxLayerList *self);
/* Adds @layer, whose strings and content are copied. */
void sbx_layer_list_add (SbxLayerList *self, const SbxLayer *layer);
/* Sorts them: parents before what is in them, seals last; layers of one place stay in the order in which they were
 * added. */
void sbx_layer_list_sort (SbxLayerList *self);
/* The first one at @dest, or NULL. */
const SbxLayer *sbx_layer_list_find (const SbxLayerList *self, const char *dest);
const SbxLayer *sbx_layer_list_get (const SbxLayerList *self, guint i);

/* In the order in which mounts are made: parents before what is in them. */
int sbx_layer_path_compare (const char *a, const char *b);

G_END_DECLS
