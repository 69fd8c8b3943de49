/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an installation consists of: found and made, not written yet. */
#pragma once

#include "desktop/store.h"
#include "desktop/wrap.h"

G_BEGIN_DECLS

/* The desktop entry that people mean by @name: a file (with a "/" in it, or an existing one that ends in ".desktop"),
 * an id, or an application's name. Errors: NOT_FOUND, BAD_OPTION (several; names them). */
SbxDesktopFile *sbx_desktop_find (const SbxDesktopPlaces *places, GHashTable *view, const char *name, GError **error);

/* The profile for @file; static. Errors: those of reading it. */
const char *sbx_desktop_choose_profile (const SbxDesktopPlaces *places, const SbxDesktopFile *file, GError **error);

/* The record of @file wrapped: its launcher, entries that open URLs with the same program, autostart entries, D-Bus
 * services, a command. @view: the machine without an earlier installation of it. Errors: BAD_OPTION; an autostart
 * entry or a service that cannot be wrapped is left out and told by sbx_desktop_find_bypasses () later. */
SbxDesktopRecord *sbx_desktop_plan (const SbxDesktopPlaces *places, GHashTable *view, const SbxDesktopFile *file,
                                    const SbxWrap *how, GError **error);

/* Lets the desktop know which types the entries of the user's directory open (`update-desktop-database`), if that
 * program is there; without it only entries that replace one of the system are known for theirs. FALSE: it would not
 * have ended, since an entry is no regular file (a FIFO); nothing is known of new types then. */
gboolean sbx_desktop_refresh (const SbxDesktopPlaces *places);

G_END_DECLS
