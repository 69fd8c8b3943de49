/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts the applications of a list, starts again what has ended where the list says so, and ends them. Each event is a
 * line on standard error.
 *
 *   ┌──────▶ launching ──▶ runs ──ended──▶ over
 *   │            │failed                    │ the list says so
 *   └── waits ◀──┴──────────────────────────┘   some seconds, twice as long each time
 *
 * They are launched for a caller that is this process: by the gates, and with what the administrator's profiles allow,
 * as if its user had called. What runs already, of a service that was killed, is found by its application's id. */
#pragma once

#include "daemon/identity/caller.h"
#include "daemon/instances/registry.h"
#include "daemon/launch/context.h"

G_BEGIN_DECLS

typedef struct _SbxRoster SbxRoster;

/* Of the applications in @list (roster/list.h), which it takes. @context, @registry and @callers must outlive it;
 * instances of a service before must be known already. NOT_AUTHORIZED if this process may not call itself. */
SbxRoster *sbx_roster_new (SbxContext *context, SbxRegistry *registry, SbxCallers *callers, GPtrArray *list,
                           GError **error);
/* Ends nothing. */
void sbx_roster_free (SbxRoster *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxRoster, sbx_roster_free)

/* @all: each of them has ended, and not only the time for that (SBX_LIST_PATIENCE_SECONDS). */
typedef void (*SbxRosterFunc) (gboolean all, gpointer user_data);
/* Starts nothing any more, stops what runs of the list, and then calls @ended once: later, or now if nothing runs. */
void sbx_roster_end (SbxRoster *self, SbxRosterFunc ended, gpointer user_data);

G_END_DECLS
