/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/left.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "layers/doors.h"

typedef struct {
  SbxContext *context;
  SbxRegistry *registry;
} Around;

static gboolean
runs (const char *id, gpointer user_data)
{
  const Around *around = user_data;
  SbxInstance *instance = sbx_registry_lookup (around->registry, g_ascii_strtoull (id, NULL, 16));
  int directory = sbx_runtime_dir_open (around->context->runtime, NULL);

  if (instance)
    return sbx_instance_get_state (instance) != SBX_STATE_EXITED;
  return directory < 0 || faccessat (directory, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

void
sbx_left_remove (SbxContext *context, SbxRegistry *registry)
{
  g_autofree char *homes = sbx_context_get_homes (context);
  Around around = { context, registry };

  if (sbx_door_put_aside_left (homes, runs, &around))
    sbx_door_remove_aside_later (homes);
}
