/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What GrantNetwork gives to a running instance: destinations of a network of its own. */
#pragma once

#include "daemon/instances/instance.h"
#include "daemon/launch/host.h"
#include "policy/policy.h"

G_BEGIN_DECLS

typedef struct {
  char **where;    /* as in [Network] allow= */
  guint32 seconds; /* after which it ends; 0: with the instance */
} SbxWideningRequest;

/* @where: as; @how: a{sv}, checked against sbx_grant_network_options. Errors: BAD_OPTION. */
SbxWideningRequest *sbx_widening_request_new (GVariant *where, GVariant *how, GError **error);
void sbx_widening_request_free (SbxWideningRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxWideningRequest, sbx_widening_request_free)

typedef struct {
  SbxPolicy *policy; /* the effective one, after it */
  guint classes;     /* in which it goes beyond the one before; 0: nothing is new */
  GPtrArray *given;  /* for people: the differences, a line each */
} SbxWideningPlan;

/* Plans @request for the instance that @info describes. Errors: BAD_OPTION for what is no destination; NOT_AUTHORIZED
 * for what is denied, or was taken away by Restrict; NOT_SUPPORTED for what cannot be given while it runs, with the
 * reason; LIMITS for too many. */
SbxWideningPlan *sbx_widening_plan_new (SbxHost *host, const SbxInfo *info, const SbxWideningRequest *request,
                                        GError **error);
void sbx_widening_plan_free (SbxWideningPlan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxWideningPlan, sbx_widening_plan_free)

/* Has @instance get what @plan says, which has classes, and writes down that the process @pid has asked for @request.
 * Takes nothing. Ends with sbx_running_change_finish (). */
void sbx_widen_async (SbxInstance *instance, const SbxWideningPlan *plan, const SbxWideningRequest *request,
                      guint32 pid, GAsyncReadyCallback callback, gpointer user_data);

G_END_DECLS
