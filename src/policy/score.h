/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How exposed the user and the session are to an application under a policy, as one number to compare policies by, in
 * the manner of `systemd-analyze security`. It says nothing of what the application does with it. */
#pragma once

#include "policy/ways-out.h"

G_BEGIN_DECLS

/* One door that is open. Strings are static. */
typedef struct {
  const char *id;     /* for programs */
  guint exposure;     /* in tenths, 1 … 100: what it would come to by itself */
  const char *reason; /* for people, to be translated with _() */
  /* The file or socket that opens it, where the table of those has it; else NULL */
  const SbxWayOut *way;
} SbxScoreRow;

/* From 0 (nothing) to 100 (everything), in tenths of a point. What allows no more is exposed no more: for
 * sbx_policy_leq (a, b), the score of @a is at most the score of @b. @open, if not NULL, gets the rows that make it up,
 * worst first: free with g_array_unref (). @places: where the user's own files are. */
guint sbx_score (const SbxPolicy *policy, const SbxPlaces *places, GArray **open);

/* "OK", "MEDIUM" (from 5.0), "EXPOSED" (from 7.5), "UNSAFE" (from 9.0). Static. */
const char *sbx_score_word (guint score);

/* Returns why a rule that lets an application talk to the bus name @name would be a way out of its sandbox, for people
 * and to be translated with _(); NULL for a name of which that is not known. Static. */
const char *sbx_score_name_risk (const char *name);

/* a{sv}, floating: score (d, 0.0 to 10.0), word (s), open (aa{sv}: id s, exposure d,
 * reason s, and where a file or socket opens it, path s and why s). */
GVariant *sbx_score_to_variant (const SbxPolicy *policy, const SbxPlaces *places);

G_END_DECLS
