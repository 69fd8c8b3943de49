/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A strict reader of key files: every line must make sense, and an error says where. GKeyFile cannot tell lines. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define SBX_KEY_FILE_MAX (64 * 1024)

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

/* Reads @data (@size bytes), called @name in errors. Errors: BAD_PROFILE; what @visit returned keeps its text. */
gboolean sbx_key_file_parse (const char *data, gsize size, const char *name, SbxKeyFileVisit visit, gpointer user_data,
                             GError **error);
/* The same from the regular file @path, which may be a link. Errors also: NOT_FOUND when there is none. */
gboolean sbx_key_file_read (const char *path, SbxKeyFileVisit visit, gpointer user_data, GError **error);

/* "\n", "\t", "\r", "\s", "\\" as in GKeyFile. */
char *sbx_key_file_unescape (const char *value);

G_END_DECLS
