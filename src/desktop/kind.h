/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What kind of program an application is, by its files: what it needs that an ordinary one does not. */
#pragma once

#include "desktop/places.h"

G_BEGIN_DECLS

typedef struct {
  const char *profile; /* of those that are shipped; static */
  char *because;       /* for people: the file or category that says so */
} SbxDesktopKindFound;
void sbx_desktop_kind_clear (SbxDesktopKindFound *found);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SbxDesktopKindFound, sbx_desktop_kind_clear)

/* Looks at the program of @entry, at what lies beside it, and at its categories. FALSE: it is an ordinary one. */
gboolean sbx_desktop_find_kind (const SbxDesktopPlaces *places, const SbxDesktopEntry *entry,
                                SbxDesktopKindFound *found);

/* The same for the program at @path alone. */
gboolean sbx_program_find_kind (const char *path, SbxDesktopKindFound *found);

G_END_DECLS
