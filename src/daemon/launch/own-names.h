/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of the names that are an application's own it gets. Who may own a name may call whoever has it, so a name that
 * a program outside of the application's sandboxes has, or that the bus would start such a program for, is not given.
 */
#pragma once

#include "daemon/instances/registry.h"
#include "daemon/launch/session.h"
#include "policy/own-names.h"

G_BEGIN_DECLS

/* Who asks for a policy with names of its own. */
typedef struct {
  const char *app_id;
  const char *command;
  const SbxPolicy *within;   /* of the calling sandbox: only names that it owns itself; or NULL */
  const SbxSession *session; /* NULL: nothing is known, and nothing is given */
  SbxRegistry *registry;     /* NULL: of the owners nothing is known */
  SbxRuntimeDir *runtime;
  const char *const *environment; /* of the service: where service files are */
} SbxOwnNames;

/* Returns @policy with those names, a new reference. Appends a sentence to @warnings (char *) for those of the
 * application's id that it does not get. */
SbxPolicy *sbx_own_names_add (const SbxOwnNames *self, const SbxPolicy *policy, GPtrArray *warnings);

G_END_DECLS
