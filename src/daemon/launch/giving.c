/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/giving.h"

#include <unistd.h>

#include "daemon/instances/keeper-requests.h"
#include "daemon/launch/forward.h"
#include "daemon/launch/lending.h"
#include "daemon/launch/running.h"

typedef struct {
  SbxGrantPlan *plan;
  SbxMountPoints *points; /* what was made for it on the disk, until the instance has it */
} Giving;

static void
giving_free (gpointer data)
{
  Giving *giving = data;

  g_clear_pointer (&giving->points, sbx_mount_points_unref);
  sbx_grant_plan_free (giving->plan);
  g_free (giving);
}

/* What was made on the disk and is not used. A stage goes with the instance, which may have others of its files there.
 */
static void
remove_points (Giving *giving, SbxInstance *instance)
{
  if (giving->points && sbx_layers_have_doors (giving->plan->layers))
    sbx_mount_points_remove_with (g_steal_pointer (&giving->points), instance);
  else if (giving->points)
    sbx_mount_points_remove (giving->points, instance);
}

static void
on_changed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Giving *giving = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GBytes) held = sbx_instance_change_finish (SBX_INSTANCE (source), result, &error);

  if (held && giving->points)
    sbx_mount_points_remove_with (g_steal_pointer (&giving->points), SBX_INSTANCE (source));
  else
    remove_points (giving, SBX_INSTANCE (source));
  if (held)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* The record of what was handed over, with @file, which the instance has in place of what it had there. */
static GVariant *
add_file (GVariant *files, const SbxForwardedFile *file)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE (SBX_INFO_FILES));
  for (gsize i = 0; files && i < g_variant_n_children (files); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (files, i);
    const char *path;

    g_variant_get_child (row, 0, "^&ay", &path);
    if (!g_str_equal (path, file->path))
      g_variant_builder_add_value (&builder, row);
  }
  g_variant_builder_add_value (&builder, sbx_forwarded_file_describe (file));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* The record as it is to be. */
typedef struct {
  SbxInfo info; /* borrows from the present one, and from the next ones */
  GVariant *policy, *files, *grants;
} Next;

static void
next_clear (Next *next)
{
  g_clear_pointer (&next->policy, g_variant_unref);
  g_clear_pointer (&next->files, g_variant_unref);
  g_clear_pointer (&next->grants, g_variant_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Next, next_clear)

static void
next_init (Next *next, SbxInstance *instance, const SbxGrantPlan *plan, const SbxGrantRequest *request, guint32 pid)
{
  const SbxInfo *info = sbx_instance_get_info (instance);

  *next = (Next){ .info = *info };
  next->policy = next->info.policy = g_variant_ref_sink (sbx_policy_to_variant (plan->policy));
  if (request->forward) {
    next->files = next->info.files = add_file (info->files, request->forward);
    return;
  }
  next->grants = next->info.grants = sbx_running_append (info->grants, sbx_grant_plan_describe (plan, request, pid));
  if (request->seconds > 0 && sbx_lending_next (info) == 0) /* the first one, or the first again */
    next->info.base = info->policy;
}

gboolean
sbx_give_check (SbxHost *host, SbxInstance *instance, const SbxGrantPlan *plan, const SbxGrantRequest *request,
                GError **error)
{
  g_auto (Next) next;

  next_init (&next, instance, plan, request, 0);
  return sbx_lending_check (host, &next.info, error);
}

/* The block of CHANGE, or -1. */
static int
write_change (SbxInstance *instance, const SbxGrantPlan *plan, const SbxGrantRequest *request, guint32 pid,
              GError **error)
{
  g_auto (Next) next;
  const SbxLayer *layers = NULL;
  gsize n = 0;

  next_init (&next, instance, plan, request, pid);
  if (plan->layers)
    layers = sbx_layers_get (plan->layers, &n);
  return sbx_running_write_change (&(SbxRunningChange){ .info = &next.info, .layers = layers, .n_layers = n }, error);
}

/* What is to be made on the disk for it. */
static SbxMountPoints *
make_points (const SbxGrantPlan *plan, SbxRegistry *registry)
{
  g_autofree char *homes = plan->layers ? g_path_get_dirname (sbx_plan_get_box (plan->plan)->app_home) : NULL;

  return homes ? sbx_mount_points_new (plan->layers, homes, registry) : NULL;
}

void
sbx_give_async (SbxInstance *instance, SbxRegistry *registry, SbxGrantPlan *plan, const SbxGrantRequest *request,
                guint32 pid, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (instance, NULL, callback, user_data);
  Giving *giving = g_new0 (Giving, 1);
  GError *error = NULL;
  int block;

  giving->plan = plan;
  giving->points = make_points (plan, registry);
  g_task_set_task_data (task, giving, giving_free);
  block = write_change (instance, plan, request, pid, &error);
  if (block < 0) {
    remove_points (giving, instance);
    g_task_return_error (task, error);
    return;
  }
  sbx_instance_change_async (instance, block, on_changed, g_steal_pointer (&task));
  close (block);
}

gboolean
sbx_give_finish (SbxInstance *instance, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
