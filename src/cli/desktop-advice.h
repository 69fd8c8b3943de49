/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What somebody should know who has a launcher wrapped: whether a click can work, under which profile, and what the
 * application does not find any more. */
#pragma once

#include "cli/cli.h"
#include "desktop/kind.h"
#include "desktop/places.h"

G_BEGIN_DECLS

/* FALSE with NOT_SUPPORTED: a click on @entry, wrapped with a profile of that @policy, could not start anything. */
gboolean sbx_advice_check (const SbxDesktopPlaces *places, const SbxDesktopEntry *entry, const SbxPolicy *policy,
                           const char *profile, GError **error);

/* The same as lines for people, for who wants it all the same; GStrv. */
char **sbx_advice_warnings (const SbxDesktopPlaces *places, const SbxDesktopEntry *entry, const SbxPolicy *policy,
                            const char *profile);

/* Why that profile was taken, as a line for people; the caller's. */
char *sbx_advice_of_kind (const SbxDesktopKindFound *found);

/* How what the program has in the home is taken over into the one that it gets, or NULL: there is nothing. @program:
 * its path or name. */
char *sbx_advice_import (const SbxDesktopPlaces *places, const char *program, const char *app_id);

/* The id of a desktop entry that is nearly called @name, or NULL; the caller's. */
char *sbx_advice_nearest (const SbxDesktopPlaces *places, const char *name);

/* The ids of all applications that menus show, but those that are the desktop's own; GStrv. */
char **sbx_advice_all (const SbxDesktopPlaces *places, GHashTable *view);

G_END_DECLS
