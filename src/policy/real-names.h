/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A policy is about names, and the same file may have several: /home/u and /var/home/u, a link of the user's to the
 * home. How much is laid open is asked of what the names lead to on this disk. */
#pragma once

#include "policy/score.h"

G_BEGIN_DECLS

/* @policy with each path of filesystems= as the links on this disk have it now; of what is not there, the part that is.
 * Where two names come to be one, the more that they open counts. What is started does not go by this. */
SbxPolicy *sbx_policy_with_real_names (const SbxPolicy *policy) G_GNUC_WARN_UNUSED_RESULT;

/* sbx_score () and sbx_score_to_variant () of that policy, and of the real names of @places. */
guint sbx_score_here (const SbxPolicy *policy, const SbxPlaces *places, GArray **open);
GVariant *sbx_score_here_to_variant (const SbxPolicy *policy, const SbxPlaces *places);

G_END_DECLS
