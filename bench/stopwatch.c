/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stopwatch ROUNDS CASES: times commands, each once a round, in an order that changes from round to round.
 *
 * CASES is a key file with one group a case:
 *   kind=exec     argv= is executed
 *   kind=bwrap    argv= under bwrap with the mounts of profile=, as the service's Explain has them, and its filter
 *   kind=launch   argv= by Launch over a D-Bus connection that is open already, watched through a lifeline
 * env= has NAME=value on top of our own environment (exec, bwrap).
 *
 * For each run one line: the case, microseconds to the command's first byte of output, microseconds to its end as the
 * caller gets to know of it, tab-separated. A run without output is an error. */
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/names.h"
#include "plan/filter/syscall-filter.h"
#include "wire/message.h"

#define FILTER_NUMBER 11
#define PAUSE_MICROSECONDS 2000 /* what is still being taken down must not slow the next one */
#define WARM_UP_ROUNDS 3

typedef struct {
  char *name, *kind, *profile;
  char **argv, **env;
  int filter; /* or -1 */
} Case;

typedef struct {
  gint64 first, end; /* nanoseconds */
} Times;

static gint64
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return (gint64) time.tv_sec * 1000000000 + time.tv_nsec;
}

static void G_GNUC_NORETURN G_GNUC_PRINTF (1, 2) die (const char *format, ...)
{
  va_list args;

  va_start (args, format);
  fputs ("stopwatch: ", stderr);
  vfprintf (stderr, format, args);
  fputc ('\n', stderr);
  exit (EXIT_FAILURE);
}

static void G_GNUC_NORETURN
child (const Case *one, int output)
{
  int null = open ("/dev/null", O_RDWR);

  if (null < 0 || dup2 (null, 0) < 0 || dup2 (output, 1) < 0
      || (one->filter >= 0 && dup2 (one->filter, FILTER_NUMBER) < 0))
    _exit (125);
  if (one->filter >= 0) /* every bwrap reads it from its beginning */
    lseek (FILTER_NUMBER, 0, SEEK_SET);
  execve (one->argv[0], one->argv, one->env);
  _exit (127);
}

static Times
run_exec (const Case *one)
{
  Times times = { 0 };
  gint64 start;
  int output[2], status;
  char byte;
  pid_t pid;

  if (pipe2 (output, O_CLOEXEC) < 0)
    die ("pipe: %s", strerror (errno));
  start = now ();
  pid = vfork ();
  if (pid == 0)
    child (one, output[1]);
  close (output[1]);
  if (pid < 0 || read (output[0], &byte, 1) != 1)
    die ("%s: no output from %s", one->name, one->argv[0]);
  times.first = now () - start;
  if (waitpid (pid, &status, 0) != pid || status != 0)
    die ("%s: ended with wait status %d", one->name, status);
  times.end = now () - start;
  close (output[0]);
  return times;
}

static GVariant *
launch_parameters (const Case *one, GUnixFDList *list, int output, int lifeline)
{
  GVariantBuilder options, fds;
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);

  g_variant_builder_init (&fds, G_VARIANT_TYPE ("a{uh}"));
  g_variant_builder_add (&fds, "{uh}", 0u, g_unix_fd_list_append (list, null, NULL));
  g_variant_builder_add (&fds, "{uh}", 1u, g_unix_fd_list_append (list, output, NULL));
  g_variant_builder_add (&fds, "{uh}", 2u, g_unix_fd_list_append (list, 2, NULL));
  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&options, "{sv}", "fds", g_variant_builder_end (&fds));
  g_variant_builder_add (&options, "{sv}", "lifeline",
                         g_variant_new_handle (g_unix_fd_list_append (list, lifeline, NULL)));
  close (null);
  return g_variant_new ("(s^aaya{sv})", one->profile, one->argv, &options);
}

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source), NULL, result, &error);

  if (!reply)
    die ("Launch: %s", error->message);
  *(gboolean *) user_data = TRUE;
}

/* Until @type comes over the lifeline. */
static void
await (int lifeline, SbxMessageType type)
{
  int fds[SBX_MESSAGE_FDS];
  SbxMessage message = { 0 };
  size_t n;

  while (message.type != type)
    if (sbx_message_recv (lifeline, SBX_CHANNEL_KEEPER_TO_CALLER, &message, fds, &n, NULL) <= 0)
      die ("the lifeline has ended early");
}

static Times
run_launch (GDBusConnection *bus, const Case *one)
{
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();
  int output[2], lifeline[2];
  gboolean answered = FALSE;
  Times times = { 0 };
  gint64 start = now ();
  char byte;

  if (pipe2 (output, O_CLOEXEC) < 0 || socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, lifeline) < 0)
    die ("pipe: %s", strerror (errno));
  g_dbus_connection_call_with_unix_fd_list (bus, SBX_BUS_NAME, SBX_MANAGER_PATH, SBX_MANAGER_INTERFACE, "Launch",
                                            launch_parameters (one, list, output[1], lifeline[1]), NULL,
                                            G_DBUS_CALL_FLAGS_NONE, -1, list, NULL, on_reply, &answered);
  close (output[1]);
  close (lifeline[1]);
  g_clear_object (&list); /* GDBus has its own reference until the message is sent */
  if (read (output[0], &byte, 1) != 1) {
    while (!answered)
      g_main_context_iteration (NULL, TRUE);
    die ("%s: no output", one->name);
  }
  times.first = now () - start;
  await (lifeline[0], SBX_MSG_EXITED);
  times.end = now () - start;
  await (lifeline[0], SBX_MSG_ENDED);
  while (!answered)
    g_main_context_iteration (NULL, TRUE);
  close (output[0]);
  close (lifeline[0]);
  return times;
}

static int
make_filter (void)
{
  static const SbxPlaces places = { "/", NULL, NULL, NULL, NULL, NULL };
  g_autoptr (GVariant) tier = g_variant_ref_sink (g_variant_new_parsed ("{'Seccomp': <{'tier': 'default'}>}"));
  g_autoptr (SbxPolicy) nothing = sbx_policy_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxPolicy) policy = sbx_policy_merge_variant (nothing, tier, &places, &error);
  g_autoptr (GBytes) program = policy ? sbx_seccomp_compile (policy, 0, &error) : NULL;
  int fd = memfd_create ("filter", MFD_CLOEXEC);
  gsize size;

  if (!program)
    die ("the filter: %s", error->message);
  if (write (fd, g_bytes_get_data (program, &size), g_bytes_get_size (program)) != (gssize) g_bytes_get_size (program))
    die ("the filter: %s", strerror (errno));
  return fd;
}

/* The mounts that the keeper makes in every such box, for bwrap to make. */
static void
add_mounts_of_keeper (GVariant *plan, GPtrArray *argv)
{
  g_autoptr (GVariant) mounts = g_variant_lookup_value (plan, "mounts", G_VARIANT_TYPE ("aa{ss}"));
  guint32 from = 0, n = 0;

  if (!mounts || !g_variant_lookup (plan, "skeleton", "u", &from) || !g_variant_lookup (plan, "common", "u", &n))
    return; /* an older one, whose bwrap makes all of them */
  for (guint32 i = from; i < n; i++) {
    g_autoptr (GVariant) mount = g_variant_get_child_value (mounts, i);
    const char *op = NULL, *source = NULL, *dest = NULL;

    if (!g_variant_lookup (mount, "op", "&s", &op) || !g_variant_lookup (mount, "dest", "&s", &dest)
        || !g_variant_lookup (mount, "source", "&s", &source))
      die ("Explain: mount %u is not from outside", i);
    g_ptr_array_add (argv, g_strconcat ("--", op, NULL));
    g_ptr_array_add (argv, g_strdup (source));
    g_ptr_array_add (argv, g_strdup (dest));
  }
}

/* The service's own bwrap command line without what only the service needs: --as-pid-1 and sandbox-init. */
static void
make_bwrap (GDBusConnection *bus, Case *one)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_sync (bus, SBX_BUS_NAME, SBX_MANAGER_PATH, SBX_MANAGER_INTERFACE, "Explain",
                                   g_variant_new ("(s^aaya{sv})", one->profile, one->argv, NULL),
                                   G_VARIANT_TYPE ("(a{sv})"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_autoptr (GVariant) plan = reply ? g_variant_get_child_value (reply, 0) : NULL;
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_auto (GStrv) bwrap = NULL;
  g_auto (GStrv) command = one->argv;
  g_autofree char *number = g_strdup_printf ("%d", FILTER_NUMBER);

  if (!plan || !g_variant_lookup (plan, "bwrap", "^aay", &bwrap))
    die ("Explain: %s", error ? error->message : "it has no bwrap command line");
  for (char **word = bwrap; strcmp (*word, "--") != 0; word++)
    if (strcmp (*word, "--as-pid-1") != 0)
      g_ptr_array_add (argv, g_strdup (*word));
  add_mounts_of_keeper (plan, argv);
  g_ptr_array_add (argv, g_strdup ("--seccomp"));
  g_ptr_array_add (argv, g_strdup (number));
  for (char **word = command; *word; word++)
    g_ptr_array_add (argv, g_strdup (*word));
  g_ptr_array_add (argv, NULL);
  one->argv = (char **) g_ptr_array_free (g_steal_pointer (&argv), FALSE);
  one->filter = make_filter ();
}

static char **
make_environment (GKeyFile *file, const char *group)
{
  g_auto (GStrv) more = g_key_file_get_string_list (file, group, "env", NULL, NULL);
  char **env = g_get_environ ();

  for (char **row = more; row && *row; row++) {
    char *equals = strchr (*row, '=');

    if (!equals)
      die ("%s: env= wants NAME=value", group);
    *equals = '\0';
    env = g_environ_setenv (env, *row, equals + 1, TRUE);
  }
  return env;
}

static void
load_case (GKeyFile *file, const char *group, GDBusConnection *bus, Case *one)
{
  one->name = g_strdup (group);
  one->kind = g_key_file_get_string (file, group, "kind", NULL);
  one->profile = g_key_file_get_string (file, group, "profile", NULL);
  one->argv = g_key_file_get_string_list (file, group, "argv", NULL, NULL);
  one->env = make_environment (file, group);
  one->filter = -1;
  if (!one->kind || !one->argv)
    die ("%s: wants kind= and argv=", group);
  if (strcmp (one->kind, "exec") != 0 && (!bus || !one->profile))
    die ("%s: wants profile= and a session bus", group);
  if (strcmp (one->kind, "bwrap") == 0)
    make_bwrap (bus, one);
}

static void
measure (GDBusConnection *bus, const Case *cases, gsize n, guint rounds)
{
  for (guint round = 0; round < rounds + WARM_UP_ROUNDS; round++)
    for (gsize i = 0; i < n; i++) {
      const Case *one = &cases[(i + round) % n];
      Times times = strcmp (one->kind, "launch") == 0 ? run_launch (bus, one) : run_exec (one);

      if (round >= WARM_UP_ROUNDS)
        printf ("%s\t%.1f\t%.1f\n", one->name, (double) times.first / 1000, (double) times.end / 1000);
      g_usleep (PAUSE_MICROSECONDS);
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) bus = NULL;
  g_autofree Case *cases = NULL;
  g_auto (GStrv) groups = NULL;
  guint64 rounds;
  gsize n;

  if (argc != 3 || !g_ascii_string_to_unsigned (argv[1], 10, 1, 100000, &rounds, NULL))
    die ("usage: stopwatch ROUNDS CASES");
  if (!g_key_file_load_from_file (file, argv[2], G_KEY_FILE_NONE, &error))
    die ("%s: %s", argv[2], error->message);
  bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, NULL);
  groups = g_key_file_get_groups (file, &n);
  cases = g_new0 (Case, n);
  for (gsize i = 0; i < n; i++)
    load_case (file, groups[i], bus, &cases[i]);
  measure (bus, cases, n, (guint) rounds);
  return EXIT_SUCCESS;
}
