/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Launches from inside of an instance: how many there may be, how much they may, and when they end. */
#pragma once

#include "daemon/instances/registry.h"
#include "daemon/launch/request.h"

G_BEGIN_DECLS

/* Whether @own may start one more. It must run and be no handler, and SBX_MAX_NESTED is for all that one from outside
 * has below it. Errors: EXITED, LIMITS, NOT_AUTHORIZED. */
gboolean sbx_nested_has_room (SbxRegistry *registry, SbxInstance *own, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes what @own has now the bound of @request, which comes from there, and checks @policy (or NULL: there is none
 * yet) against it. A policy that was checked as a whole against another bound needs no more than this. Errors:
 * POLICY_EXCEEDED, and those of sbx_launch_request_set_within (). */
gboolean sbx_nested_stay_within (SbxLaunchRequest *request, SbxInstance *own, const SbxPlaces *places,
                                 const SbxPolicy *policy, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Stops @instance if the instance that started it has ended. */
void sbx_nested_stop_orphan (SbxRegistry *registry, SbxInstance *instance);

G_END_DECLS
