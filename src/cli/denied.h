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

/* One way to allow it, from the next start on. */
typedef struct {
  char *group, *line; /* of a profile */
  char *option;       /* of `run`; NULL: there is none */
  char *risk;         /* after "an application that has it ...", translated; NULL: none is known */
} SbxRemedy;

/* SbxRemedy *, the caller's; each only if it is not all that there is to say. @policy: a{sv}. */
GPtrArray *sbx_denied_remedies (const SbxDenied *self, GVariant *policy);
/* A remedy as a sentence, the caller's. */
char *sbx_remedy_text (const SbxRemedy *self);
/* What else there is to say of why it was refused: sentences, NULL-terminated, the caller's. */
char **sbx_denied_notes (const SbxDenied *self);
/* What a sandbox of @policy may be refused that nobody hears of, and why: sentences, NULL-terminated, the caller's.
 * @counted: whether system calls are counted in it. */
char **sbx_denied_unheard (GVariant *policy, gboolean counted);

G_END_DECLS
