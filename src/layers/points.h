/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mount points in a home that is kept on the disk. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A place in a kept home where something is mounted and nothing is yet: an empty file or directory is made there, and
 * stays. */
typedef struct {
  int home;   /* a directory that the application keeps, O_PATH */
  char *path; /* below it */
} SbxLayerPoint;

/* An empty list of SbxLayerPoint, children before parents, which owns their descriptors. */
GArray *sbx_layer_points_new (void);
/* Adds @path below @home (a directory, borrowed), and every directory above it, as far as they are not there. */
void sbx_layer_points_add_missing (GArray *points, int home, const char *path);
/* Whether nothing is at @path below @home but, perhaps, a link to a door: of an instance that runs, or of one that
 * could not remove it. */
gboolean sbx_layer_point_is_free (int home, const char *path);
/* Removes what is still there and empty, and links to doors that no other instance has a stage for in @homes: what the
 * application has written is its own. No link is followed. */
void sbx_layer_points_remove (GArray *points, const char *homes);

G_END_DECLS
