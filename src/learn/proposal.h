/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a learning run comes to: lines for a profile, each with what it would open, and whether it is for the user to
 * say.
 *
 * The application chooses what it names, so it chooses what is proposed. A line stands without a question only if that
 * gives nothing away: a copy of its own of what it writes, what the administrator has put there for everybody to read,
 * and what the user named in the command. All else is marked, with what an application that has it can do. */
#pragma once

#include "learn/opening.h"
#include "learn/traces.h"

G_BEGIN_DECLS

#define SBX_PROPOSALS 64 /* lines; what is beyond is counted only */

typedef struct {
  char *group, *key, *value; /* of a list: one word */
  char *example;             /* the first name that asked for it */
  gboolean pattern;          /* @key is all names below one, since the next start has another number in it */
  guint count;               /* how many names did; 0: none, and the value takes away */
  gboolean asked;            /* it is for the user to say */
  const char *risk; /* after "an application that has it ...", to be translated with _(); NULL: none is known */
  char *way;        /* the file or socket by which, and who obeys it; or NULL */
  char *target;     /* it is a link, to there; or NULL */
} SbxProposal;

typedef struct {
  GPtrArray *lines;  /* SbxProposal * */
  GPtrArray *missed; /* SbxProposal *: each path that is there outside and was not inside: key is the call, value what
                        would open it; at most SBX_PROPOSALS */
  guint more;        /* that there was no room for */
  guint unwritable;  /* names that no profile can have */
  guint used;        /* names that were there */
} SbxProposals;

SbxProposals *sbx_proposals_new (const SbxLearnContext *context, const SbxTraces *traces);
void sbx_proposals_free (SbxProposals *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxProposals, sbx_proposals_free)

/* Adds what a bus refused: @value ("talk") of the name @key below [@group]. */
void sbx_proposals_add_name (SbxProposals *self, const SbxLearnContext *context, const char *group, const char *key,
                             const char *value);

G_END_DECLS
