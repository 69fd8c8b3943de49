/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The turns that launches take. */
#include <glib.h>

#include "daemon/bounds.h"
#include "daemon/launch/slots.h"

typedef struct {
  SbxLaunchSlots *slots;
  GString *log;
  char name;
} Visitor;

static void
on_turn (gpointer user_data)
{
  Visitor *visitor = user_data;

  g_string_append_c (visitor->log, visitor->name);
}

static void
test_order (void)
{
  g_autoptr (SbxLaunchSlots) slots = sbx_launch_slots_new (2, G_MAXINT / 2);
  g_autoptr (GString) log = g_string_new (NULL);
  Visitor visitors[6];

  for (gsize i = 0; i < G_N_ELEMENTS (visitors); i++) {
    visitors[i] = (Visitor){ slots, log, (char) ('a' + i) };
    sbx_launch_slots_enter (slots, on_turn, &visitors[i]);
  }
  g_assert_cmpstr (log->str, ==, "ab");
  while (g_main_context_iteration (NULL, FALSE)) {
  }
  g_assert_cmpstr (log->str, ==, "ab");         /* nobody has left */
  sbx_launch_slots_leave (slots, &visitors[3]); /* tired of waiting */
  sbx_launch_slots_leave (slots, &visitors[0]);
  while (g_main_context_iteration (NULL, FALSE)) {
  }
  g_assert_cmpstr (log->str, ==, "abc");
  sbx_launch_slots_leave (slots, &visitors[1]);
  sbx_launch_slots_leave (slots, &visitors[2]);
  while (g_main_context_iteration (NULL, FALSE)) {
  }
  g_assert_cmpstr (log->str, ==, "abcef");
  sbx_launch_slots_leave (slots, &visitors[4]);
  sbx_launch_slots_leave (slots, &visitors[5]);
}

/* One that never leaves holds up nobody for ever, and may leave all the same. */
static void
test_patience (void)
{
  g_autoptr (SbxLaunchSlots) slots = sbx_launch_slots_new (1, 20);
  g_autoptr (GString) log = g_string_new (NULL);
  Visitor visitors[4];

  for (gsize i = 0; i < G_N_ELEMENTS (visitors); i++) {
    visitors[i] = (Visitor){ slots, log, (char) ('a' + i) };
    sbx_launch_slots_enter (slots, on_turn, &visitors[i]);
  }
  g_assert_cmpstr (log->str, ==, "a");
  while (log->len < G_N_ELEMENTS (visitors))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (log->str, ==, "abcd");
  for (gsize i = 0; i < G_N_ELEMENTS (visitors); i++)
    sbx_launch_slots_leave (slots, &visitors[i]);
  sbx_launch_slots_enter (slots, on_turn, &visitors[0]);
  g_assert_cmpstr (log->str, ==, "abcda");
}

/* As the service sets it: one that hangs gives its place up after half a second, not before and not much later. */
static void
test_half_a_second (void)
{
  g_autoptr (SbxLaunchSlots) slots = sbx_launch_slots_new (1, SBX_STARTING_PATIENCE_MS);
  g_autoptr (GString) log = g_string_new (NULL);
  Visitor hung = { slots, log, 'a' }, next = { slots, log, 'b' };
  gint64 begun = g_get_monotonic_time (), waited;

  sbx_launch_slots_enter (slots, on_turn, &hung);
  sbx_launch_slots_enter (slots, on_turn, &next);
  while (log->len < 2)
    g_main_context_iteration (NULL, TRUE);
  waited = (g_get_monotonic_time () - begun) / 1000;
  g_assert_cmpstr (log->str, ==, "ab");
  g_assert_cmpint (waited, >=, 500);
  g_assert_cmpint (waited, <, 5000); /* a busy machine */
}

/* From inside of its turn one leaves, and so does the next: everybody gets one, and nobody two. */
static void
on_short_turn (gpointer user_data)
{
  Visitor *visitor = user_data;

  on_turn (visitor);
  sbx_launch_slots_leave (visitor->slots, visitor);
}

static void
test_leave_inside (void)
{
  g_autoptr (SbxLaunchSlots) slots = sbx_launch_slots_new (1, G_MAXINT / 2);
  g_autoptr (GString) log = g_string_new (NULL);
  Visitor visitors[5];

  for (gsize i = 0; i < G_N_ELEMENTS (visitors); i++) {
    visitors[i] = (Visitor){ slots, log, (char) ('a' + i) };
    sbx_launch_slots_enter (slots, on_short_turn, &visitors[i]);
  }
  while (g_main_context_iteration (NULL, FALSE)) {
  }
  g_assert_cmpstr (log->str, ==, "abcde");
  /* Twice is once */
  sbx_launch_slots_leave (slots, &visitors[0]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/slots/order", test_order);
  g_test_add_func ("/slots/patience", test_patience);
  g_test_add_func ("/slots/half-a-second", test_half_a_second);
  g_test_add_func ("/slots/leave-inside", test_leave_inside);
  return g_test_run ();
}
