/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a sandbox wanted and did not get, in words, with what would allow it. */
#pragma once

#include "cli/cli.h"

G_BEGIN_DECLS

/* One row of an instance's Denied. Strings are the row's. */
typedef struct {
  GVariant *row; /* a{sv} */
  const char *source, *object, *action, *need, *process;
  const char *error, *reason; /* of a system call, or "" */
  guint count;
  guint64 first, last; /* microseconds since 1970 */
} SbxDenied;

/* Reads @row, which has to stay. FALSE if it is none. */
gboolean sbx_denied_read (SbxDenied *self, GVariant *row);
/* Whether both are of one kind: equal but for how often and when. */
gboolean sbx_denied_is_same (const SbxDenied *a, const SbxDenied *b);

/* "org.example.I.Method of org.example.Name", "setns: EPERM". The caller's. */
char *sbx_denied_title (const SbxDenied *self);
/* "3 times, 12:01:03 to 12:04:10, first by "app"". The caller's. */
char *sbx_denied_often (const SbxDenied *self);

/* What would allow it, and what that would open besides: sentences, NULL-terminated, the caller's. @policy: a{sv}. */
char **sbx_denied_remedies (const SbxDenied *self, GVariant *policy);
/* What a sandbox of @policy may be refused that nobody hears of, and why: sentences, NULL-terminated, the caller's.
 * @counted: whether system calls are counted in it. */
char **sbx_denied_unheard (GVariant *policy, gboolean counted);

G_END_DECLS
