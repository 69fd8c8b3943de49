/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy/score.h for people and for programs. */
#pragma once

#include "policy/policy.h"

G_BEGIN_DECLS

/* The policy that the service wrote down in @groups (complete, so nothing is missing). Errors: BAD_OPTION. */
SbxPolicy *sbx_exposure_policy (GVariant *groups, GError **error);

/* "3.2 of 10 (OK)" */
char *sbx_exposure_text (const SbxPolicy *policy);
/* A table of what is open, worst first, and the whole. @name: of the profile. */
void sbx_exposure_print (const char *name, const SbxPolicy *policy);
/* The cells of @name's line in a summary, for sbx_output_table (). */
char **sbx_exposure_row (const char *name, const SbxPolicy *policy);
/* "score", "word", "open": "id", "exposure", "reason" of each; for JSON. Owned by the caller. */
GVariant *sbx_exposure_to_variant (const SbxPolicy *policy);

G_END_DECLS
