/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake-bwrap.h"
#include "keeper/parts/table.h"
#include "keeper/run.h"
#include "wire/block.h"
#include "wire/layout.h"
#include "wire/sys.h"

#define PATIENCE_MS 30000
#define SILENCE_MS 100

void
keeper_set_up (Keeper *keeper, gconstpointer data)
{
  *keeper = (Keeper){ .service = -1, .init = -1 };
  keeper->runtime = g_dir_make_tmp ("keeper-XXXXXX", NULL);
  g_assert_nonnull (keeper->runtime);
}

void
keeper_tear_down (Keeper *keeper, gconstpointer data)
{
  const char *argv[] = { "rm", "-rf", "--", keeper->runtime, NULL };

  if (keeper->keeper > 0) {
    kill (keeper->keeper, SIGKILL);
    waitpid (keeper->keeper, NULL, 0);
  }
  if (keeper->service >= 0)
    close (keeper->service);
  if (keeper->init >= 0)
    close (keeper->init);
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  g_free (keeper->runtime);
}

static void
make_pair (int pair[2])
{
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
}

static void __attribute__ ((noreturn)) be_keeper (const Keeper *keeper, int socket)
{
  SbxKeeper *self = calloc (1, sizeof *self);
  const SbxPart *const *parts = keeper->parts ? keeper->parts : sbx_parts_table;
  size_t n_parts = keeper->parts ? keeper->n_parts : sbx_n_parts;
  int null = open ("/dev/null", O_RDWR);

  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  /* As after execve(2): the test's ends of its sockets are not in it */
  if (dup2 (null, STDOUT_FILENO) < 0 || (keeper->log > 0 && dup2 (keeper->log, STDERR_FILENO) < 0)
      || dup2 (socket, SBX_KEEPER_SOCKET_FD) != SBX_KEEPER_SOCKET_FD
      || sbx_sys_close_range (SBX_KEEPER_SOCKET_FD + 1, ~0U, 0) < 0
      || fcntl (SBX_KEEPER_SOCKET_FD, F_SETFD, FD_CLOEXEC) < 0)
    _exit (71);
  if (!self || sbx_keeper_set_up (self, SBX_KEEPER_SOCKET_FD, parts, n_parts) < 0 || sbx_keeper_run (self) < 0)
    _exit (70);
  free (self);
  _exit (0);
}

void
keeper_start (Keeper *keeper)
{
  int pair[2];

  make_pair (pair);
  fflush (NULL);
  keeper->keeper = fork ();
  g_assert_cmpint (keeper->keeper, >=, 0);
  if (keeper->keeper == 0)
    be_keeper (keeper, pair[1]);
  close (pair[1]);
  keeper->service = pair[0];
}

static void
add_sidecar (SbxBlockWriter *writer, const Keeper *keeper, const char *self)
{
  static const uint64_t filter = 0;
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();

  g_ptr_array_add (argv, (gpointer) self);
  g_ptr_array_add (argv, (gpointer) FAKE_SIDECAR);
  for (const char *const *word = keeper->sidecar; *word; word++)
    g_ptr_array_add (argv, (gpointer) *word);
  g_ptr_array_add (argv, NULL);
  sbx_block_add_u32 (writer, SBX_TAG_SIDECAR, keeper->kind);
  sbx_block_add_strv (writer, SBX_TAG_SIDECAR_COMMAND, (const char *const *) argv->pdata);
  sbx_block_add (writer, SBX_TAG_SIDECAR_FILTER, &filter, sizeof filter);
}

static int
write_prepare (void)
{
  static const int32_t numbers[] = { FAKE_SOCKET };
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  const char *argv[] = { self, FAKE_BWRAP, NULL };
  SbxBlockWriter writer = { 0 };
  int fd;

  sbx_block_add_strv (&writer, SBX_TAG_BWRAP, argv);
  sbx_block_add (&writer, SBX_TAG_FDMAP, numbers, sizeof numbers);
  fd = sbx_block_finish (&writer);
  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static int
write_furnish (const Keeper *keeper)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  SbxBlockWriter writer = { 0 };
  int fd;

  sbx_block_add_string (&writer, SBX_TAG_ID, KEEPER_ID);
  if (keeper->sidecar)
    add_sidecar (&writer, keeper, self);
  fd = sbx_block_finish (&writer);
  g_assert_cmpint (fd, >=, 0);
  return fd;
}

void
keeper_make_box (Keeper *keeper)
{
  SbxMessage prepare = { .type = SBX_MSG_PREPARE };
  int pair[2], fds[3];

  make_pair (pair);
  fds[0] = write_prepare ();
  fds[1] = open ("/dev/null", O_RDONLY | O_CLOEXEC); /* sandbox-init's program, which fake bwrap does not execute */
  fds[2] = pair[1];
  g_assert_cmpint (sbx_message_send (keeper->service, &prepare, fds, G_N_ELEMENTS (fds)), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
  keeper->init = pair[0];
}

void
keeper_furnish (Keeper *keeper)
{
  SbxMessage furnish = { .type = SBX_MSG_FURNISH };
  int fds[2] = { write_furnish (keeper), open (keeper->runtime, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };

  g_assert_cmpint (sbx_message_send (keeper->service, &furnish, fds, G_N_ELEMENTS (fds)), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
}

static gboolean
is_readable (int sock, int ms)
{
  struct pollfd polled = { sock, POLLIN, 0 };
  int rc;

  do
    rc = poll (&polled, 1, ms);
  while (rc < 0 && errno == EINTR);
  return rc > 0;
}

void
keeper_prepare (Keeper *keeper)
{
  gint64 until = g_get_monotonic_time () + PATIENCE_MS * 1000;

  keeper_make_box (keeper);
  keeper_furnish (keeper);
  /* READY before that has been read is told twice. One whose directory cannot be made has ended */
  while (!keeper_has_record (keeper) && !is_readable (keeper->service, 1))
    g_assert_cmpint (g_get_monotonic_time (), <, until);
}

static int
write_start (void)
{
  static const char *const argv[] = { "/bin/true", NULL };
  SbxBlockWriter writer = { 0 };
  int fd;

  sbx_block_add (&writer, SBX_TAG_INFO, "[Instance]\n", strlen ("[Instance]\n"));
  sbx_block_add (&writer, SBX_TAG_FDMAP, "", 0);
  sbx_block_add_strv (&writer, SBX_TAG_ARGV, argv);
  fd = sbx_block_finish (&writer);
  g_assert_cmpint (fd, >=, 0);
  return fd;
}

void
keeper_send_start (Keeper *keeper, int flags, int lifeline)
{
  SbxMessage start = { .type = SBX_MSG_START, .value = flags | (lifeline >= 0 ? SBX_START_LIFELINE : 0) };
  int fds[2] = { write_start (), lifeline };

  g_assert_cmpint (sbx_message_send (keeper->service, &start, fds, lifeline >= 0 ? 2 : 1), ==, 0);
  close (fds[0]);
}

void
keeper_send_early_start (Keeper *keeper, int flags, int lifeline)
{
  SbxMessage exec = { .type = SBX_MSG_EXEC, .job = 99 }, message;

  keeper_send_start (keeper, flags, lifeline);
  /* What comes behind it on the same socket is refused, and that is told */
  g_assert_cmpint (sbx_message_send (keeper->service, &exec, &keeper->init, 1), ==, 0);
  keeper_expect (keeper->service, SBX_CHANNEL_KEEPER_TO_DAEMON, SBX_MSG_FAILED, &message, NULL);
  g_assert_cmpuint (message.job, ==, 99);
}

void
keeper_expect (int sock, SbxChannel channel, SbxMessageType type, SbxMessage *message, gsize *n_fds)
{
  int fds[SBX_MESSAGE_FDS];
  size_t n;

  g_assert_true (is_readable (sock, PATIENCE_MS));
  g_assert_cmpint (sbx_message_recv_now (sock, channel, message, fds, &n, NULL), ==, 1);
  g_assert_cmpuint (message->type, ==, type);
  for (size_t i = 0; i < n; i++)
    close (fds[i]);
  if (n_fds)
    *n_fds = n;
}

void
keeper_expect_end (int sock)
{
  int fds[SBX_MESSAGE_FDS];
  SbxMessage message;
  size_t n;

  g_assert_true (is_readable (sock, PATIENCE_MS));
  g_assert_cmpint (sbx_message_recv_now (sock, SBX_CHANNEL_KEEPER_TO_DAEMON, &message, fds, &n, NULL), ==, 0);
}

void
keeper_expect_silence (int sock)
{
  g_assert_false (is_readable (sock, SILENCE_MS));
}

void
keeper_expect_exit (Keeper *keeper, int status)
{
  int got;

  g_assert_cmpint (waitpid (keeper->keeper, &got, 0), ==, keeper->keeper);
  keeper->keeper = 0;
  g_assert_true (WIFEXITED (got));
  g_assert_cmpint (WEXITSTATUS (got), ==, status);
}

int
keeper_connect (Keeper *keeper)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int sock = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), rc = -1;

  g_snprintf (address.sun_path, sizeof address.sun_path, "%s/" KEEPER_ID "/" SBX_KEEPER_SOCKET, keeper->runtime);
  /* What furnishes the box makes the socket, and READY may be told before */
  for (guint i = 0; i < 5000 && rc < 0; i++) {
    rc = connect (sock, (struct sockaddr *) &address, sizeof address);
    if (rc < 0)
      g_usleep (1000);
  }
  g_assert_cmpint (rc, ==, 0);
  return sock;
}

gboolean
keeper_has_record (Keeper *keeper)
{
  g_autofree char *path = g_build_filename (keeper->runtime, KEEPER_ID, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

char *
keeper_get_status (Keeper *keeper, const char *name)
{
  g_autofree char *path = g_build_filename (keeper->runtime, KEEPER_ID, SBX_STATUS_FILE, NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();

  g_assert_true (g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL));
  return g_key_file_get_string (file, "Status", name, NULL);
}

void
keeper_tell (int sock, SbxMessageType type, uint32_t job, int32_t value, int32_t detail)
{
  SbxMessage message = { .type = type, .job = job, .value = value, .detail = detail };

  g_assert_cmpint (sbx_message_send (sock, &message, NULL, 0), ==, 0);
}

void
keeper_init_says (Keeper *keeper, SbxMessageType type, int32_t value, int32_t detail)
{
  SbxMessage message = { .type = type, .value = value, .detail = detail };

  fake_init_say (keeper->init, &message, type == SBX_MSG_HELLO);
}

pid_t
keeper_make_run (Keeper *keeper, int flags, int lifeline)
{
  SbxMessage message;

  keeper_start (keeper);
  keeper_prepare (keeper);
  keeper_send_early_start (keeper, flags, lifeline);
  keeper_init_says (keeper, SBX_MSG_READY, 0, 0);
  keeper_expect (keeper->init, SBX_CHANNEL_KEEPER_TO_INIT, SBX_MSG_START, &message, NULL);
  keeper_init_says (keeper, SBX_MSG_HELLO, 0, 0);
  keeper_init_says (keeper, SBX_MSG_STARTED, 0, 0);
  keeper_expect (keeper->service, SBX_CHANNEL_KEEPER_TO_DAEMON, SBX_MSG_STARTED, &message, NULL);
  g_assert_cmpint (message.pid, >, 0);
  return message.pid;
}

void
keeper_end_application (Keeper *keeper, int status)
{
  keeper_init_says (keeper, SBX_MSG_EXITED, status, 0);
  fake_init_exit (keeper->init, 0);
}

KeeperLine
keeper_make_line (void)
{
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
  return (KeeperLine){ pair[0], pair[1] };
}

int
keeper_run_tests (int argc, char **argv, const KeeperTest *tests, gsize n_tests)
{
  fake_bwrap_main (argc, argv);
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < n_tests; i++) {
    g_autofree char *path = g_strconcat ("/keeper/", tests[i].name, NULL);

    g_test_add (path, Keeper, NULL, keeper_set_up, tests[i].run, keeper_tear_down);
  }
  return g_test_run ();
}
