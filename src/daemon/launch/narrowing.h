/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Restrict takes away from a running instance: from two policies to what the keeper does. */
#pragma once

#include "daemon/instances/info.h"
#include "daemon/launch/host.h"
#include "policy/policy.h"

G_BEGIN_DECLS

typedef struct {
  SbxPolicy *policy; /* the effective one, after it */
  GArray *rows;      /* SbxNarrow, whose strings are in @strings */
  GPtrArray *strings;
  GPtrArray *taken; /* for people: the differences, a line each */
} SbxNarrowingPlan;

/* Meets the policy of the instance that @info describes with itself and @groups (a{sv}) put over it. Nothing is taken:
 * no rows. Errors: BAD_OPTION, NOT_FOUND; NOT_SUPPORTED for what cannot be taken away while it runs, with the reason.
 */
SbxNarrowingPlan *sbx_narrowing_plan_new (const SbxHost *host, const SbxInfo *info, GVariant *groups, GError **error);
/* Has it keep no more files and sockets than @most has: the policy of the one that has started it. Errors as above. */
SbxNarrowingPlan *sbx_narrowing_plan_new_below (const SbxHost *host, const SbxInfo *info, const SbxPolicy *most,
                                                GError **error);
void sbx_narrowing_plan_free (SbxNarrowingPlan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxNarrowingPlan, sbx_narrowing_plan_free)

/* The row of Restrictions: a{sv}, floating. @pid: who has asked. @with: the D-Bus path of the instance for which that
 * was, when this is one below it; or NULL. */
GVariant *sbx_narrowing_plan_describe (const SbxNarrowingPlan *self, guint32 pid, const char *with);

G_END_DECLS
