/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/turnstile.h"

/* One in each round of the main loop, beside D-Bus calls and keepers' messages: neither keeps the other waiting */
#define PRIORITY G_PRIORITY_DEFAULT

typedef struct {
  SbxTurnFunc func;
  gpointer user_data;
} Waiting;

struct _SbxTurnstile {
  guint room, inside;
  GQueue waiting; /* Waiting * */
  guint source;
};

SbxTurnstile *
sbx_turnstile_new (guint room)
{
  SbxTurnstile *self = g_new0 (SbxTurnstile, 1);

  self->room = room;
  return self;
}

void
sbx_turnstile_free (SbxTurnstile *self)
{
  g_clear_handle_id (&self->source, g_source_remove);
  g_queue_clear_full (&self->waiting, g_free);
  g_free (self);
}

static gboolean
on_turn (gpointer user_data)
{
  SbxTurnstile *self = user_data;
  g_autofree Waiting *next = self->inside < self->room ? g_queue_pop_head (&self->waiting) : NULL;

  if (!next) {
    self->source = 0;
    return G_SOURCE_REMOVE;
  }
  self->inside++;
  next->func (next->user_data);
  return G_SOURCE_CONTINUE;
}

static void
arrange_turn (SbxTurnstile *self)
{
  if (self->source == 0 && self->inside < self->room && !g_queue_is_empty (&self->waiting))
    self->source = g_idle_add_full (PRIORITY, on_turn, self, NULL);
}

void
sbx_turnstile_enter (SbxTurnstile *self, SbxTurnFunc func, gpointer user_data)
{
  Waiting *waiting;

  if (self->inside < self->room && g_queue_is_empty (&self->waiting)) {
    self->inside++;
    func (user_data);
    return;
  }
  waiting = g_new (Waiting, 1);
  *waiting = (Waiting){ func, user_data };
  g_queue_push_tail (&self->waiting, waiting);
  arrange_turn (self);
}

void
sbx_turnstile_leave (SbxTurnstile *self, gpointer user_data)
{
  for (GList *at = self->waiting.head; at; at = at->next) {
    Waiting *waiting = at->data;

    if (waiting->user_data == user_data) {
      g_queue_delete_link (&self->waiting, at);
      g_free (waiting);
      return;
    }
  }
  self->inside--;
  arrange_turn (self);
}
