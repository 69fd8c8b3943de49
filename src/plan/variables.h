/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Variables of the caller that are passed on: which, and with what of the policy. They describe the machine, the
 * network or the taste of the user, and nothing that is the user's. */
#pragma once

#include "policy/policy.h"

G_BEGIN_DECLS

/* How a value is looked at before it is passed on. */
typedef enum {
  SBX_VARIABLE_PLAIN, /* as it is */
  SBX_VARIABLE_PATHS, /* paths with ':' between them: those that are there inside; none of them, and it is not passed */
  SBX_VARIABLE_WINDOWS, /* names a window system: not passed where the policy has none of those that it names */
  SBX_VARIABLE_TOKEN    /* good for one start only: not kept for what is started in the instance later */
} SbxVariableKind;

typedef struct {
  const char *name;
  SbxVariableKind kind;
} SbxVariable;

/* The variables that a process under @policy has from its caller, as rows (const SbxVariable *); free with
 * g_ptr_array_unref (). */
GPtrArray *sbx_variables_list (const SbxPolicy *policy);

/* What is passed on of @value of @variable under @policy (g_free), or NULL for nothing. */
char *sbx_variable_filter (const SbxVariable *variable, const SbxPolicy *policy, const char *value);

/* Whether every sandbox under @policy shows @path where it is outside: a part of the system, or what the policy opens.
 */
gboolean sbx_path_is_inside (const SbxPolicy *policy, const char *path);

G_END_DECLS
