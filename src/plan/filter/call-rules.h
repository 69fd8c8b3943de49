/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The refusals of the filter that the keeper counts, one by one: what it needs to tell them apart, and what there is to
 * say of each. */
#pragma once

#include "plan/filter/syscall-table.h"

G_BEGIN_DECLS

/* SbxCallRule[] (wire/call-rule.h) of every row that the filter of @policy asks about, in the order of the table, for
 * each architecture that it is for. Of no length where nothing is counted. Kept in @cache, of sbx_seccomp_cache_new ().
 * @facts: SbxBoxFacts. */
GBytes *sbx_call_rules_get (GHashTable *cache, const SbxPolicy *policy, guint facts);

/* What there is to know of one. Strings are static. */
typedef struct {
  const char *error;   /* "EPERM" */
  const char *reason;  /* in English */
  guint lifted_by;     /* SbxFeatures, any of which lifts it */
  gboolean of_ports;   /* it is there because of [Network] connect= or bind= */
  gboolean of_profile; /* it is there because of [Seccomp] deny= */
} SbxCallNote;

/* The row @kind of the call @call, both as in an SbxCallRule. FALSE for one that this build does not have. */
gboolean sbx_call_note_find (const char *call, const char *kind, SbxCallNote *note);

G_END_DECLS
