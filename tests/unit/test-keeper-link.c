/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service's end of a socket to a keeper, against a scripted one. */
#include <dirent.h>
#include <fcntl.h>
#include <glib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/bounds.h"
#include "daemon/instances/keeper-link.h"

typedef struct {
  int keeper; /* its end, or -1 */
  SbxKeeperLink *link;
  GString *log;
  guint close_after; /* messages; 0: never */
  guint received, ends;
} Fixture;

static void
on_message (SbxKeeperLink *link, const SbxMessage *message, int fd, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_assert_true (link == fixture->link);
  if (!message) {
    fixture->ends++;
    return;
  }
  g_assert_cmpuint (fixture->ends, ==, 0);
  g_string_append_printf (fixture->log, "%u%s ", message->job, fd >= 0 ? "+fd" : "");
  if (fd >= 0)
    g_assert_cmpint (fcntl (fd, F_GETFD), ==, FD_CLOEXEC);
  if (++fixture->received == fixture->close_after)
    sbx_keeper_link_close (link);
}

static guint
count_fds (void)
{
  DIR *dir = opendir ("/proc/self/fd");
  guint n = 0;

  g_assert_nonnull (dir);
  while (readdir (dir))
    n++;
  closedir (dir);
  return n;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  int pair[2];

  *fixture = (Fixture){ .log = g_string_new (NULL) };
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
  fixture->keeper = pair[1];
  fixture->link = sbx_keeper_link_new (pair[0], on_message, fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  if (fixture->keeper >= 0)
    close (fixture->keeper);
  g_object_unref (fixture->link);
  g_string_free (fixture->log, TRUE);
}

static void
iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE)) {
  }
}

static void
say (Fixture *fixture, SbxMessageType type, guint32 job)
{
  const SbxMessage message = { .type = type, .job = job };

  g_assert_cmpint (sbx_message_send (fixture->keeper, &message, NULL, 0), ==, 0);
}

static void
hang_up (Fixture *fixture)
{
  close (fixture->keeper);
  fixture->keeper = -1;
}

/* What was said before the end is heard before the end, and the end once. */
static void
test_order (Fixture *fixture, gconstpointer data)
{
  const SbxMessage ready = { .type = SBX_MSG_READY, .pid = 7 };
  int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  guint before;

  g_assert_cmpint (sbx_message_send (fixture->keeper, &ready, &fd, 1), ==, 0);
  close (fd);
  before = count_fds ();
  for (guint32 job = 1; job <= 40; job++) /* more than are taken in one go */
    say (fixture, SBX_MSG_STARTED, job);
  hang_up (fixture);
  iterate ();
  g_assert_true (g_str_has_prefix (fixture->log->str, "0+fd 1 2 "));
  g_assert_true (g_str_has_suffix (fixture->log->str, " 39 40 "));
  g_assert_cmpuint (fixture->received, ==, 41);
  g_assert_cmpuint (fixture->ends, ==, 1);
  g_assert_cmpuint (count_fds (), ==, before - 2); /* both ends; the one that came is closed */
}

/* No word after close, even of what has come already. */
static void
test_close_inside (Fixture *fixture, gconstpointer data)
{
  fixture->close_after = 2;
  for (guint32 job = 1; job <= 5; job++)
    say (fixture, SBX_MSG_STARTED, job);
  iterate ();
  g_assert_cmpuint (fixture->received, ==, 2);
  hang_up (fixture);
  iterate ();
  g_assert_cmpuint (fixture->ends, ==, 0);
}

static void
test_nonsense (Fixture *fixture, gconstpointer data)
{
  g_test_expect_message ("sandbox", G_LOG_LEVEL_WARNING, "Dropped a keeper*");
  say (fixture, SBX_MSG_STARTED, 1);
  g_assert_cmpint (send (fixture->keeper, "?", 1, 0), ==, 1);
  say (fixture, SBX_MSG_STARTED, 2);
  iterate ();
  g_test_assert_expected_messages ();
  g_assert_cmpuint (fixture->received, ==, 1);
  g_assert_cmpuint (fixture->ends, ==, 1);
}

static void
assert_refused (Fixture *fixture, int code)
{
  const SbxMessage stop = { .type = SBX_MSG_STOP };
  g_autoptr (GError) error = NULL;

  g_assert_false (sbx_keeper_link_send (fixture->link, &stop, NULL, 0, &error));
  g_assert_error (error, SBX_ERROR, code);
}

static void
test_gone (Fixture *fixture, gconstpointer data)
{
  hang_up (fixture);
  assert_refused (fixture, SBX_ERROR_EXITED); /* before the main loop has seen it */
  iterate ();
  g_assert_cmpuint (fixture->ends, ==, 1);
  assert_refused (fixture, SBX_ERROR_EXITED);
}

/* Fills the socket, then the queue; returns how many went into both. */
static guint32
fill (Fixture *fixture, int fd)
{
  SbxMessage message = { .type = SBX_MSG_EXEC };
  g_autoptr (GError) error = NULL;
  guint32 n = 0;

  for (; !error; n += error == NULL) {
    message.job = n + 1;
    (void) !sbx_keeper_link_send (fixture->link, &message, &fd, 1, &error);
    g_assert_cmpuint (n, <, 100000);
  }
  g_assert_error (error, SBX_ERROR, SBX_ERROR_LIMITS);
  return n;
}

/* A keeper that does not read: what waits keeps its order, with descriptors of its own. */
static void
test_queue (Fixture *fixture, gconstpointer data)
{
  int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC), fds[SBX_MESSAGE_FDS];
  guint before = count_fds ();
  guint32 sent = fill (fixture, fd), received = 0;
  SbxMessage message;
  gsize n;

  g_assert_cmpuint (sent, >, SBX_MAX_QUEUED_MESSAGES);
  g_assert_cmpuint (count_fds (), ==, before + SBX_MAX_QUEUED_MESSAGES);
  close (fd);
  while (received < sent) {
    while (sbx_message_recv_now (fixture->keeper, SBX_CHANNEL_DAEMON_TO_KEEPER, &message, fds, &n, NULL) == 1) {
      g_assert_cmpuint (message.job, ==, ++received);
      g_assert_cmpuint (n, ==, 1);
      close (fds[0]);
    }
    g_main_context_iteration (NULL, FALSE);
  }
  g_assert_cmpuint (count_fds (), ==, before - 1);
  /* There is room again, and no detour by the queue */
  message = (SbxMessage){ .type = SBX_MSG_STOP };
  g_assert_true (sbx_keeper_link_send (fixture->link, &message, NULL, 0, NULL));
  g_assert_cmpint (sbx_message_recv_now (fixture->keeper, SBX_CHANNEL_DAEMON_TO_KEEPER, &message, fds, &n, NULL), ==,
                   1);
}

static void
test_close_with_queue (Fixture *fixture, gconstpointer data)
{
  int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  guint before = count_fds ();

  (void) fill (fixture, fd);
  sbx_keeper_link_close (fixture->link);
  g_assert_cmpuint (count_fds (), ==, before - 1);
  iterate ();
  g_assert_cmpuint (fixture->ends, ==, 0);
  assert_refused (fixture, SBX_ERROR_EXITED);
  close (fd);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/keeper-link/order", test_order);
  ADD ("/keeper-link/close-inside", test_close_inside);
  ADD ("/keeper-link/nonsense", test_nonsense);
  ADD ("/keeper-link/gone", test_gone);
  ADD ("/keeper-link/queue", test_queue);
  ADD ("/keeper-link/close-with-queue", test_close_with_queue);
  return g_test_run ();
}
