/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* a{sv} options of D-Bus methods, by table: unknown keys, wrong types, oversize values are BAD_OPTION and name the key.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef gboolean (*SbxOptionCheck) (const char *key, GVariant *value, GError **error);

typedef struct {
  const char *key;
  const char *type;     /* GVariant type string */
  gsize max_size;       /* bytes of the serialised value */
  SbxOptionCheck check; /* or NULL */
} SbxOptionSpec;

/* Every entry of @options against @table (ends with a NULL key). Errors: BAD_OPTION, with the key, for one that is not
 * in it (names the nearest), is too large, of another type, or not what its check wants. */
gboolean sbx_options_check (GVariant *options, const SbxOptionSpec *table, GError **error);

/* s: as a D-Bus name without ':', at most 255 bytes; one element is enough. Errors: BAD_OPTION. */
gboolean sbx_option_check_app_id (const char *key, GVariant *value, GError **error);

/* The word of @words (NULL-terminated) nearest to @word by edit distance, or NULL when none is near (distance > 1/3).
 */
const char *sbx_nearest_word (const char *word, const char *const *words);

/* The options of Launch and Explain, of Exec, and of Attach. */
extern const SbxOptionSpec sbx_launch_options[];
extern const SbxOptionSpec sbx_exec_options[];
extern const SbxOptionSpec sbx_attach_options[];

G_END_DECLS
