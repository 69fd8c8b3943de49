/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A restriction carried out: in an instance, and in all that were started from inside of it. */
#pragma once

#include "daemon/instances/registry.h"
#include "daemon/launch/context.h"

G_BEGIN_DECLS

/* What one instance has lost. */
typedef struct {
  SbxInstance *instance; /* the one that was named, or one below it */
  GBytes *held;          /* as sbx_instance_change_finish () has it */
} SbxRestricted;

/* Takes @groups (a{sv}) away from @instance, for the process @pid, and from each one below it what it then has more
 * than its starter. What one of them cannot lose is refused before anything is changed. */
void sbx_restrict_async (SbxInstance *instance, SbxRegistry *registry, const SbxContext *context, GVariant *groups,
                         guint32 pid, GAsyncReadyCallback callback, gpointer user_data);
/* The same, so that @instance has no more files and sockets than @most, and @grants (aa{sv}) is written down as Grants:
 * what was granted for a time has ended. */
void sbx_restrict_to_async (SbxInstance *instance, SbxRegistry *registry, const SbxContext *context, SbxPolicy *most,
                            GVariant *grants, GAsyncReadyCallback callback, gpointer user_data);
/* SbxRestricted, the caller's: those that had something to lose, the lowest first. NULL with the errors of
 * sbx_narrowing_plan_new () or sbx_instance_change_finish (); the one that was named is as it was before then, and
 * none has more than its starter. */
GArray *sbx_restrict_finish (SbxInstance *instance, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
