/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/options.h"

#include <limits.h>
#include <string.h>

#include "common/error.h"
#include "policy/inherited.h"

#define MAX_FD_NUMBER 65535
#define MAX_FDS 200
#define KIB ((gsize) 1024)

static gboolean
throw_unknown_key (const char *key, const SbxOptionSpec *table, GError **error)
{
  g_autoptr (GPtrArray) known = g_ptr_array_new ();
  const char *near;

  for (; table->key; table++)
    g_ptr_array_add (known, (gpointer) table->key);
  g_ptr_array_add (known, NULL);
  near = sbx_nearest_word (key, (const char *const *) known->pdata);
  if (near)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "unknown option \"%.64s\", did you mean \"%s\"?", key, near);
  return sbx_throw (error, SBX_ERROR_BAD_OPTION, "unknown option \"%.64s\"", key);
}

static gboolean
check_one (const char *key, GVariant *value, const SbxOptionSpec *table, GError **error)
{
  const SbxOptionSpec *row = table;

  while (row->key && strcmp (row->key, key) != 0)
    row++;
  if (!row->key)
    return throw_unknown_key (key, table, error);
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE (row->type)))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\" has type %s, not %s", key,
                      g_variant_get_type_string (value), row->type);
  if (g_variant_get_size (value) > row->max_size)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\" has %zu bytes, at most %zu are allowed", key,
                      g_variant_get_size (value), row->max_size);
  return !row->check || row->check (key, value, error);
}

gboolean
sbx_options_check (GVariant *options, const SbxOptionSpec *table, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GVariantIter iter;
  const char *key;
  GVariant *value;
  gboolean ok = TRUE;

  g_variant_iter_init (&iter, options);
  while (ok && g_variant_iter_next (&iter, "{&sv}", &key, &value)) {
    if (!g_hash_table_add (seen, g_strdup (key)))
      ok = sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%.64s\" is there twice", key);
    else
      ok = check_one (key, value, table, error);
    g_variant_unref (value);
  }
  return ok;
}

static gboolean
check_path (const char *key, GVariant *value, GError **error)
{
  gsize n;
  const char *bytes = g_variant_get_fixed_array (value, &n, 1);

  if (n > 0 && bytes[n - 1] == '\0') /* GLib's bytestrings end in one */
    n--;
  if (n == 0 || bytes[0] != '/')
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\" is not an absolute path", key);
  if (memchr (bytes, '\0', n))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\" has a NUL in its path", key);
  if (n >= PATH_MAX)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\" is a path of more than %d bytes", key, PATH_MAX - 1);
  return TRUE;
}

gboolean
sbx_option_check_app_id (const char *key, GVariant *value, GError **error)
{
  const char *id = g_variant_get_string (value, NULL);
  gsize n = strlen (id);
  gboolean ok = n > 0 && n <= 255 && id[0] != '.' && id[0] != '-' && !strstr (id, "..") && id[n - 1] != '.';

  for (const char *p = id; ok && *p; p++)
    ok = g_ascii_isalnum (*p) || strchr ("._-", *p);
  if (!ok)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION,
                      "option \"%s\": an application id is made of letters, digits, '_', '-' and single '.', like "
                      "org.example.App",
                      key);
  return TRUE;
}

static gboolean
variable_ok (const char *key, const char *name, GError **error)
{
  if (*name == '\0' || strchr (name, '='))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\": \"%.64s\" is not the name of a variable", key, name);
  return TRUE;
}

static gboolean
check_env (const char *key, GVariant *value, GError **error)
{
  GVariantIter iter;
  const char *name;

  g_variant_iter_init (&iter, value);
  while (g_variant_iter_next (&iter, "{&s&s}", &name, NULL))
    if (!variable_ok (key, name, error))
      return FALSE;
  return TRUE;
}

static gboolean
check_env_names (const char *key, GVariant *value, GError **error)
{
  GVariantIter iter;
  const char *name;

  g_variant_iter_init (&iter, value);
  while (g_variant_iter_next (&iter, "&s", &name))
    if (!variable_ok (key, name, error))
      return FALSE;
  return TRUE;
}

/* NAME=value, as the caller's environment has them. */
static gboolean
check_env_pairs (const char *key, GVariant *value, GError **error)
{
  GVariantIter iter;
  const char *pair;

  g_variant_iter_init (&iter, value);
  while (g_variant_iter_next (&iter, "&s", &pair))
    if (*pair == '=' || !strchr (pair, '='))
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\": \"%.64s\" is not NAME=value", key, pair);
  return TRUE;
}

static gboolean
check_fds (const char *key, GVariant *value, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  GVariantIter iter;
  guint32 number;
  gint32 handle;

  if (g_variant_n_children (value) > MAX_FDS)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\" has more than %d descriptors", key, MAX_FDS);
  g_variant_iter_init (&iter, value);
  while (g_variant_iter_next (&iter, "{uh}", &number, &handle)) {
    if (number > MAX_FD_NUMBER)
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\": descriptor number %u is above %d", key, number,
                        MAX_FD_NUMBER);
    if (handle < 0)
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\": a negative handle for number %u", key, number);
    if (!g_hash_table_add (seen, GUINT_TO_POINTER (number + 1)))
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\": number %u is there twice", key, number);
  }
  return TRUE;
}

static gboolean
check_handle (const char *key, GVariant *value, GError **error)
{
  if (g_variant_get_handle (value) < 0)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\": a negative handle", key);
  return TRUE;
}

static gboolean
check_forward (const char *key, GVariant *value, GError **error)
{
  GVariantIter iter;
  gint32 handle;

  if (g_variant_n_children (value) > MAX_FDS)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\" has more than %d files", key, MAX_FDS);
  g_variant_iter_init (&iter, value);
  while (g_variant_iter_next (&iter, "h", &handle))
    if (handle < 0)
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\": a negative handle", key);
  return TRUE;
}

/* Names of files, each in the directory of its handle. */
static gboolean
check_forward_new (const char *key, GVariant *value, GError **error)
{
  if (g_variant_n_children (value) > MAX_FDS)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\" has more than %d files", key, MAX_FDS);
  for (gsize i = 0; i < g_variant_n_children (value); i++) {
    g_autoptr (GVariant) bytes = NULL;
    const char *name;
    gsize n;
    gint32 handle;

    g_variant_get_child (value, i, "(h@ay)", &handle, &bytes);
    name = g_variant_get_fixed_array (bytes, &n, 1);
    if (handle < 0)
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\": a negative handle", key);
    if (n == 0 || n > NAME_MAX || memchr (name, '\0', n) || memchr (name, '/', n)
        || (n <= 2 && memcmp (name, "..", n) == 0))
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\": number %u is no name of a file", key, (guint) i);
  }
  return TRUE;
}

#define ROW(key, type, max_size, check, field)                                                                         \
  {                                                                                                                    \
    key, type, max_size, check, G_STRUCT_OFFSET (SbxOptions, field)                                                    \
  }
#define END                                                                                                            \
  {                                                                                                                    \
    NULL, NULL, 0, NULL, 0                                                                                             \
  }
/* What Launch, Exec and Attach have in common. */
#define PROCESS_ROWS                                                                                                   \
  ROW ("cwd", "ay", 2 * PATH_MAX, check_path, cwd), ROW ("cwd-also", "ay", 2 * PATH_MAX, check_path, cwd_also),        \
      ROW ("cwd-optional", "b", 8, NULL, cwd_optional), ROW ("env", "a{ss}", 64 * 1024 * KIB, check_env, env),         \
      ROW ("unset-env", "as", 1024 * KIB, check_env_names, unset_env),                                                 \
      ROW ("display-env", "as", 2 * 1024 * KIB, check_env_pairs, display_env),                                         \
      ROW ("fds", "a{uh}", 64 * KIB, check_fds, fds), ROW ("tty", "b", 8, NULL, tty),                                  \
      ROW ("lifeline", "h", 8, check_handle, lifeline), ROW ("descriptors", "h", 8, check_handle, descriptors),        \
      ROW ("inherit", "a{sv}", 64 * KIB, sbx_inherited_check, inherit)

const SbxOptionSpec sbx_launch_options[] = {
  PROCESS_ROWS,
  ROW ("app-id", "s", 256, sbx_option_check_app_id, app_id),
  ROW ("policy", "a{sv}", 64 * KIB, NULL, policy), /* as a profile's file; its content: sbx_policy_merge_variant () */
  ROW ("forward", "ah", 64 * KIB, check_forward, forward),
  ROW ("forward-new", "a(hay)", 128 * KIB, check_forward_new, forward_new),
  ROW ("on-crash", "s", 256, NULL, on_crash),
  ROW ("activation-token", "s", 4 * KIB, NULL, activation_token),
  ROW ("join", "b", 8, NULL, join),
  ROW ("learn", "h", 8, check_handle, learn),
  END,
};

const SbxOptionSpec sbx_exec_options[] = {
  PROCESS_ROWS,
  END,
};

const SbxOptionSpec sbx_attach_options[] = {
  PROCESS_ROWS,
  ROW ("app-id", "s", 256, sbx_option_check_app_id, app_id),
  ROW ("policy", "a{sv}", 64 * KIB, NULL, policy),
  ROW ("hold", "b", 8, NULL, hold),
  END,
};

const SbxOptionSpec sbx_procfs_options[] = {
  ROW ("hidepid", "s", 64, NULL, hidepid), /* the words: daemon/bus/instance-methods.c */
  ROW ("subset", "s", 64, NULL, subset),
  { .key = NULL },
};

static gboolean
check_access (const char *key, GVariant *value, GError **error)
{
  static const char *const words[] = { "ro", "rw", "create", NULL };

  return g_strv_contains (words, g_variant_get_string (value, NULL))
         || sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\" is \"%.64s\" and not ro, rw or create", key,
                       g_variant_get_string (value, NULL));
}

static gboolean
check_seconds (const char *key, GVariant *value, GError **error)
{
  guint32 seconds = g_variant_get_uint32 (value);

  return (seconds > 0 && seconds <= SBX_GRANT_MAX_SECONDS)
         || sbx_throw (error, SBX_ERROR_BAD_OPTION, "option \"%s\" is %u, and not from 1 to %u (31 days)", key, seconds,
                       SBX_GRANT_MAX_SECONDS);
}

const SbxOptionSpec sbx_grant_options[] = {
  ROW ("access", "s", 64, check_access, access),
  ROW ("seconds", "u", 8, check_seconds, seconds),
  { .key = NULL },
};

const SbxOptionSpec sbx_grant_network_options[] = {
  ROW ("seconds", "u", 8, check_seconds, seconds),
  { .key = NULL },
};

const SbxOptionSpec sbx_grant_facilities_options[] = {
  ROW ("seconds", "u", 8, check_seconds, seconds),
  ROW ("reconnect", "b", 8, NULL, reconnect),
  { .key = NULL },
};

static void
set_string (gpointer field, GVariant *value)
{
  *(char **) field = g_variant_dup_string (value, NULL);
}

static void
set_bytes (gpointer field, GVariant *value)
{
  gsize n = 0;
  const char *bytes = g_variant_get_fixed_array (value, &n, 1);

  *(char **) field = g_strndup (bytes ? bytes : "", n); /* up to the first NUL: a check refuses one in the middle */
}

static void
set_strings (gpointer field, GVariant *value)
{
  *(char ***) field = g_variant_dup_strv (value, NULL);
}

static void
set_boolean (gpointer field, GVariant *value)
{
  *(gboolean *) field = g_variant_get_boolean (value);
}

static void
set_handle (gpointer field, GVariant *value)
{
  *(gint32 *) field = g_variant_get_handle (value);
}

static void
set_variant (gpointer field, GVariant *value)
{
  *(GVariant **) field = g_variant_ref (value);
}

static void
clear_string (gpointer field)
{
  g_clear_pointer ((char **) field, g_free);
}

static void
clear_strings (gpointer field)
{
  g_clear_pointer ((char ***) field, g_strfreev);
}

static void
clear_boolean (gpointer field)
{
  *(gboolean *) field = FALSE;
}

static void
clear_handle (gpointer field)
{
  *(gint32 *) field = -1;
}

static void
clear_variant (gpointer field)
{
  g_clear_pointer ((GVariant **) field, g_variant_unref);
}

typedef struct {
  const char *type; /* NULL: any other */
  void (*set) (gpointer field, GVariant *value);
  void (*clear) (gpointer field);
} FieldType;

static const FieldType *
type_of (const SbxOptionSpec *row)
{
  static const FieldType types[] = {
    { "s", set_string, clear_string },   { "ay", set_bytes, clear_string }, { "as", set_strings, clear_strings },
    { "b", set_boolean, clear_boolean }, { "h", set_handle, clear_handle }, { NULL, set_variant, clear_variant },
  };
  const FieldType *type = types;

  while (type->type && strcmp (type->type, row->type) != 0)
    type++;
  return type;
}

void
sbx_options_clear (SbxOptions *self)
{
  const SbxOptionSpec *const tables[] = { sbx_launch_options,          sbx_exec_options,  sbx_attach_options,
                                          sbx_procfs_options,          sbx_grant_options, sbx_grant_network_options,
                                          sbx_grant_facilities_options };

  for (gsize i = 0; i < G_N_ELEMENTS (tables); i++)
    for (const SbxOptionSpec *row = tables[i]; row->key; row++)
      type_of (row)->clear (G_STRUCT_MEMBER_P (self, row->field));
}

gboolean
sbx_options_read (GVariant *options, const SbxOptionSpec *table, SbxOptions *into, GError **error)
{
  *into = (SbxOptions){ 0 };
  sbx_options_clear (into); /* which says "not said" of every field */
  if (!sbx_options_check (options, table, error))
    return FALSE;
  for (const SbxOptionSpec *row = table; row->key; row++) {
    g_autoptr (GVariant) value = g_variant_lookup_value (options, row->key, G_VARIANT_TYPE (row->type));

    if (value)
      type_of (row)->set (G_STRUCT_MEMBER_P (into, row->field), value);
  }
  return TRUE;
}
