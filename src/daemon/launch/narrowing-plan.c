/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/narrowing.h"

#include "daemon/launch/closed.h"
#include "daemon/launch/running.h"

void
sbx_narrowing_plan_free (SbxNarrowingPlan *self)
{
  g_clear_pointer (&self->policy, sbx_policy_unref);
  g_clear_pointer (&self->from, sbx_policy_unref);
  g_array_unref (self->rows);
  g_array_unref (self->limits);
  g_ptr_array_unref (self->strings);
  g_ptr_array_unref (self->taken);
  g_ptr_array_unref (self->closed);
  g_clear_pointer (&self->to, g_bytes_unref);
  g_clear_object (&self->buses);
  g_free (self);
}

int
sbx_narrowing_plan_write (const SbxNarrowingPlan *self, const SbxInfo *info, GError **error)
{
  const SbxPlanSidecar *next =
      self->buses ? sbx_box_find_sidecar (sbx_plan_get_box (self->buses), SBX_SIDECAR_BUS) : NULL;

  return sbx_running_write_change (&(SbxRunningChange){ .info = info,
                                                        .rows = self->rows,
                                                        .to = self->to,
                                                        .limits = self->limits,
                                                        .next = next,
                                                        .ended = self->ended },
                                   error);
}

GVariant *
sbx_narrowing_plan_describe (const SbxNarrowingPlan *self, guint32 pid, const char *with)
{
  GVariantBuilder builder, files;

  g_variant_builder_init (&files, G_VARIANT_TYPE ("a{ss}"));
  for (guint i = 0; i < self->rows->len; i++) {
    const SbxNarrow *row = &g_array_index (self->rows, SbxNarrow, i);

    if (row->kind != SBX_NARROW_KEEP)
      g_variant_builder_add (&files, "{ss}", row->path, row->kind == SBX_NARROW_GONE ? "none" : "ro");
  }
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "time", g_variant_new_uint64 ((guint64) g_get_real_time ()));
  g_variant_builder_add (&builder, "{sv}", "pid", g_variant_new_uint32 (pid));
  g_variant_builder_add (&builder, "{sv}", "taken",
                         g_variant_new_strv ((const char *const *) self->taken->pdata, (gssize) self->taken->len));
  g_variant_builder_add (&builder, "{sv}", "filesystems", g_variant_builder_end (&files));
  if (self->closed->len > 0)
    g_variant_builder_add (&builder, "{sv}", "network",
                           g_variant_new_strv ((const char *const *) self->closed->pdata, (gssize) self->closed->len));
  sbx_closed_describe (&builder, self->from, self->policy);
  if (with)
    g_variant_builder_add (&builder, "{sv}", "with", g_variant_new_object_path (with));
  return g_variant_builder_end (&builder);
}
