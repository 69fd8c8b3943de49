/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/lineage.h"

#include "daemon/bounds.h"

SbxInstance *
sbx_lineage_get_starter (SbxRegistry *registry, SbxInstance *instance)
{
  const SbxInfo *info = sbx_instance_get_info (instance);

  return info->nested ? sbx_registry_lookup (registry, info->parent) : NULL;
}

/* Both loops are bounded: records are files, and could name each other */

gboolean
sbx_lineage_is_below (SbxRegistry *registry, SbxInstance *above, SbxInstance *instance)
{
  for (guint i = 0; i < SBX_MAX_NESTED && (instance = sbx_lineage_get_starter (registry, instance)) != NULL; i++)
    if (instance == above)
      return TRUE;
  return FALSE;
}

SbxInstance *
sbx_lineage_get_top (SbxRegistry *registry, SbxInstance *instance)
{
  SbxInstance *above;

  for (guint i = 0; i < SBX_MAX_NESTED && (above = sbx_lineage_get_starter (registry, instance)) != NULL; i++)
    instance = above;
  return instance;
}
