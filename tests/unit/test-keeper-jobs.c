/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keeper and what comes to it when the application runs: EXECs, and services that did not launch it. */
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake-bwrap.h"
#include "keeper-fixture.h"

#define DAEMON SBX_CHANNEL_KEEPER_TO_DAEMON
#define INIT SBX_CHANNEL_KEEPER_TO_INIT
#define CALLER SBX_CHANNEL_KEEPER_TO_CALLER

/* The process that tells of the job is the test's; its pid is the kernel's word. */
static void
test_exec (Keeper *keeper, gconstpointer data)
{
  SbxMessage exec = { .type = SBX_MSG_EXEC, .job = 41, .value = SBX_START_LIFELINE }, message;
  KeeperLine line = keeper_make_line ();
  int fds[2];
  gsize n;

  keeper_make_run (keeper, 0, -1);
  fds[0] = fds[1] = line.theirs;
  g_assert_cmpint (sbx_message_send (keeper->service, &exec, fds, 2), ==, 0);
  close (line.theirs);
  keeper_expect (keeper->init, INIT, SBX_MSG_EXEC, &message, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpuint (message.job, ==, 1);
  fake_init_say (keeper->init, &(SbxMessage){ .type = SBX_MSG_HELLO, .job = 1 }, TRUE);
  fake_init_say (keeper->init, &(SbxMessage){ .type = SBX_MSG_STARTED, .job = 1 }, FALSE);
  keeper_expect (keeper->service, DAEMON, SBX_MSG_STARTED, &message, NULL);
  g_assert_cmpuint (message.job, ==, 41);
  g_assert_cmpint (message.pid, >, 0);
  keeper_expect (line.ours, CALLER, SBX_MSG_STARTED, &message, NULL);
  g_assert_cmpuint (message.job, ==, 0);
  keeper_tell (line.ours, SBX_MSG_SIGNAL, 0, SIGINT, 1);
  keeper_expect (keeper->init, INIT, SBX_MSG_SIGNAL, &message, NULL);
  g_assert_cmpuint (message.job, ==, 1);
  g_assert_cmpint (message.value, ==, SIGINT);
  /* Its caller leaves: SIGHUP to the group, and the instance stays */
  close (line.ours);
  keeper_expect (keeper->init, INIT, SBX_MSG_SIGNAL, &message, NULL);
  g_assert_cmpuint (message.job, ==, 1);
  g_assert_cmpint (message.value, ==, SIGHUP);
  g_assert_cmpint (message.detail, ==, 1);
  fake_init_say (keeper->init, &(SbxMessage){ .type = SBX_MSG_EXITED, .job = 1, .value = SIGHUP }, FALSE);
  keeper_expect (keeper->service, DAEMON, SBX_MSG_EXITED, &message, NULL);
  g_assert_cmpuint (message.job, ==, 41);
  g_assert_cmpint (message.value, ==, SIGHUP);
  /* The job is no more */
  fake_init_say (keeper->init, &(SbxMessage){ .type = SBX_MSG_EXITED, .job = 1 }, FALSE);
  keeper_expect_silence (keeper->service);
}

/* Of a job that is left when the instance ends, the end is told before the instance's. */
static void
test_exec_at_the_end (Keeper *keeper, gconstpointer data)
{
  SbxMessage exec = { .type = SBX_MSG_EXEC, .job = 5 }, message;

  keeper_make_run (keeper, 0, -1);
  g_assert_cmpint (sbx_message_send (keeper->service, &exec, &keeper->init, 1), ==, 0);
  keeper_expect (keeper->init, INIT, SBX_MSG_EXEC, &message, NULL);
  keeper_end_application (keeper, 0);
  keeper_expect (keeper->service, DAEMON, SBX_MSG_EXITED, &message, NULL);
  g_assert_cmpuint (message.job, ==, 0);
  keeper_expect (keeper->service, DAEMON, SBX_MSG_EXITED, &message, NULL);
  g_assert_cmpuint (message.job, ==, 5);
  g_assert_cmpint (message.value, ==, SIGKILL);
  keeper_expect (keeper->service, DAEMON, SBX_MSG_ENDED, &message, NULL);
}

/* STOP is for the application and who has joined it, and not for other jobs. */
static void
test_exec_that_keeps (Keeper *keeper, gconstpointer data)
{
  SbxMessage exec = { .type = SBX_MSG_EXEC, .job = 5, .value = SBX_START_KEEPS }, message;

  keeper_make_run (keeper, 0, -1);
  g_assert_cmpint (sbx_message_send (keeper->service, &exec, &keeper->init, 1), ==, 0);
  keeper_expect (keeper->init, INIT, SBX_MSG_EXEC, &message, NULL);
  g_assert_cmpint (message.value, ==, SBX_START_KEEPS);
  exec = (SbxMessage){ .type = SBX_MSG_EXEC, .job = 6 };
  g_assert_cmpint (sbx_message_send (keeper->service, &exec, &keeper->init, 1), ==, 0);
  keeper_expect (keeper->init, INIT, SBX_MSG_EXEC, &message, NULL);
  g_assert_cmpint (message.value, ==, 0);
  keeper_tell (keeper->service, SBX_MSG_STOP, 0, 5000, 0);
  for (guint32 job = 0; job < 2; job++) {
    keeper_expect (keeper->init, INIT, SBX_MSG_SIGNAL, &message, NULL);
    g_assert_cmpuint (message.job, ==, job);
    g_assert_cmpint (message.value, ==, SIGTERM);
  }
  keeper_expect_silence (keeper->init);
}

static void
test_exec_refused (Keeper *keeper, gconstpointer data)
{
  SbxMessage exec = { .type = SBX_MSG_EXEC, .job = 3 }, message;
  int pipe_ends[2];

  keeper_start (keeper);
  keeper_prepare (keeper);
  g_assert_cmpint (sbx_message_send (keeper->service, &exec, &keeper->init, 1), ==, 0);
  keeper_expect (keeper->service, DAEMON, SBX_MSG_FAILED, &message, NULL);
  g_assert_cmpuint (message.job, ==, 3);
  g_assert_cmpint (message.value, ==, ESRCH);
  keeper_init_says (keeper, SBX_MSG_READY, 0, 0);
  keeper_expect (keeper->service, DAEMON, SBX_MSG_READY, &message, NULL);
  keeper_send_start (keeper, 0, -1);
  keeper_expect (keeper->init, INIT, SBX_MSG_START, &message, NULL);
  keeper_init_says (keeper, SBX_MSG_STARTED, 0, 0);
  keeper_expect (keeper->service, DAEMON, SBX_MSG_STARTED, &message, NULL);
  /* A lifeline that is none */
  g_assert_cmpint (pipe (pipe_ends), ==, 0);
  exec.value = SBX_START_LIFELINE;
  g_assert_cmpint (sbx_message_send (keeper->service, &exec, pipe_ends, 2), ==, 0);
  keeper_expect (keeper->service, DAEMON, SBX_MSG_FAILED, &message, NULL);
  g_assert_cmpint (message.value, ==, ENOTSOCK);
  g_assert_cmpint (message.detail, ==, SBX_STEP_PROTOCOL);
  keeper_expect_silence (keeper->init);
  /* Init cannot */
  exec.value = 0;
  g_assert_cmpint (sbx_message_send (keeper->service, &exec, pipe_ends, 1), ==, 0);
  keeper_expect (keeper->init, INIT, SBX_MSG_EXEC, &message, NULL);
  fake_init_say (
      keeper->init,
      &(SbxMessage){
          .type = SBX_MSG_FAILED, .job = message.job, .value = ENOENT, .detail = SBX_STEP_EXEC, .text = "x" },
      FALSE);
  keeper_expect (keeper->service, DAEMON, SBX_MSG_FAILED, &message, NULL);
  g_assert_cmpuint (message.job, ==, 3);
  g_assert_cmpint (message.value, ==, ENOENT);
  g_assert_cmpstr (message.text, ==, "x");
  close (pipe_ends[0]);
  close (pipe_ends[1]);
}

/* One that comes later is told all that has happened, and hears the rest. */
static void
test_late_service (Keeper *keeper, gconstpointer data)
{
  pid_t pid = keeper_make_run (keeper, 0, -1);
  SbxMessage message;
  int late, later;

  late = keeper_connect (keeper);
  keeper_expect (late, DAEMON, SBX_MSG_READY, &message, NULL);
  keeper_expect (late, DAEMON, SBX_MSG_STARTED, &message, NULL);
  g_assert_cmpint (message.pid, ==, pid);
  g_assert_cmpint (message.start_time, >, 0);
  keeper_expect (late, DAEMON, SBX_MSG_GREETED, &message, NULL);
  keeper_init_says (keeper, SBX_MSG_EXITED, 0, 0);
  keeper_expect (keeper->service, DAEMON, SBX_MSG_EXITED, &message, NULL);
  keeper_expect (late, DAEMON, SBX_MSG_EXITED, &message, NULL);
  /* The one that launched may leave by now */
  close (keeper->service);
  keeper->service = -1;
  later = keeper_connect (keeper);
  keeper_expect (later, DAEMON, SBX_MSG_READY, &message, NULL);
  keeper_expect (later, DAEMON, SBX_MSG_STARTED, &message, NULL);
  keeper_expect (later, DAEMON, SBX_MSG_EXITED, &message, NULL);
  keeper_expect (later, DAEMON, SBX_MSG_GREETED, &message, NULL);
  fake_init_exit (keeper->init, 0);
  keeper_expect (later, DAEMON, SBX_MSG_ENDED, &message, NULL);
  keeper_expect (late, DAEMON, SBX_MSG_ENDED, &message, NULL);
  keeper_expect_exit (keeper, 0);
  close (late);
  close (later);
}

/* There is room for so many. One more waits until another has left, and nothing of what it says is lost. */
static void
test_many_services (Keeper *keeper, gconstpointer data)
{
  SbxMessage stop = { .type = SBX_MSG_STOP }, message;
  int services[SBX_SERVICES], extra;

  keeper_make_run (keeper, 0, -1);
  for (gsize i = 1; i < SBX_SERVICES; i++) {
    services[i] = keeper_connect (keeper);
    keeper_expect (services[i], DAEMON, SBX_MSG_READY, &message, NULL);
    keeper_expect (services[i], DAEMON, SBX_MSG_STARTED, &message, NULL);
    keeper_expect (services[i], DAEMON, SBX_MSG_GREETED, &message, NULL);
  }
  extra = keeper_connect (keeper);
  g_assert_cmpint (sbx_message_send (extra, &stop, NULL, 0), ==, 0);
  keeper_expect_silence (extra);
  close (services[7]);
  keeper_expect (extra, DAEMON, SBX_MSG_READY, &message, NULL);
  keeper_expect (extra, DAEMON, SBX_MSG_STARTED, &message, NULL);
  keeper_expect (extra, DAEMON, SBX_MSG_GREETED, &message, NULL);
  keeper_expect (extra, DAEMON, SBX_MSG_EXITED, &message, NULL);
  keeper_expect (extra, DAEMON, SBX_MSG_ENDED, &message, NULL);
  keeper_expect_exit (keeper, 0);
  for (gsize i = 1; i < SBX_SERVICES; i++)
    if (i != 7)
      close (services[i]);
  close (extra);
}

/* Only the service that launched may say START; one that breaks the rules is disconnected, and the instance lives. */
static void
test_late_service_starts (Keeper *keeper, gconstpointer data)
{
  SbxMessage start = { .type = SBX_MSG_START }, message;
  int late, wild;

  keeper_start (keeper);
  keeper_prepare (keeper);
  keeper_init_says (keeper, SBX_MSG_READY, 0, 0);
  keeper_expect (keeper->service, DAEMON, SBX_MSG_READY, &message, NULL);
  late = keeper_connect (keeper);
  keeper_expect (late, DAEMON, SBX_MSG_READY, &message, NULL);
  keeper_expect (late, DAEMON, SBX_MSG_GREETED, &message, NULL);
  g_assert_cmpint (sbx_message_send (late, &start, &keeper->init, 1), ==, 0);
  keeper_expect_end (late);
  wild = keeper_connect (keeper);
  keeper_expect (wild, DAEMON, SBX_MSG_READY, &message, NULL);
  keeper_expect (wild, DAEMON, SBX_MSG_GREETED, &message, NULL);
  g_assert_cmpint (send (wild, "rubbish", 7, 0), ==, 7);
  keeper_expect_end (wild);
  keeper_expect_silence (keeper->init);
  keeper_send_start (keeper, 0, -1);
  keeper_expect (keeper->init, INIT, SBX_MSG_START, &message, NULL);
  close (late);
  close (wild);
}

int
main (int argc, char **argv)
{
  static const KeeperTest tests[] = {
    { "exec", test_exec },
    { "exec-at-the-end", test_exec_at_the_end },
    { "exec-that-keeps", test_exec_that_keeps },
    { "exec-refused", test_exec_refused },
    { "late-service", test_late_service },
    { "many-services", test_many_services },
    { "late-service-starts", test_late_service_starts },
  };

  return keeper_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
