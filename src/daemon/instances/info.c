/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/info.h"

#include "common/error.h"
#include "common/key-file.h"
#include "plan/plan.h"

#define INFO_GROUP "Instance"

gboolean
sbx_id_parse (const char *text, guint64 *id)
{
  guint64 value = 0;

  for (gsize i = 0; i < SBX_ID_SIZE - 1; i++) {
    if (!g_ascii_isxdigit (text[i]) || g_ascii_isupper (text[i]))
      return FALSE;
    value = value << 4 | (guint64) g_ascii_xdigit_value (text[i]);
  }
  if (text[SBX_ID_SIZE - 1] != '\0' || value == 0)
    return FALSE;
  *id = value;
  return TRUE;
}

void
sbx_id_format (guint64 id, char text[SBX_ID_SIZE])
{
  g_snprintf (text, SBX_ID_SIZE, "%016" G_GINT64_MODIFIER "x", id);
}

void
sbx_info_free (SbxInfo *info)
{
  g_free (info->app_id);
  g_free (info->profile);
  g_clear_pointer (&info->command, g_variant_unref);
  g_clear_pointer (&info->policy, g_variant_unref);
  g_clear_pointer (&info->restrictions, g_variant_unref);
  g_clear_pointer (&info->grants, g_variant_unref);
  g_clear_pointer (&info->base, g_variant_unref);
  g_clear_pointer (&info->files, g_variant_unref);
  g_strfreev (info->warnings);
  g_free (info->limits);
  g_free (info->on_crash);
  g_strfreev (info->display);
  g_clear_pointer (&info->offers, sbx_offers_unref);
  g_free (info);
}

SbxInfo *
sbx_info_new (guint64 id)
{
  SbxInfo *info = g_new0 (SbxInfo, 1);

  info->id = id;
  info->app_id = g_strdup ("");
  info->profile = g_strdup ("");
  info->command = g_variant_ref_sink (g_variant_new_bytestring_array (NULL, 0));
  info->policy = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  info->warnings = g_new0 (char *, 1);
  info->limits = g_strdup ("none");
  info->on_crash = g_strdup ("");
  return info;
}

void
sbx_info_set_limits (SbxInfo *info, const char *limits, const char *warning)
{
  g_autoptr (GStrvBuilder) warnings = g_strv_builder_new ();

  for (guint i = 0; info->warnings[i]; i++)
    if (!limits || !g_str_equal (info->warnings[i], SBX_PLAN_CPU_WARNING))
      g_strv_builder_add (warnings, info->warnings[i]);
  if (warning)
    g_strv_builder_add (warnings, warning);
  g_strfreev (info->warnings);
  info->warnings = g_strv_builder_end (warnings);
  if (limits) {
    g_free (info->limits);
    info->limits = g_strdup (limits);
  }
}

static void
take_variant (GVariant **at, GVariant *value)
{
  g_clear_pointer (at, g_variant_unref);
  *at = value ? g_variant_ref (value) : NULL;
}

void
sbx_info_take_changes (SbxInfo *info, const SbxInfo *now)
{
  take_variant (&info->policy, now->policy);
  take_variant (&info->restrictions, now->restrictions);
  take_variant (&info->grants, now->grants);
  take_variant (&info->base, now->base);
  take_variant (&info->files, now->files);
}

static void
append_variant (GString *text, const char *key, GVariant *value)
{
  g_autofree char *printed = value ? g_variant_print (value, TRUE) : NULL;

  if (printed)
    sbx_key_file_append (text, key, printed);
}

GBytes *
sbx_info_write (const SbxInfo *info)
{
  GString *text = g_string_new ("[" INFO_GROUP "]\n");
  g_autofree char *command = g_variant_print (info->command, TRUE);
  g_autofree char *policy = g_variant_print (info->policy, TRUE);
  char id[SBX_ID_SIZE];

  sbx_id_format (info->id, id);
  sbx_key_file_append (text, "Id", id);
  if (info->parent != 0) {
    sbx_id_format (info->parent, id);
    sbx_key_file_append (text, "Parent", id);
    if (info->nested)
      sbx_key_file_append (text, "Nested", "true");
  }
  sbx_key_file_append (text, "AppId", info->app_id);
  sbx_key_file_append (text, "Profile", info->profile);
  sbx_key_file_append (text, "Command", command);
  sbx_key_file_append (text, "Policy", policy);
  sbx_key_file_append_list (text, "Warnings", (const char *const *) info->warnings);
  sbx_key_file_append (text, "Limits", info->limits);
  if (info->on_crash && info->on_crash[0])
    sbx_key_file_append (text, "OnCrash", info->on_crash);
  append_variant (text, "Restrictions", info->restrictions);
  append_variant (text, "Grants", info->grants);
  append_variant (text, "Base", info->base);
  append_variant (text, "Files", info->files);
  if (info->display)
    sbx_key_file_append_list (text, "Display", (const char *const *) info->display);
  if (info->offers) {
    g_autoptr (GVariant) rows = g_variant_ref_sink (sbx_offers_to_variant (info->offers));
    g_autofree char *offers = g_variant_print (rows, TRUE);

    sbx_key_file_append (text, "Offers", offers);
  }
  return g_string_free_to_bytes (text);
}

static gboolean
read_id (SbxInfo *info, const char *value, GError **error)
{
  guint64 id;

  return (sbx_id_parse (value, &id) && id == info->id)
         || sbx_throw (error, SBX_ERROR_BAD_OPTION, "Id is of another instance");
}

static gboolean
read_parent (SbxInfo *info, const char *value, GError **error)
{
  return sbx_id_parse (value, &info->parent) || sbx_throw (error, SBX_ERROR_BAD_OPTION, "Parent is no id");
}

static gboolean
read_nested (SbxInfo *info, const char *value, GError **error)
{
  info->nested = g_str_equal (value, "true");
  return info->nested || sbx_throw (error, SBX_ERROR_BAD_OPTION, "Nested is not \"true\"");
}

static gboolean
read_offers (SbxInfo *info, const char *value, GError **error)
{
  g_autofree char *text = sbx_key_file_unescape (value);
  g_autoptr (GVariant) rows = g_variant_parse (G_VARIANT_TYPE (SBX_OFFERS_TYPE), text, NULL, NULL, error);

  info->offers = rows ? sbx_offers_from_variant (rows, error) : NULL;
  return info->offers != NULL;
}

/* One key: it is read by a function, or it is text, a list or a variant at @offset of SbxInfo. */
typedef struct {
  const char *name;
  gboolean optional;
  gsize offset;
  gboolean (*read) (SbxInfo *info, const char *value, GError **error);
  enum { TEXT, LIST, VARIANT } form;
  const char *type; /* of a variant */
} Key;

static const Key keys[] = {
  { "Id", FALSE, 0, read_id },
  { "Parent", TRUE, 0, read_parent },
  { "Nested", TRUE, 0, read_nested },
  { "AppId", FALSE, G_STRUCT_OFFSET (SbxInfo, app_id) },
  { "Profile", FALSE, G_STRUCT_OFFSET (SbxInfo, profile) },
  { "Command", FALSE, G_STRUCT_OFFSET (SbxInfo, command), NULL, VARIANT, "aay" },
  { "Policy", FALSE, G_STRUCT_OFFSET (SbxInfo, policy), NULL, VARIANT, "a{sv}" },
  { "Warnings", FALSE, G_STRUCT_OFFSET (SbxInfo, warnings), NULL, LIST },
  { "Limits", FALSE, G_STRUCT_OFFSET (SbxInfo, limits) },
  { "OnCrash", TRUE, G_STRUCT_OFFSET (SbxInfo, on_crash) },
  { "Restrictions", TRUE, G_STRUCT_OFFSET (SbxInfo, restrictions), NULL, VARIANT, "aa{sv}" },
  { "Grants", TRUE, G_STRUCT_OFFSET (SbxInfo, grants), NULL, VARIANT, "aa{sv}" },
  { "Base", TRUE, G_STRUCT_OFFSET (SbxInfo, base), NULL, VARIANT, "a{sv}" },
  { "Files", TRUE, G_STRUCT_OFFSET (SbxInfo, files), NULL, VARIANT, SBX_INFO_FILES },
  { "Display", TRUE, G_STRUCT_OFFSET (SbxInfo, display), NULL, LIST },
  { "Offers", TRUE, 0, read_offers },
};

typedef struct {
  SbxInfo *info;
  gboolean seen[G_N_ELEMENTS (keys)];
} Reading;

static gboolean
read_value (SbxInfo *info, const Key *key, const char *value, GError **error)
{
  g_autofree char *text = NULL;

  if (key->read)
    return key->read (info, value, error);
  switch (key->form) {
  case TEXT:
    G_STRUCT_MEMBER (char *, info, key->offset) = sbx_key_file_unescape (value);
    return TRUE;
  case LIST:
    G_STRUCT_MEMBER (char **, info, key->offset) = sbx_key_file_split (value);
    return TRUE;
  case VARIANT:
    text = sbx_key_file_unescape (value);
    G_STRUCT_MEMBER (GVariant *, info, key->offset) =
        g_variant_parse (G_VARIANT_TYPE (key->type), text, NULL, NULL, error);
    return G_STRUCT_MEMBER (GVariant *, info, key->offset) != NULL;
  }
  return FALSE;
}

static gboolean
visit (const SbxKeyFileEntry *entry, gpointer data, GError **error)
{
  Reading *reading = data;

  if (!g_str_equal (entry->group, INFO_GROUP))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "unknown group [%s]", entry->group);
  if (!entry->key)
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (g_str_equal (keys[i].name, entry->key)) {
      reading->seen[i] = TRUE;
      return read_value (reading->info, &keys[i], entry->value, error);
    }
  return sbx_throw (error, SBX_ERROR_BAD_OPTION, "unknown key \"%s\"", entry->key);
}

static gboolean
check_whole (const Reading *reading, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (!reading->seen[i] && !keys[i].optional)
      return sbx_throw (error, SBX_ERROR_BAD_OPTION, "info file: %s is missing", keys[i].name);
  return !reading->info->nested || reading->info->parent != 0
         || sbx_throw (error, SBX_ERROR_BAD_OPTION, "info file: Nested without a Parent");
}

SbxInfo *
sbx_info_parse (const char *text, gsize size, guint64 id, GError **error)
{
  static const SbxKeyFileKind kind = { "info file", SBX_ERROR_BAD_OPTION, SBX_INFO_MAX, FALSE };
  g_autoptr (SbxInfo) info = g_new0 (SbxInfo, 1);
  Reading reading = { .info = info };

  info->id = id;
  if (!sbx_key_file_parse (&kind, text, size, "info file", visit, &reading, error) || !check_whole (&reading, error))
    return NULL;
  if (!info->on_crash)
    info->on_crash = g_strdup ("");
  return g_steal_pointer (&info);
}
