/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/slots.h"

/* One in each round of the main loop, beside D-Bus calls and keepers' messages: neither keeps the other waiting */
#define PRIORITY G_PRIORITY_DEFAULT

typedef struct {
  SbxLaunchSlotFunc func;
  gpointer user_data;
  gint64 until; /* of one inside: when it no longer counts */
} Visitor;

struct _SbxLaunchSlots {
  guint room, patience_ms;
  GQueue inside, waiting; /* Visitor *, in the order of arrival: who is inside for the longest is first */
  guint source, timer;
};

SbxLaunchSlots *
sbx_launch_slots_new (guint room, guint patience_ms)
{
  SbxLaunchSlots *self = g_new0 (SbxLaunchSlots, 1);

  self->room = room;
  self->patience_ms = patience_ms;
  return self;
}

void
sbx_launch_slots_free (SbxLaunchSlots *self)
{
  g_clear_handle_id (&self->source, g_source_remove);
  g_clear_handle_id (&self->timer, g_source_remove);
  g_queue_clear_full (&self->inside, g_free);
  g_queue_clear_full (&self->waiting, g_free);
  g_free (self);
}

static gboolean
has_room (SbxLaunchSlots *self)
{
  return g_queue_get_length (&self->inside) < self->room;
}

/* Takes @visitor. */
static void
let_in (SbxLaunchSlots *self, Visitor *visitor)
{
  visitor->until = g_get_monotonic_time () + (gint64) self->patience_ms * 1000;
  g_queue_push_tail (&self->inside, visitor);
  visitor->func (visitor->user_data); /* which may have left by now: @visitor is gone then */
}

static void arrange_turn (SbxLaunchSlots *self);

static gboolean
on_turn (gpointer user_data)
{
  SbxLaunchSlots *self = user_data;
  Visitor *next = has_room (self) ? g_queue_pop_head (&self->waiting) : NULL;

  if (!next) {
    self->source = 0;
    arrange_turn (self); /* who has been let in may hang too: its patience runs */
    return G_SOURCE_REMOVE;
  }
  let_in (self, next);
  return G_SOURCE_CONTINUE;
}

static gboolean on_patience_ends (gpointer user_data);

static void
arrange_turn (SbxLaunchSlots *self)
{
  if (g_queue_is_empty (&self->waiting))
    return;
  if (has_room (self)) {
    if (self->source == 0)
      self->source = g_idle_add_full (PRIORITY, on_turn, self, NULL);
  } else if (self->timer == 0) {
    const Visitor *first = g_queue_peek_head (&self->inside);
    gint64 left = MAX (first->until - g_get_monotonic_time (), 0);

    self->timer = g_timeout_add ((guint) (left / 1000) + 1, on_patience_ends, self);
  }
}

static gboolean
on_patience_ends (gpointer user_data)
{
  SbxLaunchSlots *self = user_data;
  gint64 now = g_get_monotonic_time ();
  const Visitor *first;

  self->timer = 0;
  while ((first = g_queue_peek_head (&self->inside)) != NULL && first->until <= now)
    g_free (g_queue_pop_head (&self->inside));
  arrange_turn (self);
  return G_SOURCE_REMOVE;
}

void
sbx_launch_slots_enter (SbxLaunchSlots *self, SbxLaunchSlotFunc func, gpointer user_data)
{
  Visitor *visitor = g_new (Visitor, 1);

  *visitor = (Visitor){ .func = func, .user_data = user_data };
  if (has_room (self) && g_queue_is_empty (&self->waiting)) {
    let_in (self, visitor);
    return;
  }
  g_queue_push_tail (&self->waiting, visitor);
  arrange_turn (self);
}

static gboolean
take_out (GQueue *queue, gconstpointer user_data)
{
  for (GList *at = queue->head; at; at = at->next) {
    Visitor *visitor = at->data;

    if (visitor->user_data == user_data) {
      g_queue_delete_link (queue, at);
      g_free (visitor);
      return TRUE;
    }
  }
  return FALSE;
}

void
sbx_launch_slots_leave (SbxLaunchSlots *self, gpointer user_data)
{
  if (!take_out (&self->inside, user_data) && !take_out (&self->waiting, user_data))
    return; /* it was inside for so long that it no longer counted */
  arrange_turn (self);
}

gboolean
sbx_launch_slots_are_used (const SbxLaunchSlots *self)
{
  return self->inside.length > 0 || self->waiting.length > 0;
}
