/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What GrantFacilities gives to a running instance: names on its filtered buses, and sockets. */
#pragma once

#include "daemon/instances/instance.h"
#include "daemon/launch/host.h"
#include "daemon/launch/plugging.h"
#include "plan/plan.h"
#include "policy/policy.h"

G_BEGIN_DECLS

typedef struct {
  GVariant *what;     /* a{sv}: groups, as a profile has them */
  char *text;         /* the same for people: "org.example.A=talk" */
  guint32 seconds;    /* after which it ends; 0: with the instance */
  gboolean reconnect; /* connections to its buses are closed */
} SbxOpeningRequest;

/* @what: a{sv}; @how: a{sv}, checked against sbx_grant_facilities_options. Errors: BAD_OPTION. */
SbxOpeningRequest *sbx_opening_request_new (GVariant *what, GVariant *how, GError **error);
void sbx_opening_request_free (SbxOpeningRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxOpeningRequest, sbx_opening_request_free)

typedef struct {
  SbxPolicy *policy;   /* the effective one, after it */
  guint classes;       /* in which it goes beyond the one before; 0: nothing is new */
  GPtrArray *given;    /* for people: the differences, a line each */
  SbxPlan *buses;      /* whose proxy of its buses takes the place of the one that it has; NULL: that stays */
  SbxPlugging *socket; /* or NULL */
} SbxOpeningPlan;

/* Plans @request for the instance that @info describes. Errors: BAD_OPTION for what makes no sense, or takes something
 * away; NOT_AUTHORIZED for what was taken away by Restrict; NOT_SUPPORTED for what cannot be given while it runs, with
 * the reason; those of sbx_lending_check (). */
SbxOpeningPlan *sbx_opening_plan_new (SbxHost *host, const SbxInfo *info, const SbxOpeningRequest *request,
                                      GError **error);
void sbx_opening_plan_free (SbxOpeningPlan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxOpeningPlan, sbx_opening_plan_free)

/* Has @instance get what @plan says, which has classes, and writes down that the process @pid has asked for @request.
 * Takes nothing. Ends with sbx_running_change_finish (). */
void sbx_open_async (SbxInstance *instance, const SbxOpeningPlan *plan, const SbxOpeningRequest *request, guint32 pid,
                     GAsyncReadyCallback callback, gpointer user_data);

G_END_DECLS
