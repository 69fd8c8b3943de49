/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Launches from inside of an instance: how many there may be, and when they end. */
#pragma once

#include "daemon/instances/registry.h"
#include "daemon/launch/host.h"
#include "policy/policy.h"

G_BEGIN_DECLS

/* Whether @own may start one more. It must run and be no handler, and SBX_MAX_NESTED is for all that one from outside
 * has below it. Errors: EXITED, LIMITS, NOT_AUTHORIZED. */
gboolean sbx_nested_has_room (SbxRegistry *registry, SbxInstance *own, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether @policy allows no more files and sockets than @own has now, as far as that can change while it runs. Errors:
 * POLICY_EXCEEDED, BAD_OPTION. */
gboolean sbx_nested_check_policy (const SbxHost *host, SbxInstance *own, const SbxPolicy *policy,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Stops @instance if the instance that started it has ended. */
void sbx_nested_stop_orphan (SbxRegistry *registry, SbxInstance *instance);

G_END_DECLS
