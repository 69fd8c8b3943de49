/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a path to the line of a profile that would open it: a directory rather than a hundred files, and a word rather
 * than a path. Pure: what is there outside is asked of the caller. */
#pragma once

#include "policy/policy.h"

G_BEGIN_DECLS

/* What is at a path outside, without being opened. */
typedef struct {
  gboolean exists, directory;
  gboolean of_system; /* root's, and everybody may read it */
  char *target;       /* where it is when links are followed; NULL: there itself */
} SbxOutside;

/* Fills @outside, whose target is the caller's. */
typedef void (*SbxLookOutside) (const char *path, SbxOutside *outside, gpointer data);

typedef struct {
  const SbxPolicy *policy; /* that it was learned under */
  const SbxPlaces *places;
  const char *const *named; /* absolute paths that the user named in the command; NULL-terminated, or NULL */
  const char *const *lent;  /* those that were opened up for this run alone; the same */
  SbxLookOutside look;
  gpointer data;
} SbxLearnContext;

typedef struct {
  const char *group, *key;
  char *value;       /* of a list: one word */
  char *path;        /* what it opens, absolute; NULL: no path */
  gboolean of_user;  /* the user named it */
  gboolean harmless; /* it gives nothing away: a copy of its own, or what the administrator has put there for all */
} SbxOpening;

/* The line that opens @path; @write: for changing it. FALSE: no line would open it, or it needs none. */
gboolean sbx_opening_of_path (const SbxLearnContext *context, const char *path, gboolean write, SbxOpening *opening);
/* The word of a device or of a socket that @path belongs to. FALSE: it belongs to none, or the policy has it. */
gboolean sbx_opening_of_device (const SbxLearnContext *context, const char *path, SbxOpening *opening);
gboolean sbx_opening_of_socket (const SbxLearnContext *context, const char *path, SbxOpening *opening);
/* That word itself, whatever the policy has; NULL: none. Static. */
const char *sbx_opening_word_of_device (const char *path);
const char *sbx_opening_word_of_socket (const SbxLearnContext *context, const char *path);
void sbx_opening_clear (SbxOpening *self);

/* Whether @name can stand in a profile as it is. */
gboolean sbx_opening_can_write (const char *name);

G_END_DECLS
