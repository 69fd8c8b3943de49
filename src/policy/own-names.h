/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names that are an application's own on the session bus: its id and what is below, the name of its media player,
 * those of its icons in the tray. Pure: whether somebody else has one of them is looked at by the service. */
#pragma once

#include "policy/policy.h"

G_BEGIN_DECLS

/* Lists the rules (name or name.*) for an application with the id @app_id whose command is @command (or NULL), with
 * @written (or NULL), names that its program says. Empty for a policy that has no filtered session bus, and for an id
 * that is no name for an application: one that is not of D-Bus's form, or a portal's, or this service's. Has no rules
 * that @policy has already. Free with g_ptr_array_unref (). */
GPtrArray *sbx_own_names_list (const SbxPolicy *policy, const char *app_id, const char *command,
                               const GPtrArray *written);

/* Whether the names in its program count: for an application under @policy whose id @app_id is none, as audacious,
 * which calls itself org.atheme.audacious. */
gboolean sbx_own_names_wants_program (const SbxPolicy *policy, const char *app_id);

/* The well-known bus names (dbus-daemon(1); char *) that stand as texts of their own in the @n bytes of the program
 * file
 * @bytes and are named after @program, its name: one of a name's parts is the program's name, or a word of it from the
 * third part on, case and numbers at the end aside. None of the desktop's; at most 8. Free with g_ptr_array_unref ().
 */
GPtrArray *sbx_own_names_in (const char *bytes, gsize n, const char *program);

/* Returns whether an application under @policy may own every name of the rule @name. */
gboolean sbx_policy_owns (const SbxPolicy *policy, const char *name);

/* Returns @policy with the rules @names (n of them) as names to own: a new reference. */
SbxPolicy *sbx_policy_with_own (const SbxPolicy *policy, const char *const *names, gsize n);

G_END_DECLS
