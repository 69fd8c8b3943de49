/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where commands are looked for inside. */
#pragma once

#include "plan/request.h"
#include "policy/policy.h"

G_BEGIN_DECLS

/* The PATH of a sandbox, the caller's to free: the system's directories, and behind them, in the caller's order, those
 * of the caller's own PATH that @policy shows, or that belong to the system: what is found outside along a directory
 * that is there inside is found inside too. Nothing of the caller comes before a directory of the system. */
char *sbx_search_path_make (const SbxPolicy *policy, const SbxPlanRequest *request);

G_END_DECLS
