/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names for the session bus that a program of the system says. */
#pragma once

#include "policy/policy.h"

G_BEGIN_DECLS

/* Reads the program of @command, a path or a name that is looked for where the system has its programs. NULL where its
 * names do not count (sbx_own_names_wants_program ()), for a file that is not root's or that others may write, for one
 * of more than 4 MiB, and where there is none. Otherwise as sbx_own_names_in (). Free with g_ptr_array_unref (). */
GPtrArray *sbx_program_names (const SbxPolicy *policy, const char *app_id, const char *command);

G_END_DECLS
