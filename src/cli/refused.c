/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/refused.h"

#include "policy/portals.h"
#include "policy/score.h"
#include "policy/to-allow.h"

void
sbx_refused_visit (GVariant *refused, SbxRefusalVisit visit, gpointer data)
{
  SbxRefusal row = { 0 };
  GVariantIter iter;

  g_variant_iter_init (&iter, refused);
  while (g_variant_iter_next (&iter, "(&s&s&su)", &row.name, &row.member, &row.need, &row.count)) {
    row.allow = sbx_name_to_allow (row.name, row.member);
    visit (&row, data);
    g_clear_pointer (&row.allow, g_free);
  }
}

gboolean
sbx_refused_is_filtered (GVariant *policy, const char *bus)
{
  g_autofree char *group = g_strconcat (bus, " Bus Policy", NULL);
  g_autoptr (GVariant) rules = policy ? g_variant_lookup_value (policy, group, NULL) : NULL;

  return rules && g_variant_n_children (rules) > 0;
}

const char *
sbx_refused_risk (const char *name)
{
  const char *why = sbx_score_name_risk (name);

  return why || !sbx_portal_find (name) || !sbx_portal_is_apart (name) ? why : N_ ("acts outside of the sandbox");
}

/* Takes @hint, which would allow @name, and says with it what that would open besides. */
static char *
mark_way_out (char *hint, const char *name)
{
  g_autofree char *plain = hint;
  const char *why = sbx_refused_risk (name);

  if (!why)
    return g_steal_pointer (&plain);
  /* TRANSLATORS: "x=talk would allow it, but is a way out of the sandbox: an application that has it can ..." */
  return g_strdup_printf (_ ("%s, but is a way out of the sandbox: an application that has it %s"), plain, _ (why));
}

char *
sbx_refused_rule (GVariant *policy, const char *name, const char *need)
{
  gboolean session = sbx_refused_is_filtered (policy, "Session"), system = sbx_refused_is_filtered (policy, "System");

  if (session && system)
    return mark_way_out (
        g_strdup_printf (
            _ ("%s=%s below [Session Bus Policy] or [System Bus Policy], by the bus that it is on, would allow it"),
            name, need),
        name);
  return mark_way_out (g_strdup_printf (_ ("%s=%s below [%s Bus Policy] in the profile would allow it"), name, need,
                                        system ? "System" : "Session"),
                       name);
}

char *
sbx_refused_option (GVariant *policy, const char *name, const char *need)
{
  gboolean session = sbx_refused_is_filtered (policy, "Session"), system = sbx_refused_is_filtered (policy, "System");

  if (session && system)
    return mark_way_out (g_strdup_printf (_ ("--%s-name=%s, or --system-%s-name=%s on the system bus, would allow it"),
                                          need, name, need, name),
                         name);
  return mark_way_out (g_strdup_printf (_ ("--%s%s-name=%s would allow it"), system ? "system-" : "", need, name),
                       name);
}

guint64
sbx_refused_count (GVariant *properties)
{
  g_autoptr (GVariant) refused = g_variant_lookup_value (properties, "Refused", G_VARIANT_TYPE ("a(sssu)"));
  guint64 sum = 0;
  guint32 count;
  GVariantIter iter;

  if (!refused)
    return 0;
  g_variant_iter_init (&iter, refused);
  while (g_variant_iter_next (&iter, "(&s&s&su)", NULL, NULL, NULL, &count))
    sum += count;
  count = 0;
  g_variant_lookup (properties, "RefusedMore", "u", &count);
  return sum + count;
}
