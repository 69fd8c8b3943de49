/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Restrict takes away from a running instance: from two policies to what the keeper does. */
#pragma once

#include "daemon/instances/info.h"
#include "daemon/launch/host.h"
#include "plan/plan.h"
#include "policy/policy.h"

G_BEGIN_DECLS

typedef struct {
  SbxPolicy *policy; /* the effective one, after it */
  SbxPolicy *from;   /* and before */
  GArray *rows;      /* SbxNarrow, whose strings are in @strings */
  GPtrArray *strings;
  GBytes *to;        /* where its own network leads from now on (plan/mounts/network.h); NULL: as before */
  SbxPlan *buses;    /* whose proxy of its buses takes the place of the one that it has; NULL: that stays, or … */
  guint32 ended;     /* … bit N: the sidecar of the SbxSidecarKind N ends */
  GPtrArray *taken;  /* for people: the differences, a line each */
  GPtrArray *closed; /* destinations that were allowed and are not any more, or not as a whole */
  GArray *limits;    /* SbxRlimit: those of each process that become lower */
  gboolean scope;    /* those of all of them together do */
} SbxNarrowingPlan;

/* Meets the policy of the instance that @info describes with itself and @groups (a{sv}) put over it. Nothing is taken:
 * no rows. Errors: BAD_OPTION, NOT_FOUND; NOT_SUPPORTED for what cannot be taken away while it runs, with the reason.
 */
SbxNarrowingPlan *sbx_narrowing_plan_new (SbxHost *host, const SbxInfo *info, GVariant *groups, GError **error);
/* What is at a path: the object that is there outside, and nothing is taken if the instance has another one; or what
 * the instance has, whatever has become of it outside. */
typedef enum { SBX_NARROWING_OUTSIDE, SBX_NARROWING_INSIDE } SbxNarrowingBy;
/* Has it keep no more files, sockets, names on buses, limits and destinations than @most has. Errors as above. */
SbxNarrowingPlan *sbx_narrowing_plan_new_below (SbxHost *host, const SbxInfo *info, const SbxPolicy *most,
                                                SbxNarrowingBy by, GError **error);
void sbx_narrowing_plan_free (SbxNarrowingPlan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxNarrowingPlan, sbx_narrowing_plan_free)

/* The block of CHANGE, for which @info is written down. A descriptor, or -1 with LIMITS or SPAWN_FAILED. */
int sbx_narrowing_plan_write (const SbxNarrowingPlan *self, const SbxInfo *info, GError **error);

/* The row of Restrictions: a{sv}, floating. @pid: who has asked. @with: the D-Bus path of the instance for which that
 * was, when this is one below it; or NULL. */
GVariant *sbx_narrowing_plan_describe (const SbxNarrowingPlan *self, guint32 pid, const char *with);

G_END_DECLS
