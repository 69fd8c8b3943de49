/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lets a few launches at a time do their heavy work. Hundreds that start at once would only take processors from each
 * other, and from the service, which has other callers to answer. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SbxLaunchSlots SbxLaunchSlots;

/* @room: how many may be inside. One that has been there for @patience_ms no longer counts: a launch that hangs, on a
 * dead network file system say, must not hold up all others. */
SbxLaunchSlots *sbx_launch_slots_new (guint room, guint patience_ms);
void sbx_launch_slots_free (SbxLaunchSlots *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SbxLaunchSlots, sbx_launch_slots_free)

typedef void (*SbxLaunchSlotFunc) (gpointer user_data);

/* Calls @func when it is @user_data's turn: now if there is room and nobody waits, else later, in the order of arrival,
 * one in each round of the main loop. From then on @user_data is inside, until it leaves. */
void sbx_launch_slots_enter (SbxLaunchSlots *self, SbxLaunchSlotFunc func, gpointer user_data);
/* Inside or still waiting: takes @user_data out. Once for each enter. */
void sbx_launch_slots_leave (SbxLaunchSlots *self, gpointer user_data);

/* Whether a launch is inside or waits. */
gboolean sbx_launch_slots_are_used (const SbxLaunchSlots *self);

G_END_DECLS
