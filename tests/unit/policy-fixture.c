/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy-fixture.h"

#include "policy/score.h"

const SbxPlaces policy_places = { .home = "/home/u" };

SbxPolicy *
policy_of (const char *group, const char *key, const char *value, GError **error)
{
  g_autoptr (SbxPolicy) empty = sbx_policy_new ();
  GVariantBuilder dict, keys;
  g_autoptr (GVariant) groups = NULL;

  g_variant_builder_init (&dict, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_init (&keys, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&keys, "{ss}", key, value);
  g_variant_builder_add (&dict, "{sv}", group, g_variant_builder_end (&keys));
  groups = g_variant_ref_sink (g_variant_builder_end (&dict));
  return sbx_policy_merge_variant (empty, groups, &policy_places, error);
}

SbxPolicy *
policy_from_text (const char *text)
{
  g_autoptr (SbxPolicy) empty = sbx_policy_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) groups = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);
  SbxPolicy *policy;

  g_assert_no_error (error);
  policy = sbx_policy_merge_variant (empty, groups, &policy_places, &error);
  g_assert_no_error (error);
  return policy;
}

gboolean
policy_has_row (const GArray *open, const char *id)
{
  for (guint i = 0; i < open->len; i++)
    if (g_str_equal (g_array_index (open, SbxScoreRow, i).id, id))
      return TRUE;
  return FALSE;
}
