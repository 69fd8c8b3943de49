/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A policy as a value: made, shared, copied to be changed, and brought into its normal form. */
#include <string.h>

#include "policy/policy-private.h"

SbxPolicy *
sbx_policy_allocate (void)
{
  SbxPolicy *policy = g_new0 (SbxPolicy, 1);

  g_atomic_ref_count_init (&policy->refs);
  for (guint i = 0; i < SBX_N_PATHS; i++)
    policy->paths[i] = sbx_paths_new ();
  policy->attached = sbx_attached_new ();
  for (guint i = 0; i < SBX_N_BUSES; i++)
    policy->bus[i] = sbx_names_new ();
  for (guint i = 0; i < SBX_N_PORTS; i++)
    policy->ports[i].ports = g_array_new (FALSE, FALSE, sizeof (guint16));
  for (guint i = 0; i < SBX_N_TO; i++)
    policy->to[i] = sbx_destinations_new ();
  policy->published = sbx_published_new ();
  for (guint i = 0; i < SBX_N_CALLS; i++)
    policy->calls[i] = sbx_strings_new ();
  policy->environment = sbx_strings_new ();
  policy->persistent = sbx_strings_new ();
  return policy;
}

SbxPolicy *
sbx_policy_ref (const SbxPolicy *policy)
{
  SbxPolicy *self = (SbxPolicy *) policy;

  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
sbx_policy_unref (SbxPolicy *policy)
{
  if (!g_atomic_ref_count_dec (&policy->refs))
    return;
  for (guint i = 0; i < SBX_N_PATHS; i++)
    g_array_unref (policy->paths[i]);
  g_array_unref (policy->attached);
  for (guint i = 0; i < SBX_N_BUSES; i++)
    g_array_unref (policy->bus[i]);
  for (guint i = 0; i < SBX_N_PORTS; i++)
    g_array_unref (policy->ports[i].ports);
  for (guint i = 0; i < SBX_N_TO; i++)
    g_array_unref (policy->to[i]);
  g_array_unref (policy->published);
  for (guint i = 0; i < SBX_N_CALLS; i++)
    g_ptr_array_unref (policy->calls[i]);
  g_ptr_array_unref (policy->environment);
  g_ptr_array_unref (policy->persistent);
  g_free (policy);
}

/* Adds a NULL for the getters that is not counted in len, so that a thawed copy is as good as new. */
static void
terminate (GPtrArray *array)
{
  g_ptr_array_add (array, NULL);
  array->len--;
}

static void
close_flags (SbxPolicy *policy)
{
  for (const SbxFacility *row = sbx_facilities; row->group; row++)
    for (const SbxWord *word = row->words; row->kind == SBX_KIND_FLAGS && word->word; word++)
      if (policy->flags[row->index] & word->value)
        policy->flags[row->index] |= word->implies;
}

/* Without a network there are no ports; a network whose ports nobody has named has them all. */
static void
close_ports (SbxPolicy *policy)
{
  gboolean network = sbx_policy_has_network (policy);

  for (guint i = 0; i < SBX_N_PORTS; i++)
    if (!network || !policy->ports_named[i]) {
      policy->ports[i].all = network;
      g_array_set_size (policy->ports[i].ports, 0);
    }
}

SbxPolicy *
sbx_policy_freeze (SbxPolicy *policy)
{
  close_flags (policy);
  for (guint i = 0; i < SBX_N_PATHS; i++)
    sbx_paths_normalise (policy->paths[i], i);
  sbx_attached_normalise (policy->attached, policy->paths[SBX_PATHS_FILES]);
  for (guint i = 0; i < SBX_N_BUSES; i++)
    sbx_names_normalise (policy->bus[i]);
  close_ports (policy);
  sbx_destinations_close (policy);
  if (policy->calls[SBX_CALLS_DENY]->len > 1 && strcmp (policy->calls[SBX_CALLS_DENY]->pdata[0], "*") == 0)
    g_ptr_array_set_size (policy->calls[SBX_CALLS_DENY], 1);
  g_ptr_array_set_size (policy->persistent, 0);
  for (guint i = 0; i < policy->paths[SBX_PATHS_PERSISTENT]->len; i++) {
    const SbxPathRule *rule = &g_array_index (policy->paths[SBX_PATHS_PERSISTENT], SbxPathRule, i);

    if (rule->access != SBX_ACCESS_NONE)
      g_ptr_array_add (policy->persistent, g_strdup (rule->path[1] ? rule->path + 1 : "."));
  }
  terminate (policy->persistent);
  terminate (policy->environment);
  for (guint i = 0; i < SBX_N_CALLS; i++)
    terminate (policy->calls[i]);
  return policy;
}

SbxPolicy *
sbx_policy_thaw (const SbxPolicy *policy)
{
  SbxPolicy *copy = sbx_policy_allocate ();

  memcpy (copy->flags, policy->flags, sizeof copy->flags);
  memcpy (copy->levels, policy->levels, sizeof copy->levels);
  memcpy (copy->limits, policy->limits, sizeof copy->limits);
  for (guint i = 0; i < SBX_N_PATHS; i++) {
    g_array_unref (copy->paths[i]);
    copy->paths[i] = sbx_paths_copy (policy->paths[i]);
  }
  g_array_unref (copy->attached);
  copy->attached = sbx_attached_copy (policy->attached);
  for (guint i = 0; i < SBX_N_BUSES; i++)
    for (guint j = 0; j < policy->bus[i]->len; j++) {
      const SbxBusRule *rule = &g_array_index (policy->bus[i], SbxBusRule, j);

      sbx_names_set (copy->bus[i], rule->name, rule->access);
    }
  for (guint i = 0; i < SBX_N_PORTS; i++) {
    copy->ports[i].all = policy->ports[i].all;
    copy->ports_named[i] = sbx_policy_has_network (policy);
    g_array_append_vals (copy->ports[i].ports, policy->ports[i].ports->data, policy->ports[i].ports->len);
  }
  for (guint i = 0; i < SBX_N_TO && sbx_policy_has_network (policy); i++)
    g_array_append_vals (copy->to[i], policy->to[i]->data, policy->to[i]->len);
  g_array_append_vals (copy->published, policy->published->data, policy->published->len);
  copy->allow_named = sbx_policy_names_allowed (policy);
  for (guint i = 0; i < SBX_N_CALLS; i++) {
    g_ptr_array_unref (copy->calls[i]);
    copy->calls[i] = sbx_strings_copy (policy->calls[i]);
  }
  g_ptr_array_unref (copy->environment);
  copy->environment = sbx_strings_copy (policy->environment);
  return copy;
}

SbxPolicy *
sbx_policy_new (void)
{
  SbxPolicy *policy = sbx_policy_allocate ();

  for (guint i = 0; i < SBX_N_LIMITS; i++)
    policy->limits[i] = SBX_LIMIT_NONE;
  return sbx_policy_freeze (policy);
}

SbxPolicy *
sbx_policy_bottom (void)
{
  SbxPolicy *policy = sbx_policy_allocate ();

  sbx_strings_add (policy->calls[SBX_CALLS_DENY], "*");
  return sbx_policy_freeze (policy);
}
