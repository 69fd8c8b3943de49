/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks the user, by a notification on the desktop, for the first of what an application was refused and a person would
 * miss (facilities.h):
 *
 *   denied ──▶ waiting ──a minute after the one before──▶ shown ──pressed──▶ who presses? ──▶ grant ──▶ override ──▶
 * said └── the instance has ended ◀── closed, or a minute is over ─┘     └── in a sandbox: nothing
 *
 * What is pressed is a run of sandboxctl (errand.h), and so asked of the authority as if it had been typed. */
#pragma once

#include "daemon/instances/registry.h"
#include "daemon/launch/context.h"

G_BEGIN_DECLS

typedef struct _SbxAsker SbxAsker;

/* Follows all instances of @registry; NULL without a bus. Both must outlive it. */
SbxAsker *sbx_asker_new (SbxContext *context, SbxRegistry *registry);
/* Takes what is shown from the screen, and ends what runs. */
void sbx_asker_free (SbxAsker *self);

G_END_DECLS
