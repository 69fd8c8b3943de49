/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every launch needs and the service finds out once. */
#pragma once

#include "daemon/identity/authority.h"
#include "daemon/instances/keeper-spawn.h"
#include "daemon/instances/runtime-dir.h"
#include "daemon/launch/slots.h"
#include "plan/machine/machine.h"
#include "policy/profile-set.h"

G_BEGIN_DECLS

typedef struct {
  char **environment; /* of the service */
  SbxMachine *machine;
  SbxPlaces places;
  SbxProfileSet *profiles;
  SbxAuthority *authority;
  SbxRuntimeDir *runtime;
  SbxLaunchSlots *slots;
  GDBusConnection *bus; /* the session bus, or NULL; the manager's */
  char *dump_program;   /* or NULL */
  gint64 probed_at;     /* monotonic us */
  struct rlimit nofile; /* before we raised ours */
} SbxContext;

/* Takes @environment (envp-style, g_strfreev ()). Probes the machine, which takes some milliseconds. */
SbxContext *sbx_context_new (char **environment);
void sbx_context_free (SbxContext *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxContext, sbx_context_free)

/* The path of sandbox-dump, or NULL when it is not installed. */
const char *sbx_context_get_dump_program (SbxContext *self);

/* Probes the machine again, since something was missing that may have been installed meanwhile. FALSE when that was
 * done a moment ago. */
gboolean sbx_context_probe_again (SbxContext *self);

G_END_DECLS
