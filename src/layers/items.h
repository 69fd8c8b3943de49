/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside this folder only: the mounts of a box that the keeper makes, with what they have turned out to be. */
#pragma once

#include "layers/closed.h"
#include "layers/layers.h"
#include "sources/mount-table.h"
#include "sources/source.h"

G_BEGIN_DECLS

/* A mount on its way to be a layer. */
typedef struct {
  const SbxMount *mount;
  SbxSource *source;  /* of a BIND that was looked at, or NULL */
  char *dest;         /* without links */
  gboolean kept;      /* of the application's own home */
  gboolean exception; /* less than what it lies in, of which it is a part */
  gboolean dropped;   /* a cover that covers.c makes anew */
} SbxItem;

struct _SbxLayers {
  const SbxBox *box;
  const SbxPolicy *policy;
  const SbxLayersAround *around;
  const SbxForwardedFile *forward;
  gsize n_forward;
  GArray *items;         /* SbxItem, parents before children */
  SbxObjectSet *tainted; /* where this application may write */
  SbxObjectSet *homes;   /* the directory of all kept homes: what is in it is tainted */
  SbxClosedList *closed;
  SbxMountTable *table;
  GArray *layers;     /* SbxLayer */
  GPtrArray *strings; /* that layers point to */
  GPtrArray *links;   /* for people */
};

/* Whether the files that an application writes outside get there through @item. */
gboolean sbx_item_is_writable (const SbxItem *item);
/* Whether @item shows a directory of the host, whatever the policy keeps for this application apart. */
gboolean sbx_item_is_tree (const SbxItem *item);

/* Makes the items, and opens what they show. Errors: those of sbx_source_open (), and SPAWN_FAILED for a file that is
 * not the one that the caller has handed over. */
gboolean sbx_items_open (SbxLayers *self, GError **error);
/* Refuses what is closed, or lies in something closed. SPAWN_FAILED. */
gboolean sbx_items_check_closed (SbxLayers *self, GError **error);
/* Finds out where each is to be mounted, and brings them in order. */
void sbx_items_place (SbxLayers *self);
/* The item that @dest lies in: the last of those nearest above it. NULL: none, it is in what bwrap has made. */
const SbxItem *sbx_items_above (const SbxLayers *self, const char *dest);
/* In the order in which mounts are made: parents before what is in them. */
int sbx_path_compare (const char *a, const char *b);

/* Adds to @set what @fd is, found at @path, and every place where only a part of that is mounted. 0, or -1 with errno.
 */
int sbx_items_note (const SbxLayers *self, SbxObjectSet *set, int fd, const char *path, const char *words);

/* covers.c: the closed objects, as layers over what items show of them. */

/* Fills self->closed. Errors: those of sbx_closed_list_add (). */
gboolean sbx_covers_find (SbxLayers *self, GError **error);
/* Adds the layers, and those that keep the directories above them where they are. Errors: SPAWN_FAILED for a policy
 * that allows to undo that. */
gboolean sbx_covers_add (SbxLayers *self, GError **error);
/* Adds @layer, whose strings are copied. */
void sbx_layers_add (SbxLayers *self, const SbxLayer *layer);

G_END_DECLS
