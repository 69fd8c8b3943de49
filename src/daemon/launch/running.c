/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/running.h"

#include <errno.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/instances/keeper-requests.h"
#include "plan/blocks.h"
#include "plan/build.h"
#include "wire/block.h"

static SbxPlan *
make_plan (const SbxHost *host, const SbxInfo *info, const SbxPolicy *policy, const SbxForwardedFile *forward,
           gboolean replaces, GError **error)
{
  g_autofree const char **argv = g_variant_get_bytestring_array (info->command, NULL);
  const char *const nothing[] = { "/bin/true", NULL };
  char id[SBX_ID_SIZE];
  const SbxPlanRequest request = { .id = id,
                                   .app_id = info->app_id,
                                   .argv = argv[0] ? argv : nothing,
                                   .cwd_optional = TRUE,
                                   .forward = forward,
                                   .n_forward = forward ? 1 : 0,
                                   .display_env = (const char *const *) info->display,
                                   .replaces = replaces };

  sbx_id_format (info->id, id);
  return sbx_plan_new (policy, &request, host->machine, error);
}

SbxPlan *
sbx_running_plan (const SbxHost *host, const SbxInfo *info, const SbxPolicy *policy, const SbxForwardedFile *forward,
                  GError **error)
{
  return make_plan (host, info, policy, forward, FALSE, error);
}

SbxPlan *
sbx_running_plan_next (const SbxHost *host, const SbxInfo *info, const SbxPolicy *policy, GError **error)
{
  return make_plan (host, info, policy, NULL, TRUE, error);
}

SbxPolicy *
sbx_running_policy (const SbxHost *host, const SbxInfo *info, GError **error)
{
  g_autoptr (SbxPolicy) nothing = sbx_policy_new ();

  return sbx_policy_merge_variant (nothing, info->policy, &host->places, error);
}

int
sbx_running_write_change (const SbxRunningChange *change, GError **error)
{
  g_autoptr (GBytes) text = sbx_info_write (change->info);
  SbxBlockWriter writer = { 0 };
  gsize size;
  const void *data = g_bytes_get_data (text, &size);
  int fd;

  if (size > SBX_INFO_MAX) {
    sbx_throw (error, SBX_ERROR_LIMITS, "this instance has been changed too often: its record is full");
    return -1;
  }
  sbx_block_add (&writer, SBX_TAG_INFO, data, size);
  for (guint i = 0; change->rows && i < change->rows->len; i++)
    sbx_block_add_narrow (&writer, &g_array_index (change->rows, SbxNarrow, i));
  for (gsize i = 0; i < change->n_layers; i++)
    sbx_block_add_layer (&writer, &change->layers[i]);
  if (change->to)
    sbx_block_add (&writer, SBX_TAG_TO, g_bytes_get_data (change->to, NULL), g_bytes_get_size (change->to));
  for (guint i = 0; change->limits && i < change->limits->len; i++) {
    const SbxRlimit *row = &g_array_index (change->limits, SbxRlimit, i);

    sbx_block_add (&writer, SBX_TAG_RLIMIT, (guint64[]){ (guint64) row->resource, row->value, row->value },
                   3 * sizeof (guint64));
  }
  if (change->ended)
    sbx_block_add_u32 (&writer, SBX_TAG_SIDECARS_ENDED, change->ended);
  if (change->next && change->stays)
    sbx_block_add_u32 (&writer, SBX_TAG_SIDECARS_STAY, 1u << change->next->kind);
  if (change->next)
    sbx_box_write_sidecar (&writer, change->next);
  fd = sbx_block_finish (&writer);
  if (fd < 0)
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "record: write a block");
  return fd;
}

static void
on_changed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GBytes) held = sbx_instance_change_finish (SBX_INSTANCE (source), result, &error);

  if (held)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
sbx_running_change_async (SbxInstance *instance, const SbxRunningChange *change, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (instance, NULL, callback, user_data);
  GError *error = NULL;
  int block = sbx_running_write_change (change, &error);

  if (block < 0) {
    g_task_return_error (task, error);
    return;
  }
  sbx_instance_change_async (instance, block, on_changed, g_steal_pointer (&task));
  close (block);
}

gboolean
sbx_running_change_finish (SbxInstance *instance, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

GVariant *
sbx_running_append (GVariant *list, GVariant *row)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; list && i < g_variant_n_children (list); i++) {
    g_autoptr (GVariant) old = g_variant_get_child_value (list, i);

    g_variant_builder_add_value (&builder, old);
  }
  g_variant_builder_add_value (&builder, row);
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}
