/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The profile that learning writes: one of the user's own, which inherits what it was learned under, and which it adds
 * to with every run. */
#pragma once

#include "cli/policy-options.h"
#include "learn/proposal.h"

G_BEGIN_DECLS

typedef struct {
  char *name; /* of the profile */
  char *path;
  char *base;   /* what it inherits */
  char *app_id; /* or NULL */
  gboolean exists;
  SbxPolicyOptions *lines;    /* what it has */
  GHashTable *declined;       /* "group key=value": what its user did not want; a set */
  SbxPolicyOptions *accepted; /* what this run adds to them; */
  GHashTable *added;          /* … the same as "group key=value"; a set */
} SbxLearnedFile;

/* For @name, which another place's profile may have already; then its name has "-learned" behind it. @base: NULL: what
 * the file inherits, or "desktop". Errors: a file of that name that learning has not written, or that cannot be read.
 */
gboolean sbx_learned_file_open (SbxLearnedFile *self, const char *name, const char *base, const char *app_id,
                                GError **error);
void sbx_learned_file_clear (SbxLearnedFile *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SbxLearnedFile, sbx_learned_file_clear)

gboolean sbx_learned_file_is_declined (const SbxLearnedFile *self, const SbxProposal *line);
void sbx_learned_file_accept (SbxLearnedFile *self, const SbxProposal *line);
void sbx_learned_file_decline (SbxLearnedFile *self, const SbxProposal *line);
/* The whole file, with @lines explained; the caller's. */
char *sbx_learned_file_text (const SbxLearnedFile *self, const GPtrArray *lines);
/* Writes it in one step, and reads it back: what was there stays unless the new one is whole and a profile. What
 * another run has added to it since it was opened stays too. */
gboolean sbx_learned_file_save (SbxLearnedFile *self, const GPtrArray *lines, GError **error);

G_END_DECLS
