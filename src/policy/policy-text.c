/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policies as text and as a{sv}: group → a{ss}, in the same words. */
#include <string.h>

#include "common/error.h"
#include "policy/policy-private.h"

typedef struct {
  GVariantBuilder groups;
  GVariantBuilder keys;
  const char *group;
} VariantWriter;

static void
end_group (VariantWriter *writer)
{
  if (writer->group)
    g_variant_builder_add (&writer->groups, "{sv}", writer->group, g_variant_builder_end (&writer->keys));
}

static void
add_to_variant (const SbxFacility *row, const char *key, const char *value, gpointer data)
{
  VariantWriter *writer = data;

  if (g_strcmp0 (writer->group, row->group) != 0) {
    end_group (writer);
    writer->group = row->group;
    g_variant_builder_init (&writer->keys, G_VARIANT_TYPE ("a{ss}"));
  }
  g_variant_builder_add (&writer->keys, "{ss}", key, value);
}

GVariant *
sbx_policy_to_variant (const SbxPolicy *policy)
{
  VariantWriter writer = { .group = NULL };

  g_variant_builder_init (&writer.groups, G_VARIANT_TYPE_VARDICT);
  sbx_facility_format (policy, add_to_variant, &writer);
  end_group (&writer);
  return g_variant_builder_end (&writer.groups);
}

typedef struct {
  GString *text;
  const char *group;
} FileWriter;

/* A variable's value may hold what a line cannot: newlines, tabs, spaces at its ends (GKeyFile's escapes). */
static void
append_value (GString *text, const SbxFacility *row, const char *value)
{
  if (row->kind != SBX_KIND_PAIRS || row->key) {
    g_string_append (text, value);
    return;
  }
  for (const char *p = value; *p; p++) {
    const char *const special = "\n\t\r\\ ";
    const char *found = strchr (special, *p);

    if (found && (*p != ' ' || p == value || p[1] == '\0'))
      g_string_append_printf (text, "\\%c", "ntr\\s"[found - special]);
    else
      g_string_append_c (text, *p);
  }
}

static void
add_to_file (const SbxFacility *row, const char *key, const char *value, gpointer data)
{
  FileWriter *writer = data;

  if (g_strcmp0 (writer->group, row->group) != 0)
    g_string_append_printf (writer->text, "%s[%s]\n", writer->group ? "\n" : "", row->group);
  writer->group = row->group;
  g_string_append_printf (writer->text, "%s=", key);
  append_value (writer->text, row, value);
  g_string_append_c (writer->text, '\n');
}

char *
sbx_policy_to_key_file (const SbxPolicy *policy)
{
  FileWriter writer = { g_string_new (NULL), NULL };

  sbx_facility_format (policy, add_to_file, &writer);
  return g_string_free (writer.text, FALSE);
}

static gboolean
merge_group (SbxPolicy *policy, const char *group, GVariant *keys, const SbxPlaces *places, GError **error)
{
  GVariantIter iter;
  const char *key, *value;

  if (!g_variant_is_of_type (keys, G_VARIANT_TYPE ("a{ss}")))
    return sbx_throw (error, SBX_ERROR_BAD_OPTION, "policy: group \"%s\" has type %s, not a{ss}", group,
                      g_variant_get_type_string (keys));
  if (!sbx_facility_check_group (group, error)) {
    g_prefix_error (error, "policy: ");
    return FALSE;
  }
  g_variant_iter_init (&iter, keys);
  while (g_variant_iter_next (&iter, "{&s&s}", &key, &value)) {
    const SbxFacility *row = sbx_facility_find (group, key, error);

    if (!row || !sbx_facility_apply (policy, row, key, value, places, error)) {
      g_prefix_error (error, "policy: [%s] %s: ", group, key);
      return FALSE;
    }
  }
  return TRUE;
}

SbxPolicy *
sbx_policy_merge_variant (const SbxPolicy *base, GVariant *groups, const SbxPlaces *places, GError **error)
{
  g_autoptr (SbxPolicy) policy = sbx_policy_thaw (base);
  GVariantIter iter;
  const char *group;
  GVariant *keys;

  g_variant_iter_init (&iter, groups);
  while (g_variant_iter_next (&iter, "{&sv}", &group, &keys)) {
    gboolean ok = merge_group (policy, group, keys, places, error);

    g_variant_unref (keys);
    if (!ok)
      return NULL;
  }
  return sbx_policy_freeze (g_steal_pointer (&policy));
}
