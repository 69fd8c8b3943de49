/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The time between connecting to a keeper that is there already and its GREETED: what is known of its instance is what
 * a file said, and may be the past by now. Nothing is planned from it before (bus/methods.c). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef void (*SbxGreetingFunc) (gpointer data);

/* Zero: nothing is waited for. */
typedef struct {
  guint patience;    /* a source; 0: it is over */
  gboolean given_up; /* it has not come in time: a change may still be under way */
  GQueue waiting;
} SbxGreeting;

/* It is waited for from now on, for SBX_GREETING_SECONDS at most. */
void sbx_greeting_begin (SbxGreeting *self);
/* It has come, or does not come any more: calls those that wait. */
void sbx_greeting_end (SbxGreeting *self);
gboolean sbx_greeting_is_over (const SbxGreeting *self);
/* Calls @func (@data) when it is over, which it must not be yet. It is called in any case. */
void sbx_greeting_then (SbxGreeting *self, SbxGreetingFunc func, gpointer data);

G_END_DECLS
