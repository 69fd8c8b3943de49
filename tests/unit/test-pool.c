/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Boxes that wait: when one is made, when it is used, when it goes. The test plays the keepers. */
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/launch/pool.h"
#include "fake-machine.h"
#include "wire/message.h"

#define REFILL_MS 5
#define LOOK_SECONDS 1

/* What the pool finds around it. */
typedef struct {
  SbxPool *pool;
  GArray *keepers; /* int: our ends of the sockets */
  const char *facts;
  gboolean pressed, busy, broken;
} Around;

static int
start (gpointer data, const SbxSkeleton *skeleton, pid_t *keeper, GError **error)
{
  Around *around = data;
  int pair[2];

  if (around->broken) {
    sbx_throw (error, SBX_ERROR_SPAWN_FAILED, "no keeper today");
    return -1;
  }
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
  g_array_append_val (around->keepers, pair[1]);
  *keeper = 4000 + (pid_t) around->keepers->len;
  return pair[0];
}

static char *
get_facts (gpointer data, const SbxSkeleton *skeleton)
{
  return g_strdup (((Around *) data)->facts);
}

static gboolean
is_pressed (gpointer data)
{
  return ((Around *) data)->pressed;
}

static gboolean
is_busy (gpointer data)
{
  return ((Around *) data)->busy;
}

static const SbxPoolFunctions functions = { start, get_facts, is_pressed, is_busy };

static void
set_up (Around *around, guint room)
{
  *around = (Around){ .facts = "as they are" };
  around->keepers = g_array_new (FALSE, FALSE, sizeof (int));
  around->pool = sbx_pool_new (&functions, around, room, REFILL_MS, LOOK_SECONDS);
}

static void
tear_down (Around *around)
{
  sbx_pool_free (around->pool);
  for (guint i = 0; i < around->keepers->len; i++)
    close (g_array_index (around->keepers, int, i));
  g_array_unref (around->keepers);
}

static gboolean
on_time (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
pass (guint ms)
{
  gboolean over = FALSE;

  g_timeout_add (ms, on_time, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

static void
until_made (const Around *around, guint n)
{
  for (int i = 0; i < 500 && around->keepers->len < n; i++)
    pass (10);
  g_assert_cmpuint (around->keepers->len, ==, n);
}

/* Keeper number @i says that its box is there. */
static void
say_ready (const Around *around, guint i)
{
  SbxMessage message = { .type = SBX_MSG_READY };
  guint before = sbx_pool_count (around->pool);

  g_assert_cmpint (sbx_message_send (g_array_index (around->keepers, int, i), &message, NULL, 0), ==, 0);
  for (int n = 0; n < 500 && sbx_pool_count (around->pool) == before; n++)
    pass (10);
  g_assert_cmpuint (sbx_pool_count (around->pool), ==, before + 1);
}

/* Whether the other end of keeper number @i is closed: it takes its box down then. */
static gboolean
is_dropped (const Around *around, guint i)
{
  char byte;

  return recv (g_array_index (around->keepers, int, i), &byte, 1, MSG_DONTWAIT) == 0;
}

static SbxSkeleton *
skeleton_for (const char *key, const char *value)
{
  g_autoptr (SbxPolicy) base = shipped ("default"), policy = key ? with (base, "Context", key, value) : NULL;
  Fake fake = new_fake ();
  g_autoptr (GHashTable) filters = fake.machine.filters;
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxPlan) plan = sbx_plan_new (policy ? policy : base, &request, &fake.machine, &error);

  g_assert_no_error (error);
  return sbx_skeleton_new (sbx_plan_get_box (plan));
}

/* A box for the kind that was launched last, and one with the same skeleton for whatever else differs. */
static void
test_use (void)
{
  g_autoptr (SbxSkeleton) first = skeleton_for (NULL, NULL), second = skeleton_for ("filesystems", "/srv/data;"),
                          other = skeleton_for ("shared", "network;");
  Around around;
  pid_t keeper = 0;
  int sock;

  g_assert_true (sbx_skeleton_equal (first, second));
  g_assert_false (sbx_skeleton_equal (first, other));
  set_up (&around, 1);
  g_assert_cmpint (sbx_pool_take (around.pool, first, &keeper), ==, -1); /* none before a launch */
  sbx_pool_want (around.pool, first);
  g_assert_cmpuint (around.keepers->len, ==, 0); /* not at once */
  until_made (&around, 1);
  g_assert_cmpint (sbx_pool_take (around.pool, second, &keeper), ==, -1); /* it does not stand yet */
  say_ready (&around, 0);
  g_assert_cmpint (sbx_pool_take (around.pool, other, &keeper), ==, -1);
  sock = sbx_pool_take (around.pool, second, &keeper);
  g_assert_cmpint (sock, >=, 0);
  g_assert_cmpint (keeper, ==, 4001);
  g_assert_cmpint (sbx_pool_take (around.pool, second, &keeper), ==, -1); /* each once */
  g_assert_false (is_dropped (&around, 0));
  close (sock);
  tear_down (&around);
}

/* Not while launches are under way, and again after each. */
static void
test_refill (void)
{
  g_autoptr (SbxSkeleton) skeleton = skeleton_for (NULL, NULL);
  Around around;
  pid_t keeper;

  set_up (&around, 1);
  around.busy = TRUE;
  sbx_pool_want (around.pool, skeleton);
  pass (10 * REFILL_MS);
  g_assert_cmpuint (around.keepers->len, ==, 0);
  around.busy = FALSE;
  until_made (&around, 1);
  say_ready (&around, 0);
  pass (10 * REFILL_MS);
  g_assert_cmpuint (around.keepers->len, ==, 1); /* there is no room for more */
  close (sbx_pool_take (around.pool, skeleton, &keeper));
  sbx_pool_want (around.pool, skeleton);
  until_made (&around, 2);
  tear_down (&around);
}

/* As many kinds as there is room, those used last. */
static void
test_kinds (void)
{
  g_autoptr (SbxSkeleton) one = skeleton_for (NULL, NULL), two = skeleton_for ("shared", "network;"),
                          three = skeleton_for ("shared", "ipc;");
  Around around;

  set_up (&around, 2);
  sbx_pool_want (around.pool, one);
  sbx_pool_want (around.pool, two);
  until_made (&around, 1);
  say_ready (&around, 0);
  until_made (&around, 2);
  say_ready (&around, 1);
  sbx_pool_want (around.pool, three); /* two was made first, so that the oldest is number 1 */
  g_assert_true (is_dropped (&around, 1));
  g_assert_false (is_dropped (&around, 0));
  until_made (&around, 3);
  tear_down (&around);
}

/* Several of one kind, as long as no other one needs the place. */
static void
test_spares (void)
{
  g_autoptr (SbxSkeleton) one = skeleton_for (NULL, NULL), two = skeleton_for ("shared", "network;");
  Around around;

  set_up (&around, 3);
  sbx_pool_want (around.pool, one);
  for (guint i = 0; i < 3; i++) {
    until_made (&around, i + 1);
    say_ready (&around, i);
  }
  pass (10 * REFILL_MS);
  g_assert_cmpuint (around.keepers->len, ==, 3);
  sbx_pool_want (around.pool, two);
  until_made (&around, 4);
  g_assert_cmpuint (is_dropped (&around, 0) + is_dropped (&around, 1) + is_dropped (&around, 2), ==, 1);
  say_ready (&around, 3);
  pass (10 * REFILL_MS);
  g_assert_cmpuint (around.keepers->len, ==, 4);
  tear_down (&around);
}

/* What would be made otherwise now is not used, and goes by itself too. */
static void
test_stale (void)
{
  g_autoptr (SbxSkeleton) skeleton = skeleton_for (NULL, NULL);
  Around around;
  pid_t keeper;

  set_up (&around, 1);
  sbx_pool_want (around.pool, skeleton);
  until_made (&around, 1);
  say_ready (&around, 0);
  around.facts = "something has changed";
  g_assert_cmpint (sbx_pool_take (around.pool, skeleton, &keeper), ==, -1);
  g_assert_true (is_dropped (&around, 0));
  sbx_pool_want (around.pool, skeleton);
  until_made (&around, 2);
  say_ready (&around, 1);
  around.facts = "and again";
  until_made (&around, 3); /* nobody has asked for it */
  g_assert_true (is_dropped (&around, 1));
  tear_down (&around);
}

static void
test_pressure (void)
{
  g_autoptr (SbxSkeleton) skeleton = skeleton_for (NULL, NULL);
  g_autoptr (GVariant) about = NULL;
  const char *detail = NULL;
  Around around;

  set_up (&around, 1);
  sbx_pool_want (around.pool, skeleton);
  until_made (&around, 1);
  say_ready (&around, 0);
  around.pressed = TRUE;
  for (int i = 0; i < 500 && sbx_pool_count (around.pool) > 0; i++)
    pass (10);
  g_assert_true (is_dropped (&around, 0));
  sbx_pool_want (around.pool, skeleton);
  pass (10 * REFILL_MS);
  g_assert_cmpuint (around.keepers->len, ==, 1);
  about = g_variant_ref_sink (sbx_pool_describe (around.pool));
  g_assert_true (g_variant_lookup (about, "detail", "&s", &detail));
  g_assert_cmpstr (detail, ==, "none is made: memory is short");
  tear_down (&around);
}

/* One that ends while it waits is not used, and not made again before somebody wants it. */
static void
test_keeper_ends (void)
{
  g_autoptr (SbxSkeleton) skeleton = skeleton_for (NULL, NULL);
  Around around;
  pid_t keeper;

  set_up (&around, 1);
  sbx_pool_want (around.pool, skeleton);
  until_made (&around, 1);
  say_ready (&around, 0);
  g_assert_cmpint (shutdown (g_array_index (around.keepers, int, 0), SHUT_RDWR), ==, 0);
  g_assert_cmpint (sbx_pool_take (around.pool, skeleton, &keeper), ==, -1);
  pass (10 * REFILL_MS);
  g_assert_cmpuint (around.keepers->len, ==, 1);
  around.broken = TRUE;
  sbx_pool_want (around.pool, skeleton);
  pass (10 * REFILL_MS);
  around.broken = FALSE;
  sbx_pool_want (around.pool, skeleton);
  until_made (&around, 2);
  tear_down (&around);
}

/* Without room there is none; and an end takes all along. */
static void
test_off (void)
{
  g_autoptr (SbxSkeleton) skeleton = skeleton_for (NULL, NULL);
  Around around;

  set_up (&around, 0);
  sbx_pool_want (around.pool, skeleton);
  pass (10 * REFILL_MS);
  g_assert_cmpuint (around.keepers->len, ==, 0);
  tear_down (&around);
  set_up (&around, 1);
  sbx_pool_want (around.pool, skeleton);
  until_made (&around, 1);
  sbx_pool_close (around.pool);
  g_assert_true (is_dropped (&around, 0));
  sbx_pool_want (around.pool, skeleton);
  pass (10 * REFILL_MS);
  g_assert_cmpuint (around.keepers->len, ==, 1);
  tear_down (&around);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pool/use", test_use);
  g_test_add_func ("/pool/refill", test_refill);
  g_test_add_func ("/pool/kinds", test_kinds);
  g_test_add_func ("/pool/spares", test_spares);
  g_test_add_func ("/pool/stale", test_stale);
  g_test_add_func ("/pool/pressure", test_pressure);
  g_test_add_func ("/pool/keeper-ends", test_keeper_ends);
  g_test_add_func ("/pool/off", test_off);
  return g_test_run ();
}
