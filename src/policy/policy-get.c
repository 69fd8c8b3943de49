/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a policy says, for who acts on it. */
#include "policy/policy-private.h"

guint
sbx_policy_get_flags (const SbxPolicy *policy, SbxFlagsIndex index)
{
  return policy->flags[index];
}

guint
sbx_policy_get_level (const SbxPolicy *policy, SbxLevelIndex index)
{
  return policy->levels[index];
}

guint
sbx_policy_get_shared (const SbxPolicy *policy)
{
  guint shared = policy->flags[SBX_FLAGS_SHARED];

  return shared & SBX_SHARED_NETWORK ? shared & ~(guint) SBX_SHARED_PRIVATE_NETWORK : shared;
}

gboolean
sbx_policy_has_network (const SbxPolicy *policy)
{
  return (policy->flags[SBX_FLAGS_SHARED] & SBX_SHARED_PRIVATE_NETWORK) != 0;
}

guint
sbx_policy_get_sockets (const SbxPolicy *policy)
{
  return policy->flags[SBX_FLAGS_SOCKETS];
}

guint
sbx_policy_get_devices (const SbxPolicy *policy)
{
  return policy->flags[SBX_FLAGS_DEVICES];
}

guint
sbx_policy_get_features (const SbxPolicy *policy)
{
  return policy->flags[SBX_FLAGS_FEATURES];
}

SbxHidepid
sbx_policy_get_hidepid (const SbxPolicy *policy)
{
  return (SbxHidepid) policy->levels[SBX_LEVEL_HIDEPID];
}

SbxSubset
sbx_policy_get_subset (const SbxPolicy *policy)
{
  return (SbxSubset) policy->levels[SBX_LEVEL_SUBSET];
}

SbxProcfsInstance
sbx_policy_get_procfs_instance (const SbxPolicy *policy)
{
  return (SbxProcfsInstance) policy->levels[SBX_LEVEL_INSTANCE];
}

SbxPidns
sbx_policy_get_pidns (const SbxPolicy *policy)
{
  return (SbxPidns) policy->levels[SBX_LEVEL_PIDNS];
}

SbxTier
sbx_policy_get_tier (const SbxPolicy *policy)
{
  return (SbxTier) policy->levels[SBX_LEVEL_TIER];
}

SbxX11
sbx_policy_get_x11 (const SbxPolicy *policy)
{
  return (SbxX11) policy->levels[SBX_LEVEL_X11];
}

SbxAccess
sbx_policy_get_forward (const SbxPolicy *policy)
{
  return (SbxAccess) policy->levels[SBX_LEVEL_FORWARD];
}

guint64
sbx_policy_get_limit (const SbxPolicy *policy, SbxLimit limit)
{
  return policy->limits[limit];
}

const SbxPathRule *
sbx_policy_get_filesystems (const SbxPolicy *policy, gsize *n)
{
  *n = policy->paths[SBX_PATHS_FILES]->len;
  return (const SbxPathRule *) (gpointer) policy->paths[SBX_PATHS_FILES]->data;
}

const SbxAttached *
sbx_policy_get_attached (const SbxPolicy *policy, gsize *n)
{
  *n = policy->attached->len;
  return (const SbxAttached *) (gpointer) policy->attached->data;
}

SbxAccess
sbx_policy_get_access (const SbxPolicy *policy, const char *path)
{
  g_autofree char *canonical = sbx_paths_canonical (path, NULL);

  return canonical ? sbx_paths_get (policy->paths[SBX_PATHS_FILES], SBX_PATHS_FILES, sbx_paths_usual (canonical))
                   : SBX_ACCESS_NONE;
}

const char *const *
sbx_policy_get_persistent (const SbxPolicy *policy)
{
  return (const char *const *) policy->persistent->pdata;
}

const SbxPathRule *
sbx_policy_get_kept (const SbxPolicy *policy, gsize *n)
{
  *n = policy->paths[SBX_PATHS_PERSISTENT]->len;
  return (const SbxPathRule *) (gpointer) policy->paths[SBX_PATHS_PERSISTENT]->data;
}

const SbxBusRule *
sbx_policy_get_bus (const SbxPolicy *policy, SbxBus bus, gsize *n)
{
  *n = policy->bus[bus]->len;
  return (const SbxBusRule *) (gpointer) policy->bus[bus]->data;
}

const char *const *
sbx_policy_get_environment (const SbxPolicy *policy)
{
  return (const char *const *) policy->environment->pdata;
}

static gboolean
get_ports (const SbxPortSet *set, const guint16 **ports, gsize *n)
{
  *ports = (const guint16 *) (gpointer) set->ports->data;
  *n = set->ports->len;
  return !set->all;
}

gboolean
sbx_policy_get_connect (const SbxPolicy *policy, const guint16 **ports, gsize *n)
{
  return get_ports (&policy->ports[SBX_PORTS_CONNECT], ports, n);
}

gboolean
sbx_policy_get_bind (const SbxPolicy *policy, const guint16 **ports, gsize *n)
{
  return get_ports (&policy->ports[SBX_PORTS_BIND], ports, n);
}

const char *const *
sbx_policy_get_seccomp_allow (const SbxPolicy *policy)
{
  return (const char *const *) policy->calls[SBX_CALLS_ALLOW]->pdata;
}

const char *const *
sbx_policy_get_seccomp_deny (const SbxPolicy *policy)
{
  return (const char *const *) policy->calls[SBX_CALLS_DENY]->pdata;
}
