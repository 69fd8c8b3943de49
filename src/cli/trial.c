/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/trial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <ifaddrs.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/exposure.h"
#include "cli/link/helper.h"
#include "common/error.h"
#include "common/names.h"
#include "common/program-copy.h"
#include "common/session-bus.h"
#include "policy/profile-set.h"

#define APP_ID "org.example.Sandbox.Verify"
#define PROBE_FD 20 /* the probe's, here and inside */
#define PROBE "/proc/self/fd/20"
#define APP_ID_OPTION "--app-id=org.example.Sandbox.Verify"
#define PATIENCE "--timeout=60"
#define BACKLOG SOMAXCONN /* nothing is taken on, and each profile tries a few times */
#define OUR_FILES ".sandbox-verify-"

struct _SbxStage {
  int probe, server, socket, near, terminal;
  gint32 key;
  GSubprocess *bystander;
  GDBusConnection *bus; /* which has the name; or NULL */
  char *address, *bus_name, *terminal_name;
  char *system_name, *key_name, *service, *profiles;
  char *bystander_name, *neighbour_name, *abstract, *in_home, *in_tmp;
  char **calls;
  guint port;
};

/* In memory, since Landlock has no rule for where the program lies, and the sandbox may not show it. */
static int
copy_probe (GError **error)
{
  g_autofree char *path = sbx_helper_find ("sandbox-probe", "probe");

  return sbx_program_copy (path, error);
}

/* Starts @argv with the probe as its descriptor PROBE_FD. */
static GSubprocess *
start (SbxStage *self, const char *const *argv, GSubprocessFlags flags, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (flags);
  int fd = fcntl (self->probe, F_DUPFD_CLOEXEC, 3);

  if (fd < 0) {
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "dup");
    return NULL;
  }
  g_subprocess_launcher_take_fd (launcher, fd, PROBE_FD);
  return g_subprocess_launcher_spawnv (launcher, argv, error);
}

/* Whether @process has said that it is there. */
static gboolean
wait_for_line (GSubprocess *process, GError **error)
{
  GInputStream *out = g_subprocess_get_stdout_pipe (process);
  char byte;

  return g_input_stream_read (out, &byte, 1, NULL, error) == 1;
}

static gboolean
listen_on (int sock, const struct sockaddr *address, socklen_t size)
{
  return sock >= 0 && bind (sock, address, size) == 0 && listen (sock, BACKLOG) == 0;
}

static gboolean
open_sockets (SbxStage *self)
{
  struct sockaddr_in server = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct sockaddr_un name = { .sun_family = AF_UNIX };
  socklen_t size = sizeof server;

  self->server = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listen_on (self->server, (struct sockaddr *) &server, sizeof server)
      && getsockname (self->server, (struct sockaddr *) &server, &size) == 0)
    self->port = ntohs (server.sin_port);
  self->abstract = g_strdup_printf ("@sandbox-verify-%08x", g_random_int ());
  memcpy (name.sun_path + 1, self->abstract + 1, strlen (self->abstract + 1));
  self->socket = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return listen_on (self->socket, (struct sockaddr *) &name,
                    (socklen_t) (G_STRUCT_OFFSET (struct sockaddr_un, sun_path) + strlen (self->abstract)));
}

/* An address of this machine that is not the one that every network has for itself. */
static gboolean
find_address (struct in_addr *found)
{
  struct ifaddrs *all = NULL;
  gboolean there = FALSE;

  if (getifaddrs (&all) < 0)
    return FALSE;
  for (const struct ifaddrs *at = all; at && !there; at = at->ifa_next) {
    there = at->ifa_addr && at->ifa_addr->sa_family == AF_INET && (at->ifa_flags & IFF_UP)
            && !(at->ifa_flags & IFF_LOOPBACK);
    if (there)
      *found = ((const struct sockaddr_in *) (const void *) at->ifa_addr)->sin_addr;
  }
  freeifaddrs (all);
  return there;
}

/* Somebody who listens there, and takes nothing on; for as long as we are here. */
static void
open_near (SbxStage *self)
{
  struct sockaddr_in near = { .sin_family = AF_INET };
  socklen_t size = sizeof near;
  char name[INET_ADDRSTRLEN];

  if (!find_address (&near.sin_addr))
    return;
  self->near = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listen_on (self->near, (struct sockaddr *) &near, sizeof near)
      && getsockname (self->near, (struct sockaddr *) &near, &size) == 0
      && inet_ntop (AF_INET, &near.sin_addr, name, sizeof name))
    self->address = g_strdup_printf ("%s:%u", name, ntohs (near.sin_port));
}

/* A terminal that is nobody's input. */
static void
open_terminal (SbxStage *self)
{
  char name[64];

  self->terminal = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (self->terminal >= 0 && grantpt (self->terminal) == 0 && unlockpt (self->terminal) == 0
      && ptsname_r (self->terminal, name, sizeof name) == 0)
    self->terminal_name = g_strdup (name);
}

/* A name on the session bus that nobody knows of. */
static void
take_name (SbxStage *self)
{
  static const GDBusConnectionFlags flags =
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION;
  const char *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS");
  g_autofree char *name = g_strdup_printf (APP_ID ".Bystander%08x", g_random_int ());
  g_autoptr (GVariant) reply = NULL;

  self->bus = address ? g_dbus_connection_new_for_address_sync (address, flags, NULL, NULL, NULL) : NULL;
  if (self->bus)
    reply = g_dbus_connection_call_sync (self->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                         "org.freedesktop.DBus", "RequestName", g_variant_new ("(su)", name, 0),
                                         G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  if (reply)
    self->bus_name = g_steal_pointer (&name);
}

/* Somebody's on the system bus: the first but the bus's own. */
static void
find_system_name (SbxStage *self)
{
  g_autoptr (GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, NULL);
  g_autoptr (GVariant) reply = NULL;
  g_autofree const char **names = NULL;

  if (bus)
    g_dbus_connection_set_exit_on_close (bus, FALSE);
  reply = bus ? g_dbus_connection_call_sync (bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                             "org.freedesktop.DBus", "ListNames", NULL, G_VARIANT_TYPE ("(as)"),
                                             G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL)
              : NULL;
  if (reply)
    g_variant_get (reply, "(^a&s)", &names);
  for (gsize i = 0; names && names[i] && !self->system_name; i++)
    if (names[i][0] != ':' && !g_str_equal (names[i], "org.freedesktop.DBus"))
      self->system_name = g_strdup (names[i]);
}

/* A key of the process's own keyring, which ends with it; its user may know its name (keyrings(7)). */
static void
make_key (SbxStage *self)
{
  self->key_name = g_strdup_printf ("sandbox-verify-%08x%08x", g_random_int (), g_random_int ());
  if (syscall (SYS_add_key, "user", self->key_name, "x", (gsize) 1, KEY_SPEC_PROCESS_KEYRING) < 0)
    g_clear_pointer (&self->key_name, g_free);
}

/* Where they are there. */
static void
find_directories (SbxStage *self)
{
  g_autofree char *bus = sbx_session_bus_find ();
  g_autofree char *name = bus ? sbx_session_socket_name (bus) : NULL;
  g_auto (GStrv) dirs = sbx_profile_set_default_dirs ();

  if (name)
    self->service = g_build_filename (g_get_user_runtime_dir (), SBX_RUNTIME_SUBDIR, name, NULL);
  if (self->service && access (self->service, F_OK) < 0)
    g_clear_pointer (&self->service, g_free);
  if (dirs[SBX_PLACE_USER] && g_file_test (dirs[SBX_PLACE_USER], G_FILE_TEST_IS_DIR))
    self->profiles = g_strdup (dirs[SBX_PLACE_USER]);
}

/* A file with something in it that only its owner may read, or none: the directory takes none, and the disk may be
 * full. */
static void
make_file (char **path)
{
  int fd = open (*path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

  if (fd < 0 || write (fd, "x", 1) != 1)
    g_clear_pointer (path, g_free);
  if (fd >= 0)
    close (fd);
}

static char *
name_file (const char *directory)
{
  return g_strdup_printf ("%s/" OUR_FILES "%08x%08x", directory, g_random_int (), g_random_int ());
}

/* A key that nobody has. */
static gint32
choose_key (void)
{
  gint32 key;

  do
    key = g_random_int_range (1, G_MAXINT32);
  while (shmget (key, 0, 0) >= 0 || errno != ENOENT);
  return key;
}

/* It removes what is made for the trials, once it runs, when we have ended, however that is. */
static gboolean
start_bystander (SbxStage *self, GError **error)
{
  g_autofree char *shm = g_strdup_printf ("shm:%d", self->key);
  const char *argv[] = { PROBE, "--stay", self->bystander_name, self->in_home, self->in_tmp, shm, NULL };

  self->bystander = start (self, argv, G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, error);
  return self->bystander && wait_for_line (self->bystander, error);
}

static gboolean
list_calls (SbxStage *self, GError **error)
{
  const char *argv[] = { PROBE, "--calls", NULL };
  g_autoptr (GSubprocess) probe = start (self, argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE, error);
  g_autofree char *out = NULL;

  if (!probe || !g_subprocess_communicate_utf8 (probe, NULL, NULL, &out, NULL, error))
    return FALSE;
  self->calls = g_strsplit (out, "\n", -1);
  return TRUE;
}

SbxStage *
sbx_stage_new (GError **error)
{
  g_autoptr (SbxStage) self = g_new0 (SbxStage, 1);

  self->server = self->socket = self->near = self->terminal = -1;
  self->probe = copy_probe (error);
  if (self->probe < 0)
    return NULL;
  self->bystander_name = g_strdup_printf ("out-%08x", g_random_int ());
  self->neighbour_name = g_strdup_printf ("box-%08x", g_random_int ());
  self->in_home = name_file (g_get_home_dir ());
  self->in_tmp = name_file ("/tmp");
  self->key = choose_key ();
  if (!open_sockets (self)) {
    sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, _ ("cannot listen on a socket"));
    return NULL;
  }
  if (!start_bystander (self, error) || !list_calls (self, error))
    return NULL;
  open_near (self);
  open_terminal (self);
  take_name (self);
  find_system_name (self);
  make_key (self);
  find_directories (self);
  make_file (&self->in_home);
  make_file (&self->in_tmp);
  (void) shmget (self->key, 4096, IPC_CREAT | IPC_EXCL | 0600); /* without it the promise cannot be tried */
  return g_steal_pointer (&self);
}

/* Ends one that stays, and waits for that. */
static void
send_away (GSubprocess *process)
{
  g_output_stream_close (g_subprocess_get_stdin_pipe (process), NULL, NULL);
  g_subprocess_wait (process, NULL, NULL);
  g_object_unref (process);
}

void
sbx_stage_free (SbxStage *self)
{
  const int fds[] = { self->probe, self->server, self->socket, self->near, self->terminal };

  g_clear_pointer (&self->bystander, send_away);
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    if (fds[i] >= 0)
      close (fds[i]);
  g_clear_object (&self->bus);
  g_free (self->address);
  g_free (self->bus_name);
  g_free (self->system_name);
  g_free (self->key_name);
  g_free (self->service);
  g_free (self->profiles);
  g_free (self->terminal_name);
  g_free (self->in_home);
  g_free (self->in_tmp);
  g_strfreev (self->calls);
  g_free (self->bystander_name);
  g_free (self->neighbour_name);
  g_free (self->abstract);
  g_free (self);
}

/* `sandboxctl run` of the probe under @profile, with @words behind it. */
static GSubprocess *
start_inside (SbxStage *self, const char *profile, const char *const *words, GSubprocessFlags flags, GError **error)
{
  g_autofree char *option = g_strconcat ("--profile=", profile, NULL);
  const char *const first[] = {
    "/proc/self/exe", "run", option, APP_ID_OPTION, "--on-crash=none", PATIENCE, "--", PROBE
  };
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (first); i++)
    g_ptr_array_add (argv, (gpointer) first[i]);
  for (; *words; words++)
    g_ptr_array_add (argv, (gpointer) *words);
  g_ptr_array_add (argv, NULL);
  return start (self, (const char *const *) argv->pdata, flags, error);
}

/* The lines of a probe, @n of them, or NULL with @error. */
static char **
read_lines (GSubprocess *probe, guint n, GError **error)
{
  g_autofree char *out = NULL, *problem = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_subprocess_communicate_utf8 (probe, NULL, NULL, &out, &problem, error))
    return NULL;
  lines = g_strsplit (out ? out : "", "\n", -1);
  if (g_strv_length (lines) == n + 1 && g_subprocess_get_if_exited (probe) && g_subprocess_get_exit_status (probe) == 0)
    return g_steal_pointer (&lines);
  sbx_throw (error, SBX_ERROR_SPAWN_FAILED, "%s",
             problem && *problem ? g_strchomp (problem) : _ ("the probe did not end well"));
  return NULL;
}

static char **
words_of (GPtrArray *promises)
{
  GStrvBuilder *builder = g_strv_builder_new ();
  char **words;

  for (guint i = 0; i < promises->len; i++)
    g_strv_builder_add (builder, ((const SbxPromise *) promises->pdata[i])->word);
  words = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  return words;
}

static void
finding_free (gpointer data)
{
  SbxFinding *self = data;

  g_free (self->promise.text);
  g_free (self->promise.word);
  g_free (self->inside);
  g_free (self->outside);
  g_free (self);
}

/* Without its first word. */
static char *
reason_of (const char *line)
{
  const char *space = strchr (line, ' ');

  return g_strdup (space ? space + 1 : line);
}

static GPtrArray *
compare (GPtrArray *promises, char *const *inside, char *const *outside)
{
  GPtrArray *findings = g_ptr_array_new_with_free_func (finding_free);

  for (guint i = 0; i < promises->len; i++) {
    SbxPromise *promise = promises->pdata[i];
    SbxFinding *finding = g_new (SbxFinding, 1);

    *finding = (SbxFinding){ { g_strdup (promise->text), g_strdup (promise->word), promise->reached },
                             sbx_promise_judge (promise, inside[i], outside[i]),
                             reason_of (inside[i]),
                             reason_of (outside[i]) };
    g_ptr_array_add (findings, finding);
  }
  return findings;
}

/* What Explain says of it, and its policy. */
static GVariant *
explain (SbxService *service, const char *profile, SbxPolicy **policy, GError **error)
{
  static const char *const nothing[] = { NULL };
  GVariantBuilder options;
  g_autoptr (GVariant) reply = NULL, plan = NULL, groups = NULL;
  const char *refused;

  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&options, "{sv}", "app-id", g_variant_new_string (APP_ID));
  reply = sbx_service_call (
      service, SBX_MANAGER_PATH, SBX_MANAGER_INTERFACE, "Explain",
      g_variant_new ("(s@aaya{sv})", profile, g_variant_new_bytestring_array (nothing, -1), &options), NULL, error);
  if (!reply)
    return NULL;
  plan = g_variant_get_child_value (reply, 0);
  if (g_variant_lookup (plan, "refused", "&s", &refused)) {
    sbx_throw (error, SBX_ERROR_NOT_SUPPORTED, "%s", refused);
    return NULL;
  }
  groups = g_variant_lookup_value (plan, "policy", G_VARIANT_TYPE_VARDICT);
  *policy = groups ? sbx_exposure_policy (groups, error) : NULL;
  if (!groups)
    sbx_throw (error, SBX_ERROR_NOT_SUPPORTED, _ ("the service answers in another version's way; update both"));
  return *policy ? g_steal_pointer (&plan) : NULL;
}

/* The home that the probes have had, if the profile keeps one. */
static void
forget_home (void)
{
  g_autofree char *home = g_build_filename (g_get_user_data_dir (), SBX_RUNTIME_SUBDIR, APP_ID, NULL);
  const char *argv[] = { "/proc/self/exe", "data", "remove", APP_ID, NULL };
  g_autoptr (GSubprocess) remove = NULL;

  if (!g_file_test (home, G_FILE_TEST_IS_DIR))
    return;
  remove = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL);
  if (remove)
    (void) g_subprocess_wait (remove, NULL, NULL);
}

static GPtrArray *
try_promises (SbxStage *self, const char *profile, GPtrArray *promises, GError **error)
{
  g_auto (GStrv) words = words_of (promises), inside = NULL, outside = NULL;
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GSubprocess) in = NULL, out = NULL;

  in = start_inside (self, profile, (const char *const *) words,
                     G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, error);
  inside = in ? read_lines (in, promises->len, error) : NULL;
  if (!inside)
    return NULL;
  g_ptr_array_add (argv, (gpointer) PROBE);
  for (char **word = words; *word; word++)
    g_ptr_array_add (argv, *word);
  g_ptr_array_add (argv, NULL);
  out = start (self, (const char *const *) argv->pdata, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE,
               error);
  outside = out ? read_lines (out, promises->len, error) : NULL;
  return outside ? compare (promises, inside, outside) : NULL;
}

GPtrArray *
sbx_trial_run (SbxStage *self, SbxService *service, const char *profile, GError **error)
{
  const char *stay[] = { "--stay", self->neighbour_name, NULL };
  const char *pid = g_subprocess_get_identifier (self->bystander);
  g_autoptr (SbxPolicy) policy = NULL;
  g_autoptr (GVariant) plan = explain (service, profile, &policy, error);
  SbxTargets targets = { .bystander = self->bystander_name,
                         .bystander_pid = pid ? (guint) g_ascii_strtoull (pid, NULL, 10) : 0,
                         .neighbour = self->neighbour_name,
                         .address = self->address,
                         .bus_name = self->bus_name,
                         .system_name = self->system_name,
                         .key_name = self->key_name,
                         .service = self->service,
                         .profiles = self->profiles,
                         .terminal = self->terminal_name,
                         .port = self->port,
                         .abstract = self->abstract,
                         .in_home = self->in_home,
                         .in_tmp = self->in_tmp,
                         .shm = self->key,
                         .calls = (const char *const *) self->calls };
  g_autoptr (GPtrArray) promises = NULL;
  GSubprocess *neighbour;
  GPtrArray *findings = NULL;

  if (!plan)
    return NULL;
  promises = sbx_promises_list (policy, plan, &targets);
  neighbour = start_inside (
      self, profile, stay,
      G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, error);
  if (neighbour && wait_for_line (neighbour, error))
    findings = try_promises (self, profile, promises, error);
  else if (error && !*error)
    sbx_throw (error, SBX_ERROR_SPAWN_FAILED,
               _ ("nothing starts under this profile; `sandboxctl run --profile=%s -- true` says why"), profile);
  g_clear_pointer (&neighbour, send_away);
  forget_home ();
  return findings;
}
