/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names that are an application's own on the session bus: its id and what is below, the name of its media player,
 * those of its icons in the tray. Pure: whether somebody else has one of them is looked at by the service. */
#pragma once

#include "policy/policy.h"

G_BEGIN_DECLS

/* Lists the rules (name or name.*) for an application with the id @app_id whose command is @command (or NULL). Empty
 * for a policy that has no filtered session bus, and for an id that is no name for an application: one that is not of
 * D-Bus's form, or a portal's, or this service's. Has no rules that @policy has already. Free with
 * g_ptr_array_unref (). */
GPtrArray *sbx_own_names_list (const SbxPolicy *policy, const char *app_id, const char *command);

/* Returns whether an application under @policy may own every name of the rule @name. */
gboolean sbx_policy_owns (const SbxPolicy *policy, const char *name);

/* Returns @policy with the rules @names (n of them) as names to own: a new reference. */
SbxPolicy *sbx_policy_with_own (const SbxPolicy *policy, const char *const *names, gsize n);

G_END_DECLS
