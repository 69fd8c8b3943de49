/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the sandboxes that run use, measured again and again: the rows of `top`. */
#pragma once

#include "cli/instances.h"
#include "cli/link/service.h"
#include "cli/usage.h"

G_BEGIN_DECLS

/* How the rows are sorted; the key for it is its first letter. */
enum { SBX_SAMPLES_BY_CPU, SBX_SAMPLES_BY_MEMORY, SBX_SAMPLES_BY_AGE };
extern const char *const sbx_samples_orders[]; /* ends with NULL */

typedef struct {
  const SbxInstanceInfo *info;
  SbxUsage usage;
  double cpu; /* percent of one processor */
  guint handlers;
  guint64 refused;
  guint64 in, out;          /* bytes over its own network so far */
  double in_rate, out_rate; /* and of them in a second */
  gboolean networked;       /* there were any */
} SbxSample;

typedef struct {
  GArray *rows;         /* SbxSample, as they are sorted */
  guint order;          /* SBX_SAMPLES_BY_CPU … */
  GPtrArray *instances; /* keeps what the rows show */
  GHashTable *before;   /* id → what the sample before has of a row */
  gint64 sampled;       /* monotonic us */
} SbxSamples;

void sbx_samples_init (SbxSamples *self, guint order);
/* Frees what it holds, not @self. */
void sbx_samples_clear (SbxSamples *self);
/* Which of the orders @word is, or -1. */
int sbx_samples_find_order (const char *word);
/* Measures anew; rates are those since the time before. Errors: those of sbx_instances_list_running (). */
gboolean sbx_samples_take (SbxSamples *self, SbxService *service, GError **error);
void sbx_samples_sort (SbxSamples *self);

G_END_DECLS
