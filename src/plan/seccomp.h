/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system-call filter: one table with reasons, compiled by libseccomp once per policy and kept. */
#pragma once

#include "policy/policy.h"

G_BEGIN_DECLS

/* The compiled program, struct sock_filter[]; the same GBytes for equal (tier, features, allow, deny). */
GBytes *sbx_seccomp_compile (const SbxPolicy *policy, GError **error);
/* aa{sv}: call, action, errno name, reason: every row that applies to @policy. */
GVariant *sbx_seccomp_explain (const SbxPolicy *policy);

G_END_DECLS
