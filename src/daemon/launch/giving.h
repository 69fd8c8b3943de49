/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A grant that has been planned and approved, carried out by the instance's keeper. */
#pragma once

#include "daemon/instances/registry.h"
#include "daemon/launch/granting.h"

G_BEGIN_DECLS

/* Whether @instance could lose again what was granted for a time, once it has what @plan says. Errors: those of
 * sbx_lending_check (). */
gboolean sbx_give_check (SbxHost *host, SbxInstance *instance, const SbxGrantPlan *plan, const SbxGrantRequest *request,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Has @instance get what @plan says, which has layers or extends, and writes down that the process @pid has asked for
 * @request, or what a command was handed. Takes @plan, which holds open what is mounted until the answer. */
void sbx_give_async (SbxInstance *instance, SbxRegistry *registry, SbxGrantPlan *plan, const SbxGrantRequest *request,
                     guint32 pid, GAsyncReadyCallback callback, gpointer user_data);
/* Errors: those of sbx_instance_change_finish (). */
gboolean sbx_give_finish (SbxInstance *instance, GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
