/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policies compared, met and joined. */
#include <string.h>

#include "policy/policy-private.h"

/* What is denied allows less; "*" is everything. */
static GPtrArray *
combine_denied (const GPtrArray *a, const GPtrArray *b, gboolean least)
{
  if (!least && a->len > 0 && strcmp (a->pdata[0], "*") == 0)
    return sbx_strings_copy (b);
  if (!least && b->len > 0 && strcmp (b->pdata[0], "*") == 0)
    return sbx_strings_copy (a);
  return sbx_strings_combine (a, b, !least);
}

/* a op b, facility by facility: everything is a product of small lattices. */
static SbxPolicy *
combine (const SbxPolicy *a, const SbxPolicy *b, gboolean least)
{
  SbxPolicy *result = sbx_policy_allocate ();

  for (guint i = 0; i < SBX_N_FLAGS; i++)
    result->flags[i] = least ? a->flags[i] & b->flags[i] : a->flags[i] | b->flags[i];
  for (guint i = 0; i < SBX_N_LEVELS; i++)
    result->levels[i] = least ? MIN (a->levels[i], b->levels[i]) : MAX (a->levels[i], b->levels[i]);
  for (guint i = 0; i < SBX_N_LIMITS; i++)
    result->limits[i] = least ? MIN (a->limits[i], b->limits[i]) : MAX (a->limits[i], b->limits[i]);
  for (guint i = 0; i < SBX_N_PATHS; i++) {
    g_array_unref (result->paths[i]);
    result->paths[i] = sbx_paths_combine (a->paths[i], b->paths[i], i, least);
  }
  g_array_unref (result->attached);
  result->attached = sbx_attached_combine (a->attached, b->attached, least);
  for (guint i = 0; i < SBX_N_BUSES; i++) {
    g_array_unref (result->bus[i]);
    result->bus[i] = sbx_names_combine (a->bus[i], b->bus[i], least);
  }
  for (guint i = 0; i < SBX_N_PORTS; i++) {
    sbx_ports_combine (&result->ports[i], &a->ports[i], &b->ports[i], least);
    result->ports_named[i] = TRUE;
  }
  for (guint i = 0; i < SBX_N_TO; i++) {
    g_array_unref (result->to[i]);
    result->to[i] = sbx_destinations_combine (a->to[i], b->to[i], least == (i == SBX_TO_ALLOW));
  }
  g_array_unref (result->published);
  result->published = sbx_published_combine (a->published, b->published, least);
  result->allow_named = TRUE;
  g_ptr_array_unref (result->calls[SBX_CALLS_ALLOW]);
  result->calls[SBX_CALLS_ALLOW] = sbx_strings_combine (a->calls[SBX_CALLS_ALLOW], b->calls[SBX_CALLS_ALLOW], least);
  g_ptr_array_unref (result->calls[SBX_CALLS_DENY]);
  result->calls[SBX_CALLS_DENY] = combine_denied (a->calls[SBX_CALLS_DENY], b->calls[SBX_CALLS_DENY], least);
  g_ptr_array_unref (result->environment);
  result->environment = sbx_pairs_combine (a->environment, b->environment, least);
  return sbx_policy_freeze (result);
}

SbxPolicy *
sbx_policy_with_mounts (const SbxPolicy *base, const SbxPolicy *from)
{
  SbxPolicy *result = sbx_policy_thaw (base);

  g_array_unref (result->paths[SBX_PATHS_FILES]);
  result->paths[SBX_PATHS_FILES] = sbx_paths_copy (from->paths[SBX_PATHS_FILES]);
  g_array_unref (result->attached);
  result->attached = sbx_attached_copy (from->attached);
  result->flags[SBX_FLAGS_SOCKETS] = from->flags[SBX_FLAGS_SOCKETS];
  return sbx_policy_freeze (result);
}

SbxPolicy *
sbx_policy_with_destinations (const SbxPolicy *base, const SbxPolicy *from)
{
  SbxPolicy *result = sbx_policy_thaw (base);

  for (guint i = 0; i < SBX_N_TO; i++) {
    g_array_unref (result->to[i]);
    result->to[i] = g_array_copy (from->to[i]);
  }
  result->allow_named = TRUE;
  return sbx_policy_freeze (result);
}

SbxPolicy *
sbx_policy_with_allowed (const SbxPolicy *base, const char *const *more, GError **error)
{
  g_autoptr (GArray) set = g_array_copy (base->to[SBX_TO_ALLOW]);
  SbxPolicy *result;

  if (!sbx_destinations_add (set, more, error))
    return NULL;
  result = sbx_policy_thaw (base);
  g_array_unref (result->to[SBX_TO_ALLOW]);
  result->to[SBX_TO_ALLOW] = g_steal_pointer (&set);
  result->allow_named = TRUE;
  return sbx_policy_freeze (result);
}

SbxPolicy *
sbx_policy_with_buses (const SbxPolicy *base, const SbxPolicy *from)
{
  SbxPolicy *result = sbx_policy_thaw (base);

  for (guint i = 0; i < SBX_N_BUSES; i++) {
    g_array_unref (result->bus[i]);
    result->bus[i] = sbx_names_combine (from->bus[i], from->bus[i], FALSE);
  }
  return sbx_policy_freeze (result);
}

SbxPolicy *
sbx_policy_with_limits (const SbxPolicy *base, const SbxPolicy *from)
{
  SbxPolicy *result = sbx_policy_thaw (base);

  memcpy (result->limits, from->limits, sizeof result->limits);
  return sbx_policy_freeze (result);
}

SbxPolicy *
sbx_policy_with_more (const SbxPolicy *base, const SbxPolicy *more)
{
  static const guint flags[] = { SBX_FLAGS_SOCKETS, SBX_FLAGS_DEVICES };
  SbxPolicy *result = sbx_policy_thaw (base);

  for (guint i = 0; i < SBX_N_BUSES; i++) {
    g_array_unref (result->bus[i]);
    result->bus[i] = sbx_names_combine (base->bus[i], more->bus[i], FALSE);
  }
  for (guint i = 0; i < G_N_ELEMENTS (flags); i++)
    result->flags[flags[i]] |= more->flags[flags[i]];
  return sbx_policy_freeze (result);
}

SbxPolicy *
sbx_policy_with_path (const SbxPolicy *base, const char *path, SbxAccess access)
{
  SbxPolicy *result = sbx_policy_thaw (base);

  sbx_paths_set (result->paths[SBX_PATHS_FILES], path, access);
  return sbx_policy_freeze (result);
}

SbxPolicy *
sbx_policy_meet (const SbxPolicy *a, const SbxPolicy *b)
{
  return combine (a, b, TRUE);
}

SbxPolicy *
sbx_policy_join (const SbxPolicy *a, const SbxPolicy *b)
{
  return combine (a, b, FALSE);
}

static gboolean
strings_equal (const GPtrArray *a, const GPtrArray *b)
{
  for (guint i = 0; a->len == b->len && i < a->len; i++)
    if (strcmp (a->pdata[i], b->pdata[i]) != 0)
      return FALSE;
  return a->len == b->len;
}

/* Normal forms are equal exactly when the policies are. */
static gboolean
facility_equal (const SbxPolicy *a, const SbxPolicy *b, const SbxFacility *row)
{
  guint i = row->index;

  switch (row->kind) {
  case SBX_KIND_FLAGS:
    return a->flags[i] == b->flags[i];
  case SBX_KIND_LEVEL:
    return a->levels[i] == b->levels[i];
  case SBX_KIND_NUMBER:
    return a->limits[i] == b->limits[i];
  case SBX_KIND_PORTS:
    return a->ports[i].all == b->ports[i].all && a->ports[i].ports->len == b->ports[i].ports->len
           && (a->ports[i].ports->len == 0
               || memcmp (a->ports[i].ports->data, b->ports[i].ports->data, a->ports[i].ports->len * sizeof (guint16))
                      == 0);
  case SBX_KIND_DESTINATIONS:
    return sbx_destinations_equal (a->to[i], b->to[i]);
  case SBX_KIND_PUBLISHED:
    return sbx_published_equal (a->published, b->published);
  case SBX_KIND_CALLS:
    return strings_equal (a->calls[i], b->calls[i]);
  case SBX_KIND_PAIRS:
    return strings_equal (a->environment, b->environment);
  case SBX_KIND_PATHS:
    if (i == SBX_PATHS_FILES && !sbx_attached_equal (a->attached, b->attached))
      return FALSE;
    for (guint j = 0; a->paths[i]->len == b->paths[i]->len && j < a->paths[i]->len; j++) {
      const SbxPathRule *x = &g_array_index (a->paths[i], SbxPathRule, j);
      const SbxPathRule *y = &g_array_index (b->paths[i], SbxPathRule, j);

      if (x->access != y->access || strcmp (x->path, y->path) != 0)
        return FALSE;
    }
    return a->paths[i]->len == b->paths[i]->len;
  case SBX_KIND_NAMES:
    for (guint j = 0; a->bus[i]->len == b->bus[i]->len && j < a->bus[i]->len; j++) {
      const SbxBusRule *x = &g_array_index (a->bus[i], SbxBusRule, j), *y = &g_array_index (b->bus[i], SbxBusRule, j);

      if (x->access != y->access || strcmp (x->name, y->name) != 0)
        return FALSE;
    }
    return a->bus[i]->len == b->bus[i]->len;
  }
  return FALSE;
}

gboolean
sbx_policy_equal (const SbxPolicy *a, const SbxPolicy *b)
{
  for (const SbxFacility *row = sbx_facilities; row->group; row++)
    if (!facility_equal (a, b, row))
      return FALSE;
  return TRUE;
}

gboolean
sbx_policy_leq (const SbxPolicy *a, const SbxPolicy *b)
{
  g_autoptr (SbxPolicy) least = sbx_policy_meet (a, b);

  return sbx_policy_equal (a, least);
}

guint
sbx_policy_excess (const SbxPolicy *a, const SbxPolicy *b)
{
  g_autoptr (SbxPolicy) least = sbx_policy_meet (a, b);
  guint classes = 0;

  for (const SbxFacility *row = sbx_facilities; row->group; row++) {
    if (facility_equal (a, least, row))
      continue;
    classes |= row->class_;
    for (const SbxWord *word = row->words; row->kind == SBX_KIND_FLAGS && word->word; word++)
      if (a->flags[row->index] & ~least->flags[row->index] & word->value)
        classes |= word->class_;
  }
  return classes;
}

guint
sbx_policy_hash (const SbxPolicy *policy)
{
  g_autofree char *text = sbx_policy_to_key_file (policy);

  return g_str_hash (text);
}
