/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The option `forward` of Launch: files that the caller has opened, at their own place inside.
 *
 * bwrap 0.8 takes paths and no descriptors. So the place of each descriptor is asked of the kernel, bwrap binds what is
 * there, and before the application is started it is looked at, inside, whether that is the caller's very file. What
 * somebody has put there meanwhile makes the launch fail and is never seen by the application. */
#pragma once

#include "daemon/instances/registry.h"
#include "plan/machine/machine.h"
#include "plan/request.h"
#include "policy/policy.h"

G_BEGIN_DECLS

/* A home that is kept has no file where one of those is put, so bwrap makes an empty one there: those go with the last
 * instance of the application. */
typedef struct {
  GPtrArray *paths; /* that are not there yet, on the host; children before parents */
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
void sbx_forward_free (SbxForward *forward);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxForward, sbx_forward_free)

/* Whether the sandbox of the process @pid has them all at their places. Errors: SPAWN_FAILED (names the file). */
gboolean sbx_forward_verify (const SbxForward *forward, pid_t pid, GError **error);

/* Before bwrap: what it will have to make in the home of @app_id. NULL: nothing. */
SbxMountPoints *sbx_mount_points_new (const SbxForward *forward, const SbxMachine *machine, SbxRegistry *registry,
                                      const char *app_id);
void sbx_mount_points_unref (SbxMountPoints *points);
/* Takes @points; removes them when @instance has ended, and all others of its application. */
void sbx_mount_points_remove_with (SbxMountPoints *points, SbxInstance *instance);

G_END_DECLS
