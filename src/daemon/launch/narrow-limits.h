/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits that become lower: those of each process, which the keeper lowers; those of all of them together, where the
 * instance has a scope, which systemd does. */
#pragma once

#include "daemon/instances/info.h"
#include "policy/policy.h"

G_BEGIN_DECLS

/* What becomes lower when the instance that @info describes goes from the policy @from to @to: adds it to @limits
 * (SbxRlimit); *@scope: something of its scope does as well. NOT_SUPPORTED for what only a scope could do, where there
 * is none. */
gboolean sbx_narrow_limits (const SbxInfo *info, const SbxPolicy *from, const SbxPolicy *to, GArray *limits,
                            gboolean *scope, GError **error);

G_END_DECLS
