/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "init-fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/init.h"
#include "wire/layout.h"

#define SOON_MS 20000 /* what has to come, on a busy machine */
#define QUIET_MS 100  /* what must not come */

/* In the child: init, or in a new pid namespace init and one that waits for it. */
static int
run_init (gboolean as_pid_1)
{
  int status;
  pid_t pid;

  if (!as_pid_1)
    return sbx_init_run (SBX_INIT_CONTROL_FD);
  if (unshare (CLONE_NEWUSER | CLONE_NEWPID) < 0)
    return 42;
  pid = fork ();
  if (pid == 0)
    _exit (prctl (PR_SET_PDEATHSIG, SIGKILL) < 0 ? 43 : sbx_init_run (SBX_INIT_CONTROL_FD));
  close (SBX_INIT_CONTROL_FD); /* its end must be the end of the socket */
  return pid > 0 && waitpid (pid, &status, 0) == pid && WIFEXITED (status) ? WEXITSTATUS (status) : 44;
}

void
init_set_up (InitFixture *fixture, gconstpointer as_pid_1)
{
  int pair[2], pipes[2], on = 1;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
  g_assert_cmpint (setsockopt (pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on), ==, 0);
  g_assert_cmpint (pipe2 (pipes, O_CLOEXEC), ==, 0);
  fixture->dir = g_dir_make_tmp ("test-init-XXXXXX", NULL);
  fixture->out = pipes[0];
  fixture->out_end = pipes[1];
  fixture->init = pair[0];
  signal (SIGPIPE, SIG_IGN); /* what init must not hand on */
  fixture->pid = fork ();
  if (fixture->pid == 0) {
    int control = fcntl (pair[1], F_DUPFD, SBX_INIT_CONTROL_FD + 1);

    _exit (dup2 (control, SBX_INIT_CONTROL_FD) < 0 || close (control) < 0 || close (pair[1]) < 0 || close (pair[0]) < 0
               ? 45
               : run_init (as_pid_1 != NULL));
  }
  close (pair[1]);
}

gboolean
init_is_readable (int fd, int ms)
{
  return poll (&(struct pollfd){ fd, POLLIN, 0 }, 1, ms) > 0;
}

gboolean
init_receive (InitFixture *fixture, SbxMessage *message)
{
  int fds[SBX_MESSAGE_FDS], rc;
  size_t n;

  g_assert_true (init_is_readable (fixture->init, SOON_MS));
  rc = sbx_message_recv_now (fixture->init, SBX_CHANNEL_INIT_TO_KEEPER, message, fds, &n, &fixture->sender);
  g_assert_cmpint (rc, >=, 0);
  return rc == 1;
}

SbxMessage
init_expect (InitFixture *fixture, SbxMessageType type, guint32 job)
{
  SbxMessage message;

  g_assert_true (init_receive (fixture, &message));
  if (message.type != type)
    g_test_message ("%u: %s at %s", message.type, g_strerror (message.value),
                    sbx_step_name ((unsigned) message.detail));
  g_assert_cmpuint (message.type, ==, type);
  g_assert_cmpuint (message.job, ==, job);
  return message;
}

void
init_expect_end (InitFixture *fixture, int status)
{
  SbxMessage message;
  int got;

  g_assert_false (init_receive (fixture, &message));
  g_assert_cmpint (waitpid (fixture->pid, &got, 0), ==, fixture->pid);
  fixture->pid = 0;
  g_assert_true (WIFEXITED (got));
  g_assert_cmpint (WEXITSTATUS (got), ==, status);
}

void
init_expect_status (InitFixture *fixture, int status)
{
  int got;

  g_assert_cmpint (waitpid (fixture->pid, &got, 0), ==, fixture->pid);
  fixture->pid = 0;
  g_assert_true (WIFEXITED (got));
  g_assert_cmpint (WEXITSTATUS (got), ==, status);
}

void
init_expect_quiet (InitFixture *fixture)
{
  g_assert_false (init_is_readable (fixture->init, QUIET_MS));
}

/* What an init that is not PID 1 has left: this process is a subreaper. */
static void
sweep (void)
{
  g_autofree char *children = g_strdup_printf ("/proc/self/task/%d/children", (int) getpid ());
  g_autofree char *text = NULL;

  while (g_file_get_contents (children, &text, NULL, NULL) && *text) {
    pid_t pid = (pid_t) g_ascii_strtoll (text, NULL, 10);

    kill (pid, SIGKILL);
    g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
    g_clear_pointer (&text, g_free);
  }
}

void
init_tear_down (InitFixture *fixture, gconstpointer as_pid_1)
{
  if (fixture->init >= 0)
    close (fixture->init);
  if (fixture->pid > 0)
    waitpid (fixture->pid, NULL, 0);
  sweep ();
  if (fixture->out_end >= 0)
    close (fixture->out_end);
  close (fixture->out);
  g_assert_cmpint (rmdir (fixture->dir), ==, 0);
  g_free (fixture->dir);
}

void
init_say (InitFixture *fixture, SbxMessage message)
{
  g_assert_cmpint (sbx_message_send (fixture->init, &message, NULL, 0), ==, 0);
}

void
init_begin (InitStart *start)
{
  *start = (InitStart){ .gate = -1 };
}

void
init_give (InitStart *start, int number, int fd)
{
  start->fds[start->n_fds] = fd;
  start->targets[start->n_fds++] = number;
}

void
init_send_argv (InitFixture *fixture, InitStart *start, guint32 job, const char *const *argv)
{
  SbxMessage message = { .type = job == 0 ? SBX_MSG_START : SBX_MSG_EXEC, .job = job };
  int fds[16];
  gsize n = 0;

  init_give (start, 1, fixture->out_end);
  init_give (start, 2, STDERR_FILENO);
  sbx_block_add (&start->writer, SBX_TAG_FDMAP, start->targets, start->n_fds * sizeof *start->targets);
  sbx_block_add_strv (&start->writer, SBX_TAG_ARGV, argv);
  if (job == 0)
    sbx_block_add_string (&start->writer, SBX_TAG_INFO, "info"); /* the keeper's */
  if (start->flags != 0)
    sbx_block_add_u32 (&start->writer, SBX_TAG_FLAGS, start->flags);
  fds[n++] = sbx_block_finish (&start->writer);
  g_assert_cmpint (fds[0], >=, 0);
  if (start->gate >= 0) {
    fds[n++] = start->gate;
    message.value = SBX_START_GATE;
  }
  if (start->keeps)
    message.value |= SBX_START_KEEPS;
  memcpy (fds + n, start->fds, start->n_fds * sizeof *fds);
  g_assert_cmpint (sbx_message_send (fixture->init, &message, fds, n + start->n_fds), ==, 0);
  close (fds[0]);
}

void
init_send_command (InitFixture *fixture, InitStart *start, guint32 job, const char *command)
{
  const char *const argv[] = { "/bin/sh", "-c", command, NULL };

  init_send_argv (fixture, start, job, argv);
}

void
init_send_simple (InitFixture *fixture, guint32 job, const char *command)
{
  InitStart start;

  init_begin (&start);
  init_send_command (fixture, &start, job, command);
}

pid_t
init_expect_started (InitFixture *fixture, guint32 job)
{
  pid_t pid;

  init_expect (fixture, SBX_MSG_HELLO, job);
  pid = fixture->sender;
  init_expect (fixture, SBX_MSG_STARTED, job);
  return pid;
}

void
init_expect_exited (InitFixture *fixture, guint32 job, int status)
{
  g_assert_cmpint (init_expect (fixture, SBX_MSG_EXITED, job).value, ==, status);
}

void
init_expect_failed (InitFixture *fixture, guint32 job, SbxStep step, int error)
{
  SbxMessage message;

  g_assert_true (init_receive (fixture, &message));
  if (message.type == SBX_MSG_HELLO)
    g_assert_true (init_receive (fixture, &message));
  g_assert_cmpuint (message.type, ==, SBX_MSG_FAILED);
  g_assert_cmpuint (message.job, ==, job);
  g_assert_cmpstr (sbx_step_name ((unsigned) message.detail), ==, sbx_step_name (step));
  g_assert_cmpint (message.value, ==, error);
}

void
init_expect_printed (InitFixture *fixture, const char *text)
{
  g_autoptr (GString) got = g_string_new (NULL);
  char bytes[512];

  while (!g_str_has_suffix (got->str, "end\n")) {
    ssize_t n;

    g_assert_true (init_is_readable (fixture->out, SOON_MS));
    n = read (fixture->out, bytes, sizeof bytes);
    g_assert_cmpint (n, >, 0);
    g_string_append_len (got, bytes, n);
  }
  g_string_truncate (got, got->len - strlen ("end\n"));
  g_assert_cmpstr (got->str, ==, text);
}

int
init_run_tests (int argc, char **argv, const InitTest *tests, gsize n_tests)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), ==, 0);
  for (gsize i = 0; i < n_tests; i++) {
    g_autofree char *child = g_strdup_printf ("/init/child/%s", tests[i].name);
    g_autofree char *first = g_strdup_printf ("/init/pid-1/%s", tests[i].name);

    g_test_add (child, InitFixture, NULL, init_set_up, tests[i].func, init_tear_down);
    g_test_add (first, InitFixture, "1", init_set_up, tests[i].func, init_tear_down);
  }
  return g_test_run ();
}
