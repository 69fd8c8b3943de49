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

/* Every entry of @options against @table (ends with a NULL key). */
gboolean sbx_options_check (GVariant *options, const SbxOptionSpec *table, GError **error);

/* Checks to use in tables. */
gboolean sbx_option_check_path (const char *key, GVariant *value,
                                GError **error); /* ay: absolute, no NUL, < PATH_MAX */
gboolean
sbx_option_check_app_id (const char *key, GVariant *value,
                         GError **error); /* s: as a D-Bus name without ':', ≤ 255; single-element names allowed */
gboolean sbx_option_check_env (const char *key, GVariant *value,
                               GError **error); /* a{ss}: no '=' or NUL in names, no empty name */
gboolean sbx_option_check_env_names (const char *key, GVariant *value, GError **error); /* as */
gboolean sbx_option_check_fds (const char *key, GVariant *value,
                               GError **error); /* a{uh}: numbers ≤ 65535, ≤ 200 entries, handles ≥ 0 */

/* The word of @words (NULL-terminated) nearest to @word by edit distance, or NULL when none is near (distance > 1/3).
 */
const char *sbx_nearest_word (const char *word, const char *const *words);

/* The options of Launch and Explain. */
extern const SbxOptionSpec sbx_launch_options[];
extern const SbxOptionSpec sbx_exec_options[];
extern const SbxOptionSpec sbx_attach_options[];

G_END_DECLS
