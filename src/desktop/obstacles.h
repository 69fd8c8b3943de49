/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a launcher could not start its application in a sandbox. */
#pragma once

#include "desktop/places.h"

G_BEGIN_DECLS

typedef struct {
  gboolean hopeless; /* nothing would happen at all, whatever a profile shows */
  char *text;        /* for people, a sentence */
  char *show;        /* the directory, or file, that the profile would have to show; NULL: that would not help */
} SbxObstacle;
void sbx_obstacle_free (SbxObstacle *obstacle);

/* Whether the profile shows the file or directory @path, which is absolute. */
typedef gboolean (*SbxDesktopShown) (const char *path, gpointer data);

/* What stands in the way of @entry: SbxObstacle, empty when nothing was found. An Exec= that cannot be read is somebody
 * else's to complain of. */
GPtrArray *sbx_desktop_find_obstacles (const SbxDesktopPlaces *places, const SbxDesktopEntry *entry,
                                       SbxDesktopShown is_shown, gpointer data);

G_END_DECLS
