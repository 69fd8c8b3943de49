/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a policy means, in people's words. */
#pragma once

#include "policy/policy.h"

G_BEGIN_DECLS

/* One line, which goes on from "a program …"; translated, not cleaned. @risky: it reaches the user's data or session.
 */
typedef void (*SbxMeaningVisit) (const char *line, gboolean risky, gpointer data);

/* A line for everything that @policy allows and limits, and for what a desktop user would expect and does not get. How
 * processes are hidden is not among them: that depends on the machine, and the plan says it. */
void sbx_meanings_visit (const SbxPolicy *policy, const char *home, SbxMeaningVisit visit, gpointer data);

/* What polkit is asked for by @action, e.g. "to start it"; NULL for one that is not known. */
const char *sbx_meaning_of_action (const char *action);

G_END_DECLS
