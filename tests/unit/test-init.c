/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandbox-init against a keeper that says what a test wants it to say: messages, jobs, reaping. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "init-fixture.h"

static void
test_start (InitFixture *fixture, gconstpointer as_pid_1)
{
  init_expect (fixture, SBX_MSG_READY, 0);
  init_send_simple (fixture, 0, "echo hello; echo end; exit 7");
  init_expect (fixture, SBX_MSG_HELLO, 0);
  g_assert_cmpint (fixture->sender, >, 0);
  g_assert_cmpint (init_expect (fixture, SBX_MSG_STARTED, 0).detail, ==, 0); /* nothing was asked for */
  init_expect_printed (fixture, "hello\n");
  init_expect_exited (fixture, 0, 7 << 8);
  init_expect_end (fixture, 0);
}

static void
test_pid_1 (InitFixture *fixture, gconstpointer as_pid_1)
{
  init_expect (fixture, SBX_MSG_READY, 0);
  init_send_simple (fixture, 0, "echo $PPID; echo end");
  init_expect_started (fixture, 0);
  if (as_pid_1) {
    init_expect_printed (fixture, "1\n");
  } else {
    g_autofree char *parent = g_strdup_printf ("%d\n", (int) fixture->pid);

    init_expect_printed (fixture, parent);
  }
}

static void
test_exec (InitFixture *fixture, gconstpointer as_pid_1)
{
  pid_t first, second;

  init_expect (fixture, SBX_MSG_READY, 0);
  init_send_simple (fixture, 0, "exec sleep 100");
  first = init_expect_started (fixture, 0);
  init_send_simple (fixture, 5, "exec sleep 100");
  second = init_expect_started (fixture, 5);
  g_assert_cmpint (first, !=, second);
  g_assert_cmpint (getsid (first), ==, first);
  g_assert_cmpint (getsid (second), ==, second);
  init_send_simple (fixture, 6, "exit 3");
  init_expect_started (fixture, 6);
  init_expect_exited (fixture, 6, 3 << 8);
  init_say (fixture,
            (SbxMessage){ .type = SBX_MSG_SIGNAL, .job = 6, .value = SIGKILL }); /* has ended: nothing happens */
  init_say (fixture, (SbxMessage){ .type = SBX_MSG_SIGNAL, .job = 5, .value = SIGTERM });
  init_expect_exited (fixture, 5, SIGTERM);
  init_say (fixture, (SbxMessage){ .type = SBX_MSG_SIGNAL, .job = 0, .value = SIGKILL });
  init_expect_exited (fixture, 0, SIGKILL);
  init_expect_end (fixture, 0);
}

/* To the process alone, and to its group. */
static void
test_signal_group (InitFixture *fixture, gconstpointer as_pid_1)
{
  InitStart start;
  pid_t pid;

  init_expect (fixture, SBX_MSG_READY, 0);
  init_begin (&start);
  start.flags = SBX_START_LINGER;
  init_send_command (fixture, &start, 0, "sleep 100 & echo end; wait");
  pid = init_expect_started (fixture, 0);
  init_expect_printed (fixture, "");
  init_send_simple (fixture, 1, "sleep 100 & echo end; wait");
  init_expect_started (fixture, 1);
  init_expect_printed (fixture, "");
  init_say (fixture, (SbxMessage){ .type = SBX_MSG_SIGNAL, .job = 1, .value = SIGKILL, .detail = 1 });
  init_expect_exited (fixture, 1, SIGKILL);
  init_say (fixture, (SbxMessage){ .type = SBX_MSG_SIGNAL, .job = 0, .value = SIGKILL });
  init_expect_exited (fixture, 0, SIGKILL);
  init_expect_quiet (fixture); /* its own sleep is left, and no other */
  g_assert_cmpint (kill (-pid, SIGKILL), ==, 0);
  init_expect_end (fixture, 0);
}

static void
test_linger (InitFixture *fixture, gconstpointer as_pid_1)
{
  InitStart start;

  init_expect (fixture, SBX_MSG_READY, 0);
  init_begin (&start);
  start.flags = SBX_START_LINGER;
  init_send_command (fixture, &start, 0, "(sleep 0.3; echo last; echo end) & exit 0");
  init_expect_started (fixture, 0);
  init_expect_exited (fixture, 0, 0);
  init_expect_printed (fixture, "last\n");
  init_expect_end (fixture, 0);
}

static void
test_hold (InitFixture *fixture, gconstpointer as_pid_1)
{
  init_expect (fixture, SBX_MSG_READY, 0);
  init_say (fixture, (SbxMessage){ .type = SBX_MSG_HOLD, .value = 1 });
  init_send_simple (fixture, 0, "exit 0");
  init_expect_started (fixture, 0);
  init_expect_exited (fixture, 0, 0);
  init_expect_quiet (fixture);
  init_send_simple (fixture, 1, "exit 1"); /* as a handler would see it: it still serves */
  init_expect_started (fixture, 1);
  init_expect_exited (fixture, 1, 1 << 8);
  init_say (fixture, (SbxMessage){ .type = SBX_MSG_HOLD, .value = 0 });
  init_expect_end (fixture, 0);
}

/* HOLD is taken back before the application has ended. */
static void
test_hold_released (InitFixture *fixture, gconstpointer as_pid_1)
{
  init_expect (fixture, SBX_MSG_READY, 0);
  init_say (fixture, (SbxMessage){ .type = SBX_MSG_HOLD, .value = 1 });
  init_say (fixture, (SbxMessage){ .type = SBX_MSG_HOLD, .value = 0 });
  init_expect_quiet (fixture);
  init_send_simple (fixture, 0, "exit 0");
  init_expect_started (fixture, 0);
  init_expect_exited (fixture, 0, 0);
  init_expect_end (fixture, 0);
}

/* What has joined the application keeps the instance as that does, and may be joined in turn. */
static void
test_keeps (InitFixture *fixture, gconstpointer as_pid_1)
{
  InitStart start;

  init_expect (fixture, SBX_MSG_READY, 0);
  init_send_simple (fixture, 0, "exec sleep 100");
  init_expect_started (fixture, 0);
  init_begin (&start);
  start.keeps = TRUE;
  init_send_command (fixture, &start, 1, "exec sleep 100");
  init_expect_started (fixture, 1);
  init_send_simple (fixture, 2, "exec sleep 100"); /* nobody stays for this one */
  init_expect_started (fixture, 2);
  init_say (fixture, (SbxMessage){ .type = SBX_MSG_SIGNAL, .job = 0, .value = SIGKILL });
  init_expect_exited (fixture, 0, SIGKILL);
  init_expect_quiet (fixture);
  init_begin (&start);
  start.keeps = TRUE;
  init_send_command (fixture, &start, 3, "exec sleep 100");
  init_expect_started (fixture, 3);
  init_say (fixture, (SbxMessage){ .type = SBX_MSG_SIGNAL, .job = 1, .value = SIGKILL });
  init_expect_exited (fixture, 1, SIGKILL);
  init_expect_quiet (fixture);
  init_say (fixture, (SbxMessage){ .type = SBX_MSG_SIGNAL, .job = 3, .value = SIGKILL });
  init_expect_exited (fixture, 3, SIGKILL);
  if (as_pid_1) { /* it is told, which its caller hears, and counted */
    init_expect_exited (fixture, 2, SIGTERM);
    g_assert_cmpint (init_expect (fixture, SBX_MSG_LEFTOVERS, 0).value, ==, 1);
  }
  init_expect_end (fixture, 0);
}

static void
test_keeper_gone (InitFixture *fixture, gconstpointer as_pid_1)
{
  init_expect (fixture, SBX_MSG_READY, 0);
  close (fixture->init);
  fixture->init = -1;
  init_expect_status (fixture, 1);
}

static void
test_keeper_gone_later (InitFixture *fixture, gconstpointer as_pid_1)
{
  pid_t pid;

  init_expect (fixture, SBX_MSG_READY, 0);
  init_send_simple (fixture, 0, "exec sleep 100");
  pid = init_expect_started (fixture, 0);
  close (fixture->init);
  fixture->init = -1;
  init_expect_status (fixture, 1);
  if (as_pid_1)
    g_assert_true (kill (pid, 0) < 0 && errno == ESRCH); /* the kernel has killed all there was */
  else
    kill (pid, SIGKILL);
}

static void
test_bad_messages (InitFixture *fixture, gconstpointer as_pid_1)
{
  init_expect (fixture, SBX_MSG_READY, 0);
  g_assert_cmpint (send (fixture->init, "hello", 5, MSG_NOSIGNAL), ==, 5);
  init_expect_end (fixture, 1);
}

static void
test_exec_too_early (InitFixture *fixture, gconstpointer as_pid_1)
{
  init_expect (fixture, SBX_MSG_READY, 0);
  init_send_simple (fixture, 1, "echo never");
  init_expect_end (fixture, 1);
  g_assert_false (init_is_readable (fixture->out, 0));
}

static void
test_start_twice (InitFixture *fixture, gconstpointer as_pid_1)
{
  init_expect (fixture, SBX_MSG_READY, 0);
  init_send_simple (fixture, 0, "exec sleep 1");
  init_expect_started (fixture, 0);
  init_send_simple (fixture, 0, "echo never");
  init_expect_end (fixture, 1);
  g_assert_false (init_is_readable (fixture->out, 0));
}

/* A block that is not sealed, and one that is no block. */
static void
test_bad_block (InitFixture *fixture, gconstpointer as_pid_1)
{
  const SbxMessage exec = { .type = SBX_MSG_EXEC, .job = 1 };
  int fd = memfd_create ("block", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  init_expect (fixture, SBX_MSG_READY, 0);
  init_send_simple (fixture, 0, "exec sleep 100");
  init_expect_started (fixture, 0);
  g_assert_cmpint (write (fd, "12345678", 8), ==, 8);
  g_assert_cmpint (sbx_message_send (fixture->init, &exec, &fd, 1), ==, 0);
  init_expect_failed (fixture, 1, SBX_STEP_PROTOCOL, EPERM);
  g_assert_cmpint (fcntl (fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), ==, 0);
  g_assert_cmpint (sbx_message_send (fixture->init, &exec, &fd, 1), ==, 0);
  init_expect_failed (fixture, 1, SBX_STEP_PROTOCOL, EBADMSG);
  close (fd);
  init_send_simple (fixture, 2, "exit 0"); /* and it goes on */
  init_expect_started (fixture, 2);
  init_expect_exited (fixture, 2, 0);
}

static void
test_bad_start (InitFixture *fixture, gconstpointer as_pid_1)
{
  const SbxMessage message = { .type = SBX_MSG_START };
  int fd = memfd_create ("block", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  init_expect (fixture, SBX_MSG_READY, 0);
  g_assert_cmpint (write (fd, "12345678", 8), ==, 8);
  g_assert_cmpint (sbx_message_send (fixture->init, &message, &fd, 1), ==, 0);
  close (fd);
  init_expect_failed (fixture, 0, SBX_STEP_PROTOCOL, EPERM);
  init_expect_end (fixture, 1);
}

/* Other descriptors than FDMAP names. */
static void
test_bad_descriptors (InitFixture *fixture, gconstpointer as_pid_1)
{
  static const char *const argv[] = { "/bin/true", NULL };
  const SbxMessage message = { .type = SBX_MSG_START };
  gint32 targets[] = { 0, 1 };
  SbxBlockWriter writer = { 0 };
  int fd;

  init_expect (fixture, SBX_MSG_READY, 0);
  sbx_block_add (&writer, SBX_TAG_FDMAP, targets, sizeof targets);
  sbx_block_add_strv (&writer, SBX_TAG_ARGV, argv);
  sbx_block_add_string (&writer, SBX_TAG_INFO, "info");
  fd = sbx_block_finish (&writer);
  g_assert_cmpint (sbx_message_send (fixture->init, &message, &fd, 1), ==, 0);
  close (fd);
  init_expect_failed (fixture, 0, SBX_STEP_PROTOCOL, EBADMSG);
  init_expect_end (fixture, 1);
}

/* Which children a process has, zombies included. */
static char *
read_children (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/children", (int) pid, (int) pid);
  char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return g_strchomp (text);
}

/* What lost its parent goes to init, which reaps it. */
static void
test_orphans (InitFixture *fixture, gconstpointer as_pid_1)
{
  gint64 until = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
  g_autofree char *wanted = NULL, *children = NULL;
  pid_t init;

  init_expect (fixture, SBX_MSG_READY, 0);
  init = fixture->sender;
  init_send_simple (fixture, 0, "exec sleep 100");
  wanted = g_strdup_printf ("%d", (int) init_expect_started (fixture, 0));
  for (guint32 i = 1; i < 10; i++) {
    init_send_simple (fixture, i, "(sleep 0.05; echo end) & exit 0");
    init_expect_started (fixture, i);
    init_expect_exited (fixture, i, 0);
    g_free (children);
    children = read_children (init);
    g_assert_cmpstr (children, !=, wanted); /* there it is */
    init_expect_printed (fixture, "");
  }
  do {
    g_usleep (1000);
    g_free (children);
    children = read_children (init);
  } while (g_strcmp0 (children, wanted) != 0 && g_get_monotonic_time () < until);
  g_assert_cmpstr (children, ==, wanted);
}

/* The application is "sh -c SCRIPT", which prints "end" and ends while others run. @n: how many of those are counted as
 * ended then, in less than @ms milliseconds. As an ordinary child init touches nobody: the keeper sweeps. */
static void
expect_leftovers (InitFixture *fixture, gconstpointer as_pid_1, const char *script, int n, int ms)
{
  gint64 start;

  init_expect (fixture, SBX_MSG_READY, 0);
  init_send_simple (fixture, 0, script);
  init_expect_started (fixture, 0);
  init_expect_exited (fixture, 0, 3 << 8);
  start = g_get_monotonic_time ();
  if (as_pid_1 && n > 0)
    g_assert_cmpint (init_expect (fixture, SBX_MSG_LEFTOVERS, 0).value, ==, n);
  init_expect_end (fixture, 0);
  g_assert_cmpint (g_get_monotonic_time () - start, <, ms * G_TIME_SPAN_MILLISECOND);
}

/* Told to end, and given the time that it takes. What it has started is its own to wait for. */
static void
test_leftover_flushes (InitFixture *fixture, gconstpointer as_pid_1)
{
  expect_leftovers (
      fixture, as_pid_1,
      "rm -f ready; sh -c 'trap \"sleep 0.3; echo flushed; echo end; exit\" TERM; sleep 100 & echo >ready; "
      "wait' & while ! test -e ready; do sleep 0.02; done; exit 3",
      1, 2000);
  if (as_pid_1)
    init_expect_printed (fixture, "flushed\n");
}

static void
test_leftover_ends_by_itself (InitFixture *fixture, gconstpointer as_pid_1)
{
  expect_leftovers (fixture, as_pid_1, "sleep 0.05 & exit 3", 0, 2000);
}

static void
test_leftover_is_stubborn (InitFixture *fixture, gconstpointer as_pid_1)
{
  gint64 start = g_get_monotonic_time ();

  expect_leftovers (fixture, as_pid_1, "trap '' TERM; sleep 100 & sleep 100 & exit 3", 2, 4000);
  if (as_pid_1)
    g_assert_cmpint (g_get_monotonic_time () - start, >=, 2 * G_TIME_SPAN_SECOND);
}

static void
test_leftover_is_stopped (InitFixture *fixture, gconstpointer as_pid_1)
{
  expect_leftovers (fixture, as_pid_1, "sleep 100 & kill -STOP $!; exit 3", 1, 2000);
}

/* Whose processes fork and end without end: it comes to an end all the same. So many at once that the machine goes on
 * for others. */
static void
test_leftover_forks (InitFixture *fixture, gconstpointer as_pid_1)
{
  if (!as_pid_1) /* whose processes nobody would end here */
    return;
  init_expect (fixture, SBX_MSG_READY, 0);
  init_send_simple (fixture, 0,
                    "trap '' TERM; f () { sleep 0.01; f & }; for i in $(seq 40); do f & done; sleep 0.02; exit 3");
  init_expect_started (fixture, 0);
  init_expect_exited (fixture, 0, 3 << 8);
  g_assert_cmpint (init_expect (fixture, SBX_MSG_LEFTOVERS, 0).value, >, 0);
  init_expect_end (fixture, 0);
}

/* Somebody joins just then: the instance stays, and who is there goes on. */
static void
test_leftover_is_joined (InitFixture *fixture, gconstpointer as_pid_1)
{
  InitStart start;

  if (!as_pid_1)
    return;
  init_expect (fixture, SBX_MSG_READY, 0);
  init_send_simple (fixture, 0, "trap '' TERM; sleep 100 & exit 3");
  init_expect_started (fixture, 0);
  init_expect_exited (fixture, 0, 3 << 8);
  init_begin (&start);
  start.keeps = TRUE;
  init_send_command (fixture, &start, 1, "sleep 3; exit 4");
  init_expect_started (fixture, 1);
  init_expect_exited (fixture, 1, 4 << 8);
  g_assert_cmpint (init_expect (fixture, SBX_MSG_LEFTOVERS, 0).value, ==, 1); /* it was there till now */
  init_expect_end (fixture, 0);
}

int
main (int argc, char **argv)
{
  static const InitTest tests[] = {
    { "start", test_start },
    { "pid-1", test_pid_1 },
    { "exec", test_exec },
    { "signal-group", test_signal_group },
    { "linger", test_linger },
    { "hold", test_hold },
    { "hold-released", test_hold_released },
    { "keeps", test_keeps },
    { "keeper-gone", test_keeper_gone },
    { "keeper-gone-later", test_keeper_gone_later },
    { "bad-message", test_bad_messages },
    { "exec-too-early", test_exec_too_early },
    { "start-twice", test_start_twice },
    { "bad-block", test_bad_block },
    { "bad-start", test_bad_start },
    { "bad-descriptors", test_bad_descriptors },
    { "orphans", test_orphans },
    { "leftovers/flush", test_leftover_flushes },
    { "leftovers/by-itself", test_leftover_ends_by_itself },
    { "leftovers/stubborn", test_leftover_is_stubborn },
    { "leftovers/stopped", test_leftover_is_stopped },
    { "leftovers/fork", test_leftover_forks },
    { "leftovers/joined", test_leftover_is_joined },
  };

  return init_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
