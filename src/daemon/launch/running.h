/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all changes of a running instance have in common. */
#pragma once

#include "daemon/instances/instance.h"
#include "daemon/launch/host.h"
#include "plan/plan.h"
#include "plan/request.h"
#include "wire/layer.h"

G_BEGIN_DECLS

/* The plan that the instance which @info describes would have with @policy, and with the file @forward (or NULL) handed
 * over. The caller's. Errors: those of sbx_plan_new (). */
SbxPlan *sbx_running_plan (const SbxHost *host, const SbxInfo *info, const SbxPolicy *policy,
                           const SbxForwardedFile *forward, GError **error);
/* The same, of whose sidecars one may take the place of one that the instance has. */
SbxPlan *sbx_running_plan_next (const SbxHost *host, const SbxInfo *info, const SbxPolicy *policy, GError **error);
/* The policy of the instance as it is now; the caller's. BAD_OPTION for a record that makes no sense. */
SbxPolicy *sbx_running_policy (const SbxHost *host, const SbxInfo *info, GError **error);
/* What changes; NULL and 0: nothing of that kind. */
typedef struct {
  const SbxInfo *info;    /* for the file */
  const GArray *rows;     /* SbxNarrow: paths that are taken away */
  const SbxLayer *layers; /* that are added */
  gsize n_layers;
  GBytes *to;                 /* where its network leads from now on */
  const GArray *limits;       /* SbxRlimit, which become lower */
  const SbxPlanSidecar *next; /* takes the place of the one of its kind */
  gboolean stays;             /* … and that one goes on with those who are connected to it */
  guint32 ended;              /* bit N: the sidecar of the SbxSidecarKind N ends */
} SbxRunningChange;

/* The block of CHANGE. A descriptor, or -1 with LIMITS or SPAWN_FAILED. */
int sbx_running_write_change (const SbxRunningChange *change, GError **error);
/* Has @change made of @instance. */
void sbx_running_change_async (SbxInstance *instance, const SbxRunningChange *change, GAsyncReadyCallback callback,
                               gpointer user_data);
/* Errors: those of sbx_running_write_change () and sbx_instance_change_finish (). */
gboolean sbx_running_change_finish (SbxInstance *instance, GAsyncResult *result,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* @list (aa{sv}, or NULL) and one more @row; the caller's. */
GVariant *sbx_running_append (GVariant *list, GVariant *row);

G_END_DECLS
