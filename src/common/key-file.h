/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A strict reader of key files: every line must make sense, and an error says where. GKeyFile cannot tell lines. */
#pragma once

#include <glib.h>

#include "common/error.h"

G_BEGIN_DECLS

/* What kind of file it is, for the errors. */
typedef struct {
  const char *what; /* "profile" */
  SbxError code;
  gsize max;           /* bytes */
  gboolean conditions; /* whether a group may be [Name if=condition]; else that is its name */
} SbxKeyFileKind;

typedef struct {
  const char *group;
  const char *condition; /* of "[Group if=condition]", or NULL */
  const char *key;
  const char *value;
  guint line, key_column, value_column; /* from 1 */
} SbxKeyFileEntry;

/* Called for each group's line, with a NULL key, and for each key; returns FALSE with an error whose text lacks the
 * place: the reader puts "file:line:column: " before it. */
typedef gboolean (*SbxKeyFileVisit) (const SbxKeyFileEntry *entry, gpointer data, GError **error);

/* Reads @data (@size bytes), called @name in errors, and calls @visit for each entry in turn until it returns FALSE.
 * Errors: @kind's code, with "name:line:column: " before the text, which may be @visit's. */
gboolean sbx_key_file_parse (const SbxKeyFileKind *kind, const char *data, gsize size, const char *name,
                             SbxKeyFileVisit visit, gpointer user_data, GError **error);
/* Reads the regular file @path, which may be a link, in the same way. Errors: @kind's code, NOT_FOUND when there is
 * none. */
gboolean sbx_key_file_read (const SbxKeyFileKind *kind, const char *path, SbxKeyFileVisit visit, gpointer user_data,
                            GError **error);

/* @value with "\n", "\t", "\r", "\s" and "\\" as in GKeyFile; any other backslash stays. g_free. */
char *sbx_key_file_unescape (const char *value);

/* The items of a list, each with a ";" behind it, unescaped as by sbx_key_file_unescape (), with "\;" too.
 * g_strfreev (). */
char **sbx_key_file_split (const char *value);

/* Appends "@key=@value" as a line to @text, so that sbx_key_file_unescape () gives @value again. What no key file can
 * hold becomes "?" (control characters) or U+FFFD (bytes that are not UTF-8). */
void sbx_key_file_append (GString *text, const char *key, const char *value);
/* The same for the list @items, so that sbx_key_file_split () gives it again. */
void sbx_key_file_append_list (GString *text, const char *key, const char *const *items);

G_END_DECLS
