/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What has been installed, and what was there before: records and copies in $XDG_STATE_HOME/sandbox/desktop. */
#pragma once

#include "desktop/places.h"
#include "desktop/record.h"

G_BEGIN_DECLS

typedef struct _SbxDesktopStore SbxDesktopStore;

/* @write: makes the directory and waits its turn, so that two cannot install at a time. Errors: SPAWN_FAILED,
 * BAD_OPTION (a record that cannot be read). */
SbxDesktopStore *sbx_desktop_store_open (const SbxDesktopPlaces *places, gboolean write, GError **error);
void sbx_desktop_store_free (SbxDesktopStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxDesktopStore, sbx_desktop_store_free)

/* Ordered by id; the store's. */
GPtrArray *sbx_desktop_store_get_records (SbxDesktopStore *self);
/* The one with @id, the store's, or NULL. */
SbxDesktopRecord *sbx_desktop_store_find (SbxDesktopStore *self, const char *id);
/* The view (desktop/places.h) of the machine as if @only were not installed; NULL: as if nothing were. */
GHashTable *sbx_desktop_store_view (SbxDesktopStore *self, const char *only);

/* Puts every item into its place, or changes nothing. An older record of the same id is replaced: what was there
 * before it is kept. Errors: SPAWN_FAILED with what to do, BAD_OPTION (something in the way). */
gboolean sbx_desktop_store_install (SbxDesktopStore *self, SbxDesktopRecord *record, GError **error);

/* Whether @item is as it was put there. */
gboolean sbx_desktop_item_is_in_place (const SbxDesktopItem *item);
/* Notes that @item is what lies at its place now, and that the files @added (NULL-terminated) belong to @record too:
 * somebody else has written them for us. Errors: SPAWN_FAILED. */
gboolean sbx_desktop_store_adopt (SbxDesktopStore *self, SbxDesktopRecord *record, SbxDesktopItem *item,
                                  const char *const *added, GError **error);

/* Brings back what was there before @id. Files that somebody has changed since are left, and named in @left (GStrv),
 * unless @force; the record stays as long as there are such. Errors: NOT_FOUND, SPAWN_FAILED. */
gboolean sbx_desktop_store_remove (SbxDesktopStore *self, const char *id, gboolean force, char ***left, GError **error);

G_END_DECLS
