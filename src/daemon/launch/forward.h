/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The option `forward` of Launch: files that the caller has opened, at their own place inside.
 *
 * The place of each descriptor is asked of the kernel. What is mounted there is the descriptor's object (layers/), not
 * what somebody has put there meanwhile. */
#pragma once

#include "daemon/instances/registry.h"
#include "daemon/launch/request.h"
#include "layers/layers.h"
#include "layers/points.h"
#include "plan/machine/machine.h"
#include "plan/request.h"
#include "policy/policy.h"

G_BEGIN_DECLS

/* What is made on the disk for them. A home that is kept has nothing where one of those is put, so an empty file or a
 * link is made there: those go with the last instance of the application. Stages go with their own. */
typedef struct {
  GArray *points;  /* SbxLayerPoint */
  char *homes;     /* in which the instance has stages (layers/doors.h) */
  gboolean staged; /* it has */
  SbxRegistry *registry;
} SbxMountPoints;

typedef struct {
  GArray *files; /* SbxForwardedFile, parents before children */
  guint classes; /* of permission that they need beyond what is approved */
} SbxForward;

/* The files of @fds (@n of them, borrowed), opened up as @policy says, writable at most as the descriptor is (O_PATH
 * says nothing of that). @approved: what needs no further approval. Errors: BAD_OPTION (what has no place in the file
 * system, is no file or directory, or holds the sandbox's own files or all of the home). */
SbxForward *sbx_forward_new (const SbxMachine *machine, const int *fds, gsize n, const SbxPolicy *policy,
                             const SbxPolicy *approved, GError **error);
/* Adds @n files that are not there yet, where @policy lets an application change what it is handed. Errors: BAD_OPTION.
 */
gboolean sbx_forward_add_new (SbxForward *self, const SbxMachine *machine, const SbxNewFile *files, gsize n,
                              const SbxPolicy *policy, const SbxPolicy *approved, GError **error);
void sbx_forward_free (SbxForward *forward);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxForward, sbx_forward_free)

/* The row of SBX_INFO_FILES; floating. */
GVariant *sbx_forwarded_file_describe (const SbxForwardedFile *file);
/* Whether an instance with those rows (or NULL) has @file at its own place, as the object that it is now. */
gboolean sbx_forwarded_file_is_there (const SbxForwardedFile *file, GVariant *rows);

/* Before the launch: what will have to be made, and what has been made. @homes: the directory of all kept homes. NULL:
 * nothing. */
SbxMountPoints *sbx_mount_points_new (const SbxLayers *layers, const char *homes, SbxRegistry *registry);
void sbx_mount_points_unref (SbxMountPoints *points);
/* Removes what is of @instance, which has not come to life, or has ended. */
void sbx_mount_points_remove (SbxMountPoints *points, SbxInstance *instance);
/* Takes @points; removes them when @instance has ended, and all others of its application. */
void sbx_mount_points_remove_with (SbxMountPoints *points, SbxInstance *instance);

G_END_DECLS
