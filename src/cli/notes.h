/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `run` says of a sandbox on standard error, beside what the application says: what it does not have although it
 * was asked for, and what it was refused before it failed. */
#pragma once

#include "cli/link/service.h"

G_BEGIN_DECLS

typedef struct {
  SbxService *service;
  const char *profile;
  GVariant *argv;   /* aay */
  GVariant *policy; /* a{sv}, what the options named; or NULL */
  gboolean joins;   /* it was asked to join one that runs */
  char *path;       /* of the instance, once it is known */
  gint64 started;   /* monotonic time, when @path became known */
  GPtrArray *said;  /* what was warned of already, or NULL */
} SbxNotes;

/* Frees what the functions below have put into it; the rest is the caller's. */
void sbx_notes_clear (SbxNotes *self);

/* The instance is at @path: says what its plan warns of that the profile alone does not. Never waits for long: a
 * service that does not answer is not waited for, and nothing is said. */
void sbx_notes_begin (SbxNotes *self, const char *path);

/* Whether an application that ends with @status now has failed by itself, and soon after the start, or before it. */
gboolean sbx_notes_is_quick_failure (const SbxNotes *self, int status);

/* The application has ended by itself, and @n other processes in its sandbox were ended since it had. Soon after the
 * start, where that may well be the application itself: says what lets them go on. */
void sbx_notes_leftovers (const SbxNotes *self, int n);

/* It has ended with the exit status @status. If that is a failure, and soon after the start: says what the plan warns
 * of and what was refused, and what would allow it. */
void sbx_notes_end (SbxNotes *self, int status);

G_END_DECLS
