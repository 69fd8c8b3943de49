/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every launch needs, and lives as long as the service: where instances are written down, who is asked, whose turn
 * it is. What may be found otherwise at another time is in its SbxHost. */
#pragma once

#include "daemon/identity/authority.h"
#include "daemon/instances/keeper-spawn.h"
#include "daemon/instances/room.h"
#include "daemon/instances/runtime-dir.h"
#include "daemon/launch/facts.h"
#include "daemon/launch/host.h"
#include "daemon/launch/pool.h"
#include "daemon/launch/slots.h"

G_BEGIN_DECLS

typedef struct {
  char **environment; /* of the service */
  SbxHost *host;      /* as it was found last */
  SbxAuthority *authority;
  SbxRuntimeDir *runtime;
  SbxLaunchSlots *slots;
  SbxPool *pool;
  SbxFacts *facts;      /* that its boxes depend on */
  GDBusConnection *bus; /* the session bus, or NULL; the manager's */
  struct rlimit nofile; /* before we raised ours */
  SbxRoom room;         /* for instances */
} SbxContext;

/* Takes @environment (envp-style, g_strfreev ()). Probes the host. @prepared: how many boxes may wait ahead of launches
 * (pool.h). @most: how many instances there may be, 0: as the machine has room for. */
SbxContext *sbx_context_new (char **environment, guint prepared, guint most);
void sbx_context_free (SbxContext *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxContext, sbx_context_free)

/* Probes the host again, since something was missing that may have been installed meanwhile. FALSE when that was done a
 * moment ago. */
gboolean sbx_context_probe_again (SbxContext *self);

/* The directory of all kept homes; g_free (). */
char *sbx_context_get_homes (const SbxContext *self);

G_END_DECLS
