/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instances and the registry, with a socket pair for a keeper. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/bounds.h"
#include "daemon/bus/instance-properties.h"
#include "daemon/identity/caller.h"
#include "daemon/instances/adopt.h"
#include "daemon/instances/failure.h"
#include "daemon/instances/keeper-requests.h"
#include "daemon/instances/registry.h"
#include "wire/layout.h"

typedef struct {
  char *path;
  SbxRuntimeDir *runtime;
  SbxRegistry *registry;
  SbxInstance *instance;
  int keeper; /* the keeper's end */
  GString *log;
} Fixture;

static void
log_word (Fixture *fixture, const char *word)
{
  g_string_append_printf (fixture->log, "%s ", word);
}

static void
on_added (SbxRegistry *registry, SbxInstance *instance, gpointer user_data)
{
  log_word (user_data, "added");
}

static void
on_removed (SbxRegistry *registry, SbxInstance *instance, gpointer user_data)
{
  log_word (user_data, "removed");
}

static void
on_started (SbxInstance *instance, gpointer user_data)
{
  log_word (user_data, "started");
}

static void
on_failed (SbxInstance *instance, const GError *error, guint step, gpointer user_data)
{
  log_word (user_data, "failed");
  log_word (user_data, error->message);
}

static void
on_ended (SbxInstance *instance, gpointer user_data)
{
  log_word (user_data, "ended");
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *variable = NULL;
  const char *environment[] = { NULL, NULL };
  int pair[2];

  fixture->path = g_dir_make_tmp ("instance-XXXXXX", NULL);
  variable = g_strconcat ("XDG_RUNTIME_DIR=", fixture->path, NULL);
  environment[0] = variable;
  fixture->runtime = sbx_runtime_dir_new (environment);
  fixture->registry = sbx_registry_new (fixture->runtime);
  fixture->log = g_string_new (NULL);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
  fixture->keeper = pair[1];
  fixture->instance = sbx_instance_new (sbx_info_new (sbx_registry_new_id (fixture->registry)));
  sbx_instance_set_keeper (fixture->instance, pair[0]);
  g_signal_connect (fixture->registry, "added", G_CALLBACK (on_added), fixture);
  g_signal_connect (fixture->registry, "removed", G_CALLBACK (on_removed), fixture);
  sbx_registry_add (fixture->registry, fixture->instance);
  g_signal_connect (fixture->instance, "started", G_CALLBACK (on_started), fixture);
  g_signal_connect (fixture->instance, "failed", G_CALLBACK (on_failed), fixture);
  g_signal_connect (fixture->instance, "ended", G_CALLBACK (on_ended), fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  const char *argv[] = { "rm", "-rf", "--", fixture->path, NULL };

  if (fixture->keeper >= 0)
    close (fixture->keeper);
  g_object_unref (fixture->instance);
  g_object_unref (fixture->registry);
  sbx_runtime_dir_free (fixture->runtime);
  g_string_free (fixture->log, TRUE);
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  g_free (fixture->path);
}

static gboolean
on_second (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Runs the main loop until nothing happens for a while. */
static void
settle (void)
{
  gboolean over = FALSE;

  g_timeout_add (200, on_second, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

static void
say (Fixture *fixture, SbxMessage message)
{
  g_assert_cmpint (sbx_message_send (fixture->keeper, &message, NULL, 0), ==, 0);
}

static void
assert_property (SbxInstance *instance, const char *name, const char *text)
{
  g_autoptr (GVariant) value = sbx_instance_dup_property (instance, name);
  g_autofree char *printed = g_variant_print (value, FALSE);

  g_assert_cmpstr (printed, ==, text);
}

static void
test_life (Fixture *fixture, gconstpointer data)
{
  int code, signo;
  gboolean core;

  assert_property (fixture->instance, "State", "'starting'");
  g_assert_cmpuint (sbx_registry_count_live (fixture->registry), ==, 1);
  say (fixture, (SbxMessage){ .type = SBX_MSG_READY });
  say (fixture, (SbxMessage){ .type = SBX_MSG_STARTED, .pid = 42, .detail = 0x7f });
  settle ();
  g_assert_cmpstr (fixture->log->str, ==, "added started ");
  assert_property (fixture->instance, "State", "'running'");
  assert_property (fixture->instance, "Pid", "42");
  assert_property (fixture->instance, "Result", "{}");
  say (fixture, (SbxMessage){ .type = SBX_MSG_EXITED, .value = 3 << 8 });
  say (fixture, (SbxMessage){ .type = SBX_MSG_ENDED, .value = SBX_CULPRIT_APPLICATION });
  settle ();
  g_assert_cmpstr (fixture->log->str, ==, "added started ended ");
  assert_property (fixture->instance, "State", "'exited'");
  assert_property (fixture->instance, "Pid", "0");
  sbx_instance_get_result (fixture->instance, &code, &signo, &core);
  g_assert_cmpint (code, ==, 3);
  g_assert_cmpint (signo, ==, 0);
  g_assert_cmpuint (sbx_registry_count_live (fixture->registry), ==, 0);
  g_assert_true (sbx_registry_lookup (fixture->registry, sbx_instance_get_id (fixture->instance)) == fixture->instance);
}

static void
test_failure (Fixture *fixture, gconstpointer data)
{
  SbxMessage message = { .type = SBX_MSG_FAILED, .value = ENOENT, .detail = SBX_STEP_DIRECTORY };

  say (fixture, message);
  settle ();
  g_assert_true (g_str_has_prefix (fixture->log->str, "failed working-directory: "));
  g_assert_nonnull (strstr (fixture->log->str, "(ENOENT)"));
  g_assert_cmpuint (sbx_registry_count_live (fixture->registry), ==, 0);
  g_assert_null (sbx_registry_lookup (fixture->registry, sbx_instance_get_id (fixture->instance)));
}

/* It ends with a request unread: the kernel reports that before what the keeper said last. */
static void
test_last_words (Fixture *fixture, gconstpointer data)
{
  SbxMessage stop = { .type = SBX_MSG_STOP };

  g_assert_true (sbx_instance_send (fixture->instance, &stop, NULL, 0, NULL));
  say (fixture, (SbxMessage){ .type = SBX_MSG_FAILED, .value = ENOENT, .detail = SBX_STEP_EXEC });
  close (fixture->keeper);
  fixture->keeper = -1;
  settle ();
  g_assert_true (g_str_has_prefix (fixture->log->str, "failed exec: "));
}

static void
test_keeper_dies_early (Fixture *fixture, gconstpointer data)
{
  close (fixture->keeper);
  fixture->keeper = -1;
  settle ();
  g_assert_true (g_str_has_prefix (fixture->log->str, "failed keeper: "));
}

static void
test_keeper_dies_late (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GVariant) result = NULL;
  const char *culprit = NULL;

  say (fixture, (SbxMessage){ .type = SBX_MSG_STARTED, .pid = 42 });
  settle ();
  close (fixture->keeper);
  fixture->keeper = -1;
  settle ();
  g_assert_cmpstr (fixture->log->str, ==, "added started ended ");
  result = sbx_instance_dup_property (fixture->instance, "Result");
  g_assert_true (g_variant_lookup (result, "culprit", "&s", &culprit));
  g_assert_cmpstr (culprit, ==, "keeper");
}

/* What no keeper says ends the connection: here a request instead of an event. */
static void
test_nonsense (Fixture *fixture, gconstpointer data)
{
  g_test_expect_message ("sandbox", G_LOG_LEVEL_WARNING, "Dropped a keeper*");
  say (fixture, (SbxMessage){ .type = SBX_MSG_STOP });
  settle ();
  g_test_assert_expected_messages ();
  g_assert_true (g_str_has_prefix (fixture->log->str, "failed keeper: "));
}

static void
on_executed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GError) error = NULL;
  pid_t pid = sbx_instance_exec_finish (SBX_INSTANCE (source), result, &error);

  if (error)
    log_word (fixture, error->code == SBX_ERROR_EXITED ? "exited" : error->message);
  else
    g_string_append_printf (fixture->log, "pid=%d ", (int) pid);
}

static guint32
take_exec (Fixture *fixture)
{
  int fds[SBX_MESSAGE_FDS];
  SbxMessage message;
  gsize n;

  g_assert_cmpint (sbx_message_recv (fixture->keeper, SBX_CHANNEL_DAEMON_TO_KEEPER, &message, fds, &n, NULL), ==, 1);
  g_assert_cmpuint (message.type, ==, SBX_MSG_EXEC);
  g_assert_cmpuint (n, ==, 1);
  close (fds[0]);
  return message.job;
}

static void
test_exec (Fixture *fixture, gconstpointer data)
{
  int block = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  guint32 jobs[3];

  say (fixture, (SbxMessage){ .type = SBX_MSG_STARTED, .pid = 42 });
  settle ();
  for (gsize i = 0; i < 3; i++) {
    sbx_instance_exec_async (fixture->instance, &block, 1, FALSE, "prog", on_executed, fixture);
    jobs[i] = take_exec (fixture);
    g_assert_cmpuint (jobs[i], !=, 0);
  }
  g_string_truncate (fixture->log, 0);
  say (fixture, (SbxMessage){ .type = SBX_MSG_STARTED, .job = jobs[1], .pid = 77 });
  settle ();
  g_assert_cmpstr (fixture->log->str, ==, "pid=77 ");
  g_string_truncate (fixture->log, 0);
  say (fixture, (SbxMessage){ .type = SBX_MSG_FAILED, .job = jobs[0], .value = ENOENT, .detail = SBX_STEP_EXEC });
  settle ();
  g_assert_nonnull (strstr (fixture->log->str, "\"prog\" was not found"));
  g_string_truncate (fixture->log, 0);
  say (fixture, (SbxMessage){ .type = SBX_MSG_ENDED });
  settle ();
  g_assert_cmpstr (fixture->log->str, ==, "exited ended ");
  close (block);
}

/* A keeper that does not read: what does not fit is queued up to a limit, and comes in order later. */
static void
test_slow_keeper (Fixture *fixture, gconstpointer data)
{
  SbxMessage message = { .type = SBX_MSG_SIGNAL, .value = 1 };
  g_autoptr (GError) error = NULL;
  int fds[SBX_MESSAGE_FDS];
  guint sent = 0, received = 0;
  gsize n;

  for (; !error; sent += error == NULL) {
    message.job = sent;
    (void) !sbx_instance_send (fixture->instance, &message, NULL, 0, &error);
    g_assert_cmpuint (sent, <, 100000);
  }
  g_assert_error (error, SBX_ERROR, SBX_ERROR_LIMITS);
  g_assert_cmpuint (sent, >, SBX_MAX_QUEUED_MESSAGES);
  g_assert_cmpint (fcntl (fixture->keeper, F_SETFL, O_NONBLOCK), ==, 0);
  for (guint i = 0; i < 5; i++) {
    while (sbx_message_recv (fixture->keeper, SBX_CHANNEL_DAEMON_TO_KEEPER, &message, fds, &n, NULL) == 1)
      g_assert_cmpuint (message.job, ==, received++);
    settle ();
  }
  g_assert_cmpuint (received, ==, sent);
}

static void
test_abandon (Fixture *fixture, gconstpointer data)
{
  int fds[SBX_MESSAGE_FDS];
  SbxMessage message;
  gsize n;

  sbx_instance_abandon (fixture->instance);
  sbx_registry_drop (fixture->registry, fixture->instance);
  g_assert_cmpint (sbx_message_recv (fixture->keeper, SBX_CHANNEL_DAEMON_TO_KEEPER, &message, fds, &n, NULL), ==, 1);
  g_assert_cmpuint (message.type, ==, SBX_MSG_STOP);
  g_assert_cmpint (sbx_message_recv (fixture->keeper, SBX_CHANNEL_DAEMON_TO_KEEPER, &message, fds, &n, NULL), ==, 0);
  settle ();
  g_assert_cmpstr (fixture->log->str, ==, "");
  g_assert_cmpuint (sbx_registry_count_live (fixture->registry), ==, 0);
}

/* More than are kept: the oldest goes, and with it its record. */
static void
test_many_exited (Fixture *fixture, gconstpointer data)
{
  const guint extra = 10;
  guint removed = 0;

  for (guint i = 0; i < SBX_MAX_EXITED + extra; i++) {
    SbxStatus status = { .state = SBX_STATUS_EXITED, .exit_time = g_get_real_time () - G_USEC_PER_SEC + i };
    g_autoptr (SbxInstance) instance = sbx_instance_new (sbx_info_new (i + 1));

    sbx_instance_set_status (instance, &status);
    sbx_registry_add (fixture->registry, instance);
  }
  for (const char *at = fixture->log->str; (at = strstr (at, "removed")) != NULL; at++)
    removed++;
  g_assert_cmpuint (removed, ==, extra);
  g_assert_null (sbx_registry_lookup (fixture->registry, extra));
  g_assert_nonnull (sbx_registry_lookup (fixture->registry, extra + 1));
}

/* A listening socket where the keeper of @id has its own. */
static int
listen_as_keeper (const char *directory)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int sock = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

  g_snprintf (address.sun_path, sizeof address.sun_path, "%s/" SBX_KEEPER_SOCKET, directory);
  g_assert_cmpint (bind (sock, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (sock, 4), ==, 0);
  return sock;
}

/* What has had no START yet has nothing written down, and is another service's. Without a keeper it is removed, but for
 * the first moment. */
static void
test_unborn (Fixture *fixture, gconstpointer data)
{
  static const char info[] = "[Instance]\nId=%s\nAppId=a\nProfile=p\nCommand=@aay []\nPolicy=@a{sv} {}\n"
                             "Warnings=\nLimits=none\n";
  const guint64 id = sbx_registry_new_id (fixture->registry);
  g_autofree char *directory = NULL, *file = NULL, *text = NULL;
  char name[SBX_ID_SIZE];
  int sock;

  sbx_id_format (id, name);
  g_assert_cmpint (sbx_runtime_dir_open (fixture->runtime, NULL), >=, 0);
  directory = g_build_filename (fixture->path, "sandbox", name, NULL);
  g_assert_cmpint (mkdir (directory, 0700), ==, 0);
  g_assert_true (sbx_adopt (fixture->runtime, fixture->registry, NULL)); /* look again */
  g_assert_true (g_file_test (directory, G_FILE_TEST_IS_DIR));
  sock = listen_as_keeper (directory);
  g_assert_true (sbx_adopt (fixture->runtime, fixture->registry, NULL));
  g_assert_null (sbx_registry_lookup (fixture->registry, id));
  file = g_build_filename (directory, SBX_INFO_FILE, NULL);
  text = g_strdup_printf (info, name);
  g_assert_true (g_file_set_contents (file, text, -1, NULL));
  g_assert_false (sbx_adopt (fixture->runtime, fixture->registry, NULL));
  g_assert_nonnull (sbx_registry_lookup (fixture->registry, id));
  close (sock);
}

/* What the kernel says to GET_PROCFS has an error each, and so has the end of the instance; every other failure is
 * SPAWN_FAILED. */
static SbxError
code_of (int step, int error)
{
  if (step != SBX_STEP_GIVE_PROCFS)
    return SBX_ERROR_SPAWN_FAILED;
  return error == EBUSY        ? SBX_ERROR_BUSY
         : error == EPERM      ? SBX_ERROR_NOT_PERMITTED
         : error == EINVAL     ? SBX_ERROR_BAD_NAMESPACE
         : error == EOPNOTSUPP ? SBX_ERROR_NOT_SUPPORTED
         : error == ESRCH      ? SBX_ERROR_EXITED
                               : SBX_ERROR_SPAWN_FAILED;
}

static void
test_failure_texts (void)
{
  for (int step = 0; step < SBX_N_STEPS + 2; step++)
    for (int error = 0; error < 140; error++) {
      SbxMessage failed = {
        .type = SBX_MSG_FAILED, .value = error, .detail = step, .text = "bwrap: no\xff way\nat all\n"
      };
      g_autoptr (GError) result = sbx_failure_new (&failed, "cmd\xfe");

      g_assert_error (result, SBX_ERROR, (int) code_of (step, error));
      g_assert_true (g_utf8_validate (result->message, -1, NULL)); /* it goes over D-Bus */
      g_assert_null (strchr (result->message, '\n'));
    }
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/instance/life", test_life);
  ADD ("/instance/failure", test_failure);
  ADD ("/instance/last-words", test_last_words);
  ADD ("/instance/keeper-dies-early", test_keeper_dies_early);
  ADD ("/instance/keeper-dies-late", test_keeper_dies_late);
  ADD ("/instance/nonsense", test_nonsense);
  ADD ("/instance/exec", test_exec);
  ADD ("/instance/slow-keeper", test_slow_keeper);
  ADD ("/instance/abandon", test_abandon);
  ADD ("/instance/many-exited", test_many_exited);
  ADD ("/instance/unborn", test_unborn);
  g_test_add_func ("/failure/texts", test_failure_texts);
  return g_test_run ();
}
