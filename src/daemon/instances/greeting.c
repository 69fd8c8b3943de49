/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/greeting.h"

#include "daemon/bounds.h"

typedef struct {
  SbxGreetingFunc func;
  gpointer data;
} Waiting;

static gboolean
on_patience_ends (gpointer user_data)
{
  SbxGreeting *self = user_data;

  self->patience = 0;
  self->given_up = TRUE;
  sbx_greeting_end (self);
  return G_SOURCE_REMOVE;
}

void
sbx_greeting_begin (SbxGreeting *self)
{
  self->given_up = FALSE;
  if (self->patience == 0)
    self->patience = g_timeout_add_seconds (SBX_GREETING_SECONDS, on_patience_ends, self);
}

void
sbx_greeting_end (SbxGreeting *self)
{
  GQueue waiting = self->waiting; /* a function may be the end of what this is part of */
  Waiting *one;

  g_clear_handle_id (&self->patience, g_source_remove);
  g_queue_init (&self->waiting);
  while ((one = g_queue_pop_head (&waiting)) != NULL) {
    one->func (one->data);
    g_free (one);
  }
}

gboolean
sbx_greeting_is_over (const SbxGreeting *self)
{
  return self->patience == 0;
}

void
sbx_greeting_then (SbxGreeting *self, SbxGreetingFunc func, gpointer data)
{
  Waiting *one = g_new (Waiting, 1);

  *one = (Waiting){ func, data };
  g_queue_push_tail (&self->waiting, one);
}
