/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/info.h"

#include <string.h>

#include "common/error.h"

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
  g_strfreev (info->warnings);
  g_free (info->limits);
  g_free (info->on_crash);
  g_strfreev (info->display);
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

GBytes *
sbx_info_write (const SbxInfo *info)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *command = g_variant_print (info->command, TRUE);
  g_autofree char *policy = g_variant_print (info->policy, TRUE);
  char id[SBX_ID_SIZE];
  gsize size;
  char *text;

  sbx_id_format (info->id, id);
  g_key_file_set_string (file, INFO_GROUP, "Id", id);
  if (info->parent != 0) {
    sbx_id_format (info->parent, id);
    g_key_file_set_string (file, INFO_GROUP, "Parent", id);
    if (info->nested)
      g_key_file_set_string (file, INFO_GROUP, "Nested", "true");
  }
  g_key_file_set_string (file, INFO_GROUP, "AppId", info->app_id);
  g_key_file_set_string (file, INFO_GROUP, "Profile", info->profile);
  g_key_file_set_string (file, INFO_GROUP, "Command", command);
  g_key_file_set_string (file, INFO_GROUP, "Policy", policy);
  g_key_file_set_string_list (file, INFO_GROUP, "Warnings", (const char *const *) info->warnings,
                              g_strv_length (info->warnings));
  g_key_file_set_string (file, INFO_GROUP, "Limits", info->limits);
  if (info->on_crash && info->on_crash[0])
    g_key_file_set_string (file, INFO_GROUP, "OnCrash", info->on_crash);
  if (info->display)
    g_key_file_set_string_list (file, INFO_GROUP, "Display", (const char *const *) info->display,
                                g_strv_length (info->display));
  text = g_key_file_to_data (file, &size, NULL);
  return g_bytes_new_take (text, size);
}

/* For a backslash at the end after another bad escape GLib sets its error twice, with a warning. */
static gboolean
check_end (GKeyFile *file, const char *key, GError **error)
{
  g_autofree char *value = g_key_file_get_value (file, INFO_GROUP, key, error);
  gsize n = 0;

  if (!value)
    return FALSE;
  for (gsize i = strlen (value); i > 0 && value[i - 1] == '\\'; i--)
    n++;
  return n % 2 == 0 || sbx_throw (error, SBX_ERROR_BAD_OPTION, "%s ends in a backslash", key);
}

/* GLib returns what it has of a value with a bad escape, and sets the error as well. */
static char *
read_string (GKeyFile *file, const char *key, GError **error)
{
  GError *problem = NULL;
  g_autofree char *text =
      check_end (file, key, &problem) ? g_key_file_get_string (file, INFO_GROUP, key, &problem) : NULL;

  if (!problem)
    return g_steal_pointer (&text);
  g_propagate_error (error, problem);
  return NULL;
}

/* "" when it is not there. */
static char *
read_optional (GKeyFile *file, const char *key, GError **error)
{
  return g_key_file_has_key (file, INFO_GROUP, key, NULL) ? read_string (file, key, error) : g_strdup ("");
}

static GVariant *
read_variant (GKeyFile *file, const char *key, const char *type, GError **error)
{
  g_autofree char *text = read_string (file, key, error);

  return text ? g_variant_parse (G_VARIANT_TYPE (type), text, NULL, NULL, error) : NULL;
}

static char **
read_list (GKeyFile *file, const char *key, GError **error)
{
  GError *problem = NULL;
  g_auto (GStrv) list =
      check_end (file, key, &problem) ? g_key_file_get_string_list (file, INFO_GROUP, key, NULL, &problem) : NULL;

  if (!problem)
    return g_steal_pointer (&list);
  g_propagate_error (error, problem);
  return NULL;
}

static gboolean
read_parent (GKeyFile *file, SbxInfo *info, GError **error)
{
  g_autofree char *parent = NULL;

  if (!g_key_file_has_key (file, INFO_GROUP, "Parent", NULL))
    return TRUE;
  parent = read_string (file, "Parent", error);
  return parent && (sbx_id_parse (parent, &info->parent) || sbx_throw (error, SBX_ERROR_BAD_OPTION, "Parent is no id"));
}

static gboolean
read_nested (GKeyFile *file, SbxInfo *info, GError **error)
{
  g_autofree char *nested = read_optional (file, "Nested", error);

  if (!nested)
    return FALSE;
  info->nested = g_str_equal (nested, "true");
  return (nested[0] == '\0' || (info->nested && info->parent != 0))
         || sbx_throw (error, SBX_ERROR_BAD_OPTION, "Nested is not \"true\" with a Parent");
}

/* TRUE without one. */
static gboolean
read_display (GKeyFile *file, SbxInfo *info, GError **error)
{
  return !g_key_file_has_key (file, INFO_GROUP, "Display", NULL)
         || (info->display = read_list (file, "Display", error)) != NULL;
}

static gboolean
read_info (GKeyFile *file, SbxInfo *info, GError **error)
{
  g_autofree char *id = read_string (file, "Id", error);
  guint64 value;

  if (!id)
    return FALSE;
  if (!sbx_id_parse (id, &value) || value != info->id)
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "Id is of another instance");
  return read_parent (file, info, error) && read_nested (file, info, error)
         && (info->app_id = read_string (file, "AppId", error)) != NULL
         && (info->profile = read_string (file, "Profile", error)) != NULL
         && (info->command = read_variant (file, "Command", "aay", error)) != NULL
         && (info->policy = read_variant (file, "Policy", "a{sv}", error)) != NULL
         && (info->warnings = read_list (file, "Warnings", error)) != NULL
         && (info->limits = read_string (file, "Limits", error)) != NULL
         && (info->on_crash = read_optional (file, "OnCrash", error)) != NULL && read_display (file, info, error);
}

SbxInfo *
sbx_info_parse (const char *text, gsize size, guint64 id, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (SbxInfo) info = g_new0 (SbxInfo, 1);
  g_autoptr (GError) problem = NULL;

  info->id = id;
  if (size > 0 && g_key_file_load_from_data (file, text, size, G_KEY_FILE_NONE, &problem)
      && read_info (file, info, &problem))
    return g_steal_pointer (&info);
  sbx_throw (error, SBX_ERROR_BAD_OPTION, "info file: %s", problem ? problem->message : "empty");
  return NULL;
}
