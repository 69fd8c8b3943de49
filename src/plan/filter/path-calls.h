/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system calls that name files, about which the filter of an instance that is learned asks as well
 * (docs/architecture/learn.md). The answer is always "go on": learning decides nothing. */
#pragma once

#include "policy/policy.h"

G_BEGIN_DECLS

/* SbxPathCall[] (wire/path-call.h) for every architecture that @policy lets in. A call of which the filter refuses
 * anything is left out, since the kernel would take one of both. Kept in @cache, of sbx_seccomp_cache_new (). @facts:
 * SbxBoxFacts. */
GBytes *sbx_path_calls_get (GHashTable *cache, const SbxPolicy *policy, guint facts);

G_END_DECLS
