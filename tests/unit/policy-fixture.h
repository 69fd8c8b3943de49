/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tests of policies have in common. */
#pragma once

#include "policy/policy.h"

/* Against which they are read: a home, and nothing else. */
extern const SbxPlaces policy_places;

/* A policy with one value. Errors: those of sbx_policy_merge_variant (). */
SbxPolicy *policy_of (const char *group, const char *key, const char *value, GError **error);
/* The policy that @text, a dictionary in the text form of GVariant, has; it must have one. */
SbxPolicy *policy_from_text (const char *text);
/* Whether one of the SbxScoreRow in @open has that id. */
gboolean policy_has_row (const GArray *open, const char *id);
