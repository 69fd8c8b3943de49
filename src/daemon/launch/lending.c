/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/lending.h"

#include <time.h>

#include "common/error.h"
#include "daemon/launch/narrowing.h"

guint64
sbx_lending_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_BOOTTIME, &now);
  return (guint64) now.tv_sec * G_USEC_PER_SEC + (guint64) now.tv_nsec / 1000;
}

void
sbx_lending_add_deadline (GVariantBuilder *row, guint32 seconds)
{
  guint64 lasts = (guint64) seconds * G_USEC_PER_SEC;

  if (seconds == 0)
    return;
  g_variant_builder_add (row, "{sv}", "until", g_variant_new_uint64 ((guint64) g_get_real_time () + lasts));
  g_variant_builder_add (row, "{sv}", "deadline", g_variant_new_uint64 (sbx_lending_now () + lasts));
}

static gsize
count (const SbxInfo *info)
{
  return info->grants ? g_variant_n_children (info->grants) : 0;
}

/* The deadline of @row; 0: it has none, or has ended. */
static guint64
deadline_of (GVariant *row)
{
  guint64 deadline = 0, ended = 0;

  return !g_variant_lookup (row, "ended", "t", &ended) && g_variant_lookup (row, "deadline", "t", &deadline) ? deadline
                                                                                                             : 0;
}

static gboolean
has_ended (GVariant *row)
{
  guint64 ended;

  return g_variant_lookup (row, "ended", "t", &ended);
}

guint64
sbx_lending_next (const SbxInfo *info)
{
  guint64 next = 0;

  for (gsize i = 0; i < count (info); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (info->grants, i);
    guint64 deadline = deadline_of (row);

    if (deadline > 0 && (next == 0 || deadline < next))
      next = deadline;
  }
  return next;
}

/* Adds the destinations that @row has given to @policy, which is taken. */
static SbxPolicy *
add_network (SbxPolicy *policy, GVariant *row)
{
  g_autofree const char **where = NULL;
  SbxPolicy *more;

  if (!g_variant_lookup (row, "network", "^a&s", &where))
    return policy;
  more = sbx_policy_with_allowed (policy, where, NULL);
  if (!more)
    return policy;
  sbx_policy_unref (policy);
  return more;
}

/* Adds the facilities that @row has given to @policy, which is taken. */
static SbxPolicy *
add_facilities (SbxPolicy *policy, const SbxHost *host, GVariant *row)
{
  g_autoptr (GVariant) groups = g_variant_lookup_value (row, "facilities", G_VARIANT_TYPE_VARDICT);
  g_autoptr (SbxPolicy) nothing = sbx_policy_new ();
  g_autoptr (SbxPolicy) given = groups ? sbx_policy_merge_variant (nothing, groups, &host->places, NULL) : NULL;
  SbxPolicy *more;

  if (!given)
    return policy;
  more = sbx_policy_with_more (policy, given);
  sbx_policy_unref (policy);
  return more;
}

/* Adds what @row has given to @policy, which is taken. */
static SbxPolicy *
add_row (SbxPolicy *policy, const SbxHost *host, GVariant *row)
{
  static const char *const words[] = { "none", "ro", "rw", "create" };
  g_autoptr (GVariant) files = g_variant_lookup_value (row, "filesystems", G_VARIANT_TYPE ("a{ss}"));
  GVariantIter iter;
  const char *path, *word;

  if (!files)
    return add_facilities (add_network (policy, row), host, row);
  g_variant_iter_init (&iter, files);
  while (g_variant_iter_next (&iter, "{&s&s}", &path, &word))
    for (gsize access = SBX_ACCESS_RO; access < G_N_ELEMENTS (words); access++)
      if (g_str_equal (words[access], word) && g_path_is_absolute (path)
          && sbx_policy_get_access (policy, path) < (SbxAccess) access) {
        SbxPolicy *more = sbx_policy_with_path (policy, path, (SbxAccess) access);

        sbx_policy_unref (policy);
        policy = more;
      }
  return policy;
}

SbxPolicy *
sbx_lending_most (SbxHost *host, const SbxInfo *info, guint64 due, GError **error)
{
  g_autoptr (SbxPolicy) nothing = sbx_policy_new ();
  SbxPolicy *policy = sbx_policy_merge_variant (nothing, info->base ? info->base : info->policy, &host->places, error);

  for (gsize i = 0; policy && i < count (info); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (info->grants, i);
    guint64 deadline = deadline_of (row);

    if (!has_ended (row) && (deadline == 0 || deadline > due))
      policy = add_row (policy, host, row);
  }
  return policy;
}

gboolean
sbx_lending_is_lent (SbxHost *host, const SbxInfo *info, const char *path, SbxAccess access)
{
  g_autoptr (SbxPolicy) most = sbx_lending_next (info) ? sbx_lending_most (host, info, G_MAXUINT64, NULL) : NULL;

  return most && sbx_policy_get_access (most, path) < access;
}

static GVariant *
end_row (GVariant *row)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, row);
  g_variant_dict_insert (&dict, "ended", "t", (guint64) g_get_real_time ());
  return g_variant_dict_end (&dict);
}

GVariant *
sbx_lending_end (const SbxInfo *info, guint64 due)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < count (info); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (info->grants, i);
    guint64 deadline = deadline_of (row);

    g_variant_builder_add_value (&builder, deadline > 0 && deadline <= due ? end_row (row) : row);
  }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

gboolean
sbx_lending_check (SbxHost *host, const SbxInfo *info, GError **error)
{
  for (gsize i = 0; i < count (info); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (info->grants, i);
    guint64 deadline = deadline_of (row);
    g_autoptr (SbxPolicy) most = deadline > 0 ? sbx_lending_most (host, info, deadline, error) : NULL;
    g_autoptr (SbxNarrowingPlan) plan =
        most ? sbx_narrowing_plan_new_below (host, info, most, SBX_NARROWING_INSIDE, error) : NULL;

    if (deadline > 0 && !plan) {
      g_prefix_error (error, "what is granted for a time has to end, and this could not: ");
      return FALSE;
    }
  }
  return TRUE;
}
