/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all changes of a running instance have in common. */
#pragma once

#include "daemon/instances/info.h"
#include "daemon/launch/host.h"
#include "plan/plan.h"
#include "plan/request.h"
#include "wire/layer.h"

G_BEGIN_DECLS

/* The plan that the instance which @info describes would have with @policy, and with the file @forward (or NULL) handed
 * over. The caller's. Errors: those of sbx_plan_new (). */
SbxPlan *sbx_running_plan (const SbxHost *host, const SbxInfo *info, const SbxPolicy *policy,
                           const SbxForwardedFile *forward, GError **error);
/* The policy of the instance as it is now; the caller's. BAD_OPTION for a record that makes no sense. */
SbxPolicy *sbx_running_policy (const SbxHost *host, const SbxInfo *info, GError **error);
/* The block of CHANGE: @info for the file, @rows (SbxNarrow; or NULL) that are taken away, @n @layers that are added,
 * and @to (or NULL: as before), where its network leads from now on. A descriptor, or -1 with LIMITS or SPAWN_FAILED.
 */
int sbx_running_write_change (const SbxInfo *info, const GArray *rows, const SbxLayer *layers, gsize n, GBytes *to,
                              GError **error);
/* @list (aa{sv}, or NULL) and one more @row; the caller's. */
GVariant *sbx_running_append (GVariant *list, GVariant *row);

G_END_DECLS
