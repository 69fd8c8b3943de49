/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a sandbox was refused on the buses, and what would allow it. */
#pragma once

#include "cli/cli.h"

G_BEGIN_DECLS

/* One row of an instance's Refused. */
typedef struct {
  const char *name, *member;
  char *allow;      /* what a profile has to name, or NULL: nothing that it could name */
  const char *need; /* "see", "talk", "own" */
  guint count;
} SbxRefusal;

typedef void (*SbxRefusalVisit) (const SbxRefusal *refusal, gpointer data);

/* Every row of @refused, a(sssu). */
void sbx_refused_visit (GVariant *refused, SbxRefusalVisit visit, gpointer data);

/* What @name opens besides: after "an application that has it ...", to be translated; NULL: nothing that is known. */
const char *sbx_refused_risk (const char *name);

/* Whether the policy a{sv} (or NULL) has rules for the bus "Session" or "System", and so a filter. */
gboolean sbx_refused_is_filtered (GVariant *policy, const char *bus);

/* The line of a profile, or the option of `run`, that would let @name through, as a sentence; the caller's. The proxy's
 * log does not say which of two buses it was. */
char *sbx_refused_rule (GVariant *policy, const char *name, const char *need);
char *sbx_refused_option (GVariant *policy, const char *name, const char *need);

/* How many messages the filters of its buses have refused, as @properties of an instance (a{sv}) say; with what no row
 * counts any more, which may be of another kind. */
guint64 sbx_refused_count (GVariant *properties);

G_END_DECLS
