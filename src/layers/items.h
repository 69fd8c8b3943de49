/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mounts of a box that the keeper makes, and what was found for each. */
#pragma once

#include "layers/around.h"
#include "layers/closed.h"
#include "plan/box.h"
#include "plan/request.h"
#include "policy/policy.h"
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

typedef struct {
  const SbxBox *box;
  const SbxPolicy *policy;
  const SbxLayersAround *around;
  const SbxForwardedFile *forward;
  gsize n_forward;
  GArray *rows;          /* SbxItem, parents before children */
  SbxObjectSet *tainted; /* where this application may write */
  SbxObjectSet *homes;   /* the directory of all kept homes: what is in it is tainted */
  SbxClosedList *closed;
  SbxMountTable *table;
  GPtrArray *links;  /* for people */
  GPtrArray *covers; /* the same */
} SbxItems;

/* Frees what it holds, not @self. */
void sbx_items_clear (SbxItems *self);

/* Whether files that an application writes through @item appear outside. */
gboolean sbx_item_is_writable (const SbxItem *item);
/* Whether @item shows a directory of the host, whatever the policy keeps for this application apart. */
gboolean sbx_item_is_tree (const SbxItem *item);

/* Whether it is to be made; else it is there already (SbxLayersAround.only). */
gboolean sbx_items_is_wanted (const SbxItems *self, const SbxItem *item);

/* Makes the items. */
void sbx_items_collect (SbxItems *self);
/* Whether any of them shows more of the host than the system and the application's own home. If not, nothing that is
 * closed can be among it, and self->table may be NULL. */
gboolean sbx_items_show_host (const SbxItems *self);
/* Opens what they show. Errors: those of sbx_source_open (), and SPAWN_FAILED for a file that is
 * not the one that the caller has handed over. */
gboolean sbx_items_open (SbxItems *self, GError **error);
/* Refuses what is closed, or lies in something closed. SPAWN_FAILED. */
gboolean sbx_items_check_closed (SbxItems *self, GError **error);
/* Finds out where each is to be mounted, and brings them in order. */
void sbx_items_place (SbxItems *self);
/* Returns the item that @dest lies in, the last of the nearest ones above it; NULL if it lies in what bwrap has made.
 */
const SbxItem *sbx_items_above (const SbxItems *self, const char *dest);

G_END_DECLS
