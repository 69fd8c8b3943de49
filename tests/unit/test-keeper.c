/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keeper's states: between a service, a caller and an init that are played by the test. fake-bwrap.c has the
 * processes that stand for bwrap, init and the application; no namespace is made. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake-bwrap.h"
#include "keeper-fixture.h"
#include "keeper/gather.h"

#define DAEMON SBX_CHANNEL_KEEPER_TO_DAEMON
#define INIT SBX_CHANNEL_KEEPER_TO_INIT
#define CALLER SBX_CHANNEL_KEEPER_TO_CALLER

static void
expect_failure (Keeper *keeper, SbxStep step, int error, const char *text)
{
  SbxMessage message;

  keeper_expect (keeper->service, DAEMON, SBX_MSG_FAILED, &message, NULL);
  g_assert_cmpint (message.detail, ==, (int) step);
  g_assert_cmpint (message.value, ==, error);
  if (text)
    g_assert_cmpstr (message.text, ==, text);
  keeper_expect_exit (keeper, 1);
  g_assert_false (keeper_has_record (keeper));
}

/* EXITED with @status, then ENDED. */
static void
expect_end (Keeper *keeper, int sock, int status, SbxCulprit culprit)
{
  SbxMessage message;

  keeper_expect (sock, DAEMON, SBX_MSG_EXITED, &message, NULL);
  g_assert_cmpint (message.value, ==, status);
  keeper_expect (sock, DAEMON, SBX_MSG_ENDED, &message, NULL);
  g_assert_cmpint (message.value, ==, (int) culprit);
  keeper_expect_end (sock);
}

static void
assert_status (Keeper *keeper, const char *name, const char *wanted)
{
  g_autofree char *value = keeper_get_status (keeper, name);

  g_assert_cmpstr (value, ==, wanted);
}

/* START is here before init is: it goes on by itself, and READY is no news. */
static void
test_early_start (Keeper *keeper, gconstpointer data)
{
  pid_t pid = keeper_make_run (keeper, 0, -1);
  g_autofree char *written = g_strdup_printf ("%d", (int) pid);

  g_assert_cmpint (kill (pid, 0), ==, 0);
  assert_status (keeper, "State", "running");
  assert_status (keeper, "Pid", written);
  keeper_end_application (keeper, 7 << 8);
  expect_end (keeper, keeper->service, 7 << 8, SBX_CULPRIT_APPLICATION);
  keeper_expect_exit (keeper, 0);
  assert_status (keeper, "State", "exited");
  assert_status (keeper, "WaitStatus", "1792");
  assert_status (keeper, "Culprit", "application");
}

/* READY is told when both the box and what furnishes it are there, and once more where the box was there before. */
static void
prepare_and_wait (Keeper *keeper)
{
  keeper_prepare (keeper);
  for (guint i = 0; i < 5000 && !keeper_has_record (keeper); i++)
    g_usleep (1000);
  g_assert_true (keeper_has_record (keeper));
}

/* READY comes with init's pidfd, and nothing goes on without a START. */
static void
test_ready_first (Keeper *keeper, gconstpointer data)
{
  SbxMessage message;
  gsize n;

  keeper_start (keeper);
  prepare_and_wait (keeper);
  keeper_init_says (keeper, SBX_MSG_READY, 0, 0);
  keeper_expect (keeper->service, DAEMON, SBX_MSG_READY, &message, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpint (message.pid, >, 0);
  keeper_expect_silence (keeper->init);
  keeper_send_start (keeper, 0, -1);
  keeper_expect (keeper->init, INIT, SBX_MSG_START, &message, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpint (message.value, ==, 0);
  /* A second one, and a second READY, are nothing */
  keeper_send_start (keeper, 0, -1);
  keeper_init_says (keeper, SBX_MSG_READY, 0, 0);
  keeper_expect_silence (keeper->init);
  keeper_expect_silence (keeper->service);
}

/* A box waits without a name or a record, and nothing starts in it before it is an instance's. */
static void
test_box_waits (Keeper *keeper, gconstpointer data)
{
  SbxMessage message;
  gsize n;

  keeper_start (keeper);
  keeper_make_box (keeper);
  keeper_init_says (keeper, SBX_MSG_READY, 0, 0);
  keeper_expect (keeper->service, DAEMON, SBX_MSG_READY, &message, &n);
  g_assert_cmpuint (n, ==, 1);
  keeper_send_start (keeper, 0, -1);
  keeper_expect_silence (keeper->init);
  g_assert_false (keeper_has_record (keeper));
  keeper_furnish (keeper);
  keeper_expect (keeper->service, DAEMON, SBX_MSG_READY, &message, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpint (message.pid, >, 0);
  g_assert_true (keeper_has_record (keeper));
  keeper_furnish (keeper); /* it is somebody's already */
  keeper_expect_silence (keeper->service);
  keeper_expect_silence (keeper->init);
  keeper_send_start (keeper, 0, -1);
  keeper_expect (keeper->init, INIT, SBX_MSG_START, &message, &n);
  keeper_init_says (keeper, SBX_MSG_STARTED, 0, 0);
  keeper_expect (keeper->service, DAEMON, SBX_MSG_STARTED, &message, NULL);
}

/* What waits ends with the service: nobody else knows of it. */
static void
test_box_ends_with_service (Keeper *keeper, gconstpointer data)
{
  SbxMessage message;

  keeper_start (keeper);
  keeper_make_box (keeper);
  keeper_init_says (keeper, SBX_MSG_READY, 0, 0);
  keeper_expect (keeper->service, DAEMON, SBX_MSG_READY, &message, NULL);
  close (keeper->service);
  keeper->service = -1;
  keeper_expect_exit (keeper, 1);
  g_assert_false (keeper_has_record (keeper));
}

/* Init cannot say that it runs before it was told to, nor that it has failed when it runs. */
static void
test_init_out_of_turn (Keeper *keeper, gconstpointer data)
{
  SbxMessage message;

  keeper_start (keeper);
  prepare_and_wait (keeper);
  keeper_init_says (keeper, SBX_MSG_READY, 0, 0);
  keeper_expect (keeper->service, DAEMON, SBX_MSG_READY, &message, NULL);
  keeper_init_says (keeper, SBX_MSG_STARTED, 0, 0);
  keeper_expect_silence (keeper->service);
  keeper_send_start (keeper, 0, -1);
  keeper_expect (keeper->init, INIT, SBX_MSG_START, &message, NULL);
  keeper_init_says (keeper, SBX_MSG_STARTED, 0, 0);
  keeper_expect (keeper->service, DAEMON, SBX_MSG_STARTED, &message, NULL);
  keeper_init_says (keeper, SBX_MSG_STARTED, 0, 0);
  keeper_init_says (keeper, SBX_MSG_FAILED, ENOENT, SBX_STEP_EXEC);
  keeper_expect_silence (keeper->service);
  keeper_end_application (keeper, 0);
  expect_end (keeper, keeper->service, 0, SBX_CULPRIT_APPLICATION);
}

/* What init says is in force is added, and no more than it may say. */
static void
test_enforced (Keeper *keeper, gconstpointer data)
{
  SbxMessage message;

  keeper_start (keeper);
  keeper_prepare (keeper);
  keeper_send_early_start (keeper, 0, -1);
  keeper_init_says (keeper, SBX_MSG_READY, 0, 0);
  keeper_expect (keeper->init, INIT, SBX_MSG_START, &message, NULL);
  keeper_init_says (keeper, SBX_MSG_STARTED, 0, SBX_ENFORCED_ALL);
  keeper_expect (keeper->service, DAEMON, SBX_MSG_STARTED, &message, NULL);
  g_assert_cmpint (message.detail, ==, SBX_ENFORCED_APP_DOMAIN | SBX_ENFORCED_SECCOMP);
}

static void
test_init_failure (Keeper *keeper, gconstpointer data)
{
  SbxMessage message;

  keeper_start (keeper);
  keeper_prepare (keeper);
  keeper_send_early_start (keeper, 0, -1);
  keeper_init_says (keeper, SBX_MSG_READY, 0, 0);
  keeper_expect (keeper->init, INIT, SBX_MSG_START, &message, NULL);
  keeper_init_says (keeper, SBX_MSG_FAILED, ENOENT, SBX_STEP_EXEC);
  expect_failure (keeper, SBX_STEP_EXEC, ENOENT, "");
}

/* Init has told why, and ends at once, and bwrap with it. */
static void
test_init_failure_and_end (Keeper *keeper, gconstpointer data)
{
  SbxMessage message;

  keeper_start (keeper);
  keeper_prepare (keeper);
  keeper_send_early_start (keeper, 0, -1);
  keeper_init_says (keeper, SBX_MSG_READY, 0, 0);
  keeper_expect (keeper->init, INIT, SBX_MSG_START, &message, NULL);
  g_assert_cmpint (kill (keeper->keeper, SIGSTOP), ==, 0);
  keeper_init_says (keeper, SBX_MSG_FAILED, EACCES, SBX_STEP_SECCOMP);
  fake_init_exit (keeper->init, 1);
  g_usleep (50000);
  g_assert_cmpint (kill (keeper->keeper, SIGCONT), ==, 0);
  expect_failure (keeper, SBX_STEP_SECCOMP, EACCES, "");
}

static void
test_bwrap_complains (Keeper *keeper, gconstpointer data)
{
  keeper_start (keeper);
  keeper_prepare (keeper);
  fake_bwrap_print (keeper->init, "bwrap: no\n");
  fake_init_exit (keeper->init, 1);
  expect_failure (keeper, SBX_STEP_NAMESPACES, 0, "bwrap: no\n");
}

static void
test_bwrap_ends_silently (Keeper *keeper, gconstpointer data)
{
  keeper_start (keeper);
  keeper_prepare (keeper);
  fake_init_exit (keeper->init, 3);
  expect_failure (keeper, SBX_STEP_NAMESPACES, 0, "sandbox-init ended with status 3");
}

static void
test_service_leaves_before_start (Keeper *keeper, gconstpointer data)
{
  SbxMessage message;

  keeper_start (keeper);
  keeper_prepare (keeper);
  keeper_init_says (keeper, SBX_MSG_READY, 0, 0);
  keeper_expect (keeper->service, DAEMON, SBX_MSG_READY, &message, NULL);
  close (keeper->service);
  keeper->service = -1;
  keeper_expect_exit (keeper, 1);
  g_assert_false (keeper_has_record (keeper));
}

/* With a START but no lifeline nobody would know of it: the same. */
static void
test_service_leaves_without_lifeline (Keeper *keeper, gconstpointer data)
{
  keeper_start (keeper);
  keeper_prepare (keeper);
  keeper_send_start (keeper, 0, -1);
  close (keeper->service);
  keeper->service = -1;
  keeper_expect_exit (keeper, 1);
  g_assert_false (keeper_has_record (keeper));
}

/* With a lifeline the launch goes on, and the caller is told. */
static void
test_service_leaves_with_lifeline (Keeper *keeper, gconstpointer data)
{
  KeeperLine line = keeper_make_line ();
  SbxMessage message;

  keeper_start (keeper);
  keeper_prepare (keeper);
  keeper_send_start (keeper, 0, line.theirs);
  close (line.theirs);
  close (keeper->service);
  keeper->service = -1;
  keeper_init_says (keeper, SBX_MSG_READY, 0, 0);
  keeper_expect (keeper->init, INIT, SBX_MSG_START, &message, NULL);
  keeper_init_says (keeper, SBX_MSG_HELLO, 0, 0);
  keeper_init_says (keeper, SBX_MSG_STARTED, 0, 0);
  keeper_expect (line.ours, CALLER, SBX_MSG_STARTED, &message, NULL);
  keeper_end_application (keeper, 0);
  keeper_expect (line.ours, CALLER, SBX_MSG_EXITED, &message, NULL);
  keeper_expect (line.ours, CALLER, SBX_MSG_ENDED, &message, NULL);
  keeper_expect_exit (keeper, 0);
  close (line.ours);
}

static void
test_bad_lifeline (Keeper *keeper, gconstpointer data)
{
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  keeper_start (keeper);
  keeper_prepare (keeper);
  keeper_send_start (keeper, 0, pair[1]);
  expect_failure (keeper, SBX_STEP_PROTOCOL, ENOTSOCK, NULL);
  close (pair[0]);
  close (pair[1]);
}

static void
test_stop_before_running (Keeper *keeper, gconstpointer data)
{
  keeper_start (keeper);
  keeper_prepare (keeper);
  keeper_send_start (keeper, 0, -1);
  keeper_tell (keeper->service, SBX_MSG_STOP, 0, 1000, 0);
  expect_failure (keeper, SBX_STEP_NONE, ECANCELED, NULL);
}

/* SIGTERM to the application; what does not end is killed when the time is over. */
static void
test_stop (Keeper *keeper, gconstpointer data)
{
  SbxMessage message;

  keeper_make_run (keeper, 0, -1);
  keeper_tell (keeper->service, SBX_MSG_STOP, 0, 60000, 0);
  keeper_expect (keeper->init, INIT, SBX_MSG_SIGNAL, &message, NULL);
  g_assert_cmpint (message.value, ==, SIGTERM);
  g_assert_cmpuint (message.job, ==, 0);
  g_assert_cmpint (message.detail, ==, 0);
  keeper_expect_silence (keeper->service);
  keeper_tell (keeper->service, SBX_MSG_STOP, 0, 50, 0); /* can only be more impatient */
  expect_end (keeper, keeper->service, SIGKILL, SBX_CULPRIT_STOPPED);
  keeper_expect_exit (keeper, 0);
  assert_status (keeper, "Culprit", "stopped");
}

static void
test_stop_at_once (Keeper *keeper, gconstpointer data)
{
  keeper_make_run (keeper, 0, -1);
  keeper_tell (keeper->service, SBX_MSG_STOP, 0, 0, 0);
  expect_end (keeper, keeper->service, SIGKILL, SBX_CULPRIT_STOPPED);
}

/* SIGTERM to the keeper. */
static void
test_terminated (Keeper *keeper, gconstpointer data)
{
  SbxMessage message;

  keeper_make_run (keeper, 0, -1);
  g_assert_cmpint (kill (keeper->keeper, SIGTERM), ==, 0);
  keeper_expect (keeper->init, INIT, SBX_MSG_SIGNAL, &message, NULL);
  g_assert_cmpint (message.value, ==, SIGTERM);
  keeper_end_application (keeper, SIGTERM);
  expect_end (keeper, keeper->service, SIGTERM, SBX_CULPRIT_STOPPED);
}

static void
test_signals (Keeper *keeper, gconstpointer data)
{
  KeeperLine line = keeper_make_line ();
  SbxMessage message;

  keeper_make_run (keeper, 0, line.theirs);
  close (line.theirs);
  keeper_expect (line.ours, CALLER, SBX_MSG_STARTED, &message, NULL);
  keeper_tell (keeper->service, SBX_MSG_SIGNAL, 0, SIGUSR1, 1);
  keeper_expect (keeper->init, INIT, SBX_MSG_SIGNAL, &message, NULL);
  g_assert_cmpint (message.value, ==, SIGUSR1);
  g_assert_cmpint (message.detail, ==, 1);
  keeper_tell (line.ours, SBX_MSG_SIGNAL, 0, SIGUSR2, 0);
  keeper_expect (keeper->init, INIT, SBX_MSG_SIGNAL, &message, NULL);
  g_assert_cmpint (message.value, ==, SIGUSR2);
  g_assert_cmpint (message.detail, ==, 0);
  /* No job of the service's: it may signal the application alone */
  keeper_tell (keeper->service, SBX_MSG_SIGNAL, 9, SIGUSR1, 0);
  keeper_expect_silence (keeper->init);
  close (line.ours);
}

static void
test_caller_leaves (Keeper *keeper, gconstpointer data)
{
  KeeperLine line = keeper_make_line ();
  SbxMessage message;

  keeper_make_run (keeper, 0, line.theirs);
  close (line.theirs);
  close (line.ours);
  keeper_expect (keeper->init, INIT, SBX_MSG_SIGNAL, &message, NULL);
  g_assert_cmpint (message.value, ==, SIGTERM);
  keeper_end_application (keeper, 0);
  expect_end (keeper, keeper->service, 0, SBX_CULPRIT_CALLER);
}

/* Before it runs, too: then there is nothing to be ended with grace. */
static void
test_caller_leaves_early (Keeper *keeper, gconstpointer data)
{
  KeeperLine line = keeper_make_line ();

  keeper_start (keeper);
  keeper_prepare (keeper);
  keeper_send_start (keeper, 0, line.theirs);
  close (line.theirs);
  close (line.ours);
  expect_failure (keeper, SBX_STEP_NONE, ECANCELED, NULL);
}

static pid_t
parent_of (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid), *text = NULL;
  char *end;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  end = strrchr (text, ')');
  g_assert_nonnull (end);
  return (pid_t) g_ascii_strtoll (end + 4, NULL, 10);
}

static void
test_init_killed (Keeper *keeper, gconstpointer data)
{
  pid_t application = keeper_make_run (keeper, 0, -1);

  g_assert_cmpint (kill (parent_of (application), SIGKILL), ==, 0);
  expect_end (keeper, keeper->service, SIGKILL, SBX_CULPRIT_INIT);
  keeper_expect_exit (keeper, 0);
  assert_status (keeper, "CulpritStatus", "35072"); /* 128 + SIGKILL as an exit status */
}

static void
test_bwrap_killed (Keeper *keeper, gconstpointer data)
{
  pid_t application = keeper_make_run (keeper, 0, -1);

  g_assert_cmpint (kill (parent_of (parent_of (application)), SIGKILL), ==, 0);
  expect_end (keeper, keeper->service, SIGKILL, SBX_CULPRIT_BWRAP);
}

/* What a proxy is made to say can look like nobody else's words: each line says whose it is. */
static void
test_sidecar_complains (Keeper *keeper, gconstpointer data)
{
  static const char *const words[] = {
    "complain", "no\nsandboxd: all is well\r\033[1A", "complain", "more\n", "ready", "stay", NULL
  };
  int log[2];
  char text[4096] = "";
  ssize_t n = 1;

  g_assert_cmpint (pipe (log), ==, 0);
  keeper->sidecar = words;
  keeper->kind = SBX_SIDECAR_BUS;
  keeper->log = log[1];
  (void) keeper_make_run (keeper, 0, -1);
  keeper_end_application (keeper, 0);
  expect_end (keeper, keeper->service, 0, SBX_CULPRIT_APPLICATION);
  keeper_expect_exit (keeper, 0);
  close (log[1]);
  for (gsize at = 0; n > 0; at += (gsize) n) {
    n = read (log[0], text + at, sizeof text - 1 - at);
    g_assert_cmpint (n, >=, 0);
  }
  close (log[0]);
#define HEAD "sandbox-keeper: " KEEPER_ID ": bus: "
  g_assert_cmpstr (text, ==, HEAD "no\n" HEAD "sandboxd: all is well\\x0d\\x1b[1Amore\n");
}

/* A place of the system may be a link on this machine, as bwrap would follow it; one that a policy names has been
 * followed before, so that a link there now is somebody's doing. */
static void
test_links_of_the_system (Keeper *keeper, gconstpointer data)
{
  g_autofree char *at = g_dir_make_tmp ("sandbox-test-XXXXXX", NULL), *real = g_build_filename (at, "real", NULL);
  g_autofree char *link = g_build_filename (at, "link", NULL);
  SbxLayer layer = { .kind = SBX_LAYER_TREE, .flags = SBX_LAYER_READ_ONLY, .source = link, .dest = "/x" };
  int root = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC), fd;
  struct stat wanted, got;

  g_assert_cmpint (g_mkdir (real, 0700), ==, 0);
  g_assert_cmpint (symlink (real, link), ==, 0);
  fd = sbx_layer_open_source (&layer, root);
  g_assert_cmpint (fd < 0 || (fstat (fd, &got) == 0 && S_ISLNK (got.st_mode)), ==, 1);
  if (fd >= 0)
    close (fd);
  layer.flags |= SBX_LAYER_SYSTEM;
  fd = sbx_layer_open_source (&layer, root);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (fstat (fd, &got), ==, 0);
  g_assert_cmpint (stat (real, &wanted), ==, 0);
  g_assert_true (got.st_ino == wanted.st_ino && got.st_dev == wanted.st_dev);
  close (fd);
  close (root);
  g_unlink (link);
  g_rmdir (real);
  g_rmdir (at);
}

int
main (int argc, char **argv)
{
  static const KeeperTest tests[] = {
    { "early-start", test_early_start },
    { "ready-first", test_ready_first },
    { "box-waits", test_box_waits },
    { "box-ends-with-service", test_box_ends_with_service },
    { "init-out-of-turn", test_init_out_of_turn },
    { "enforced", test_enforced },
    { "init-failure", test_init_failure },
    { "init-failure-and-end", test_init_failure_and_end },
    { "bwrap-complains", test_bwrap_complains },
    { "bwrap-ends-silently", test_bwrap_ends_silently },
    { "service-leaves-before-start", test_service_leaves_before_start },
    { "service-leaves-without-lifeline", test_service_leaves_without_lifeline },
    { "service-leaves-with-lifeline", test_service_leaves_with_lifeline },
    { "bad-lifeline", test_bad_lifeline },
    { "stop-before-running", test_stop_before_running },
    { "stop", test_stop },
    { "stop-at-once", test_stop_at_once },
    { "terminated", test_terminated },
    { "signals", test_signals },
    { "caller-leaves", test_caller_leaves },
    { "caller-leaves-early", test_caller_leaves_early },
    { "init-killed", test_init_killed },
    { "bwrap-killed", test_bwrap_killed },
    { "sidecar-complains", test_sidecar_complains },
    { "links-of-the-system", test_links_of_the_system },
  };

  return keeper_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
