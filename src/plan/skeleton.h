/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What PREPARE carries: all of a box that is not one instance's. A value; two launches with equal ones can use the same
 * box, whatever else they want. */
#pragma once

#include "plan/box.h"

G_BEGIN_DECLS

typedef struct _SbxSkeleton SbxSkeleton;

/* The skeleton of @box; unref it. */
SbxSkeleton *sbx_skeleton_new (const SbxBox *box);
SbxSkeleton *sbx_skeleton_ref (SbxSkeleton *self);
void sbx_skeleton_unref (SbxSkeleton *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxSkeleton, sbx_skeleton_unref)

/* Whether it could be made before anybody has asked for it: it joins no namespaces of others, has no network of
 * its own, and nothing in it is the caller's. */
gboolean sbx_skeleton_is_common (const SbxSkeleton *self);
gboolean sbx_skeleton_equal (const SbxSkeleton *self, const SbxSkeleton *other);

/* The paths on the host that bwrap mounts, and bwrap itself in front of them; the skeleton's, ends with NULL. */
const char *const *sbx_skeleton_get_sources (const SbxSkeleton *self);
/* Writes the block of PREPARE: a sealed memfd, or -1 with SPAWN_FAILED. */
int sbx_skeleton_write (const SbxSkeleton *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The files that bwrap reads from descriptors, in the order in which these follow: each an element of type SbxPlanFile
 * of which the content alone counts; the skeleton's. */
const SbxPlanFile *sbx_skeleton_get_files (const SbxSkeleton *self, gsize *n);

G_END_DECLS
