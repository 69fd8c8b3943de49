/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/service.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixconnection.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/names.h"
#include "config.h"

struct _SbxService {
  GObject parent_instance;
  GDBusConnection *connection;
  gboolean private;
};

G_DEFINE_FINAL_TYPE (SbxService, sbx_service, G_TYPE_OBJECT)

static void
sbx_service_finalize (GObject *object)
{
  g_clear_object (&SBX_SERVICE (object)->connection);
  G_OBJECT_CLASS (sbx_service_parent_class)->finalize (object);
}

static void
sbx_service_class_init (SbxServiceClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sbx_service_finalize;
}

static void
sbx_service_init (SbxService *self)
{
}

/* Named by the environment, beside us in a build tree, or installed. */
static char *
find_sandboxd (void)
{
  const char *named = g_getenv (SBX_ENV_LIBEXECDIR);
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *dir = self ? g_path_get_dirname (self) : NULL;
  g_autofree char *built = dir ? g_build_filename (dir, "..", "daemon", "sandboxd", NULL) : NULL;

  if (named)
    return g_build_filename (named, "sandboxd", NULL);
  if (built && g_file_test (built, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer (&built);
  return g_build_filename (SBX_LIBEXECDIR, "sandboxd", NULL);
}

/* XDG_RUNTIME_DIR for the private service; a session has one already. */
static char *
find_runtime_dir (GError **error)
{
  const char *named = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *standard = g_strdup_printf ("/run/user/%u", getuid ());
  struct stat st;

  if (named && *named)
    return g_strdup (named);
  if (lstat (standard, &st) == 0 && S_ISDIR (st.st_mode) && st.st_uid == getuid () && !(st.st_mode & 077))
    return g_steal_pointer (&standard);
  sbx_throw (error, SBX_ERROR_NOT_SUPPORTED,
             _ ("XDG_RUNTIME_DIR is not set and %s is not there; log in to a session, or make a directory of your own: "
                "export XDG_RUNTIME_DIR=$(mktemp -d)"),
             standard);
  return NULL;
}

static gboolean
spawn_private (int fd, GError **error)
{
  g_autofree char *program = find_sandboxd ();
  g_autofree char *runtime = find_runtime_dir (error);
  const char *argv[] = { program, "--peer-fd=3", NULL };
  g_auto (GStrv) environment = NULL;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  pid_t pid;
  int rc;

  if (!runtime)
    return FALSE;
  environment = g_environ_setenv (g_get_environ (), "XDG_RUNTIME_DIR", runtime, TRUE);
  sigemptyset (&none);
  sigfillset (&all);
  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_addopen (&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen (&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2 (&actions, fd, 3);
  posix_spawn_file_actions_addclosefrom_np (&actions, 4);
  posix_spawnattr_init (&attributes);
  posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setsigdefault (&attributes, &all);
  posix_spawnattr_setsigmask (&attributes, &none);
  rc = posix_spawn (&pid, program, &actions, &attributes, (char **) argv, environment);
  posix_spawn_file_actions_destroy (&actions);
  posix_spawnattr_destroy (&attributes);
  if (rc != 0)
    return sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, rc, _ ("cannot start the service %s; is it installed?"),
                            program);
  return TRUE;
}

/* A sandboxd of our own that lives as long as the connection. */
static GDBusConnection *
connect_private (GError **error)
{
  g_autoptr (GSocketConnection) stream = NULL;
  g_autoptr (GSocket) socket = NULL;
  int pair[2];
  gboolean spawned;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
    sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, errno, "socketpair");
    return NULL;
  }
  /* Not 3: posix_spawn's dup2 onto itself would leave close-on-exec alone */
  if (pair[1] == 3) {
    pair[1] = fcntl (pair[1], F_DUPFD_CLOEXEC, 4);
    close (3);
  }
  spawned = spawn_private (pair[1], error);
  close (pair[1]);
  if (!spawned) {
    close (pair[0]);
    return NULL;
  }
  socket = g_socket_new_from_fd (pair[0], error);
  if (!socket)
    return NULL;
  stream = g_socket_connection_factory_create_connection (socket);
  return g_dbus_connection_new_sync (G_IO_STREAM (stream), NULL, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL,
                                     NULL, error);
}

/* Never lets GDBus start a bus of its own (X11 autolaunch). */
static gboolean
has_session_bus (void)
{
  const char *choice = g_getenv (SBX_ENV_BUS), *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS");
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *path = runtime ? g_build_filename (runtime, "bus", NULL) : NULL;

  if (choice && strcmp (choice, "none") == 0)
    return FALSE;
  return (address && *address) || (path && g_file_test (path, G_FILE_TEST_EXISTS));
}

static gboolean
make_private (SbxService *self, GError **error)
{
  g_clear_object (&self->connection);
  self->connection = connect_private (error);
  self->private = TRUE;
  return self->connection != NULL;
}

SbxService *
sbx_service_open (GError **error)
{
  g_autoptr (SbxService) self = g_object_new (SBX_TYPE_SERVICE, NULL);
  g_autoptr (GError) problem = NULL;

  if (has_session_bus ()) {
    self->connection = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, &problem);
    if (self->connection) {
      g_dbus_connection_set_exit_on_close (self->connection, FALSE);
      return g_steal_pointer (&self);
    }
    g_printerr (_ ("sandboxctl: the session bus does not answer (%s); going on without it\n"), problem->message);
  }
  return make_private (self, error) ? g_steal_pointer (&self) : NULL;
}

GDBusConnection *
sbx_service_get_connection (SbxService *self)
{
  return self->connection;
}

const char *
sbx_service_get_name (SbxService *self)
{
  return self->private ? NULL : SBX_BUS_NAME;
}

static gboolean
not_installed (const GError *error)
{
  return g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER);
}

typedef struct {
  char *path, *interface, *method;
  GVariant *parameters;
  GUnixFDList *fds;
} Call;

static void
call_free (gpointer data)
{
  Call *call = data;

  g_free (call->path);
  g_free (call->interface);
  g_free (call->method);
  g_variant_unref (call->parameters);
  g_clear_object (&call->fds);
  g_free (call);
}

static void send_call (GTask *task);

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  SbxService *self = g_task_get_source_object (task);
  GError *error = NULL;
  GVariant *reply = g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source), NULL, result, &error);

  if (reply) {
    g_task_return_pointer (task, reply, (GDestroyNotify) g_variant_unref);
  } else if (!self->private && not_installed (error)) {
    g_clear_error (&error);
    if (make_private (self, &error))
      send_call (g_steal_pointer (&task));
    else
      g_task_return_error (task, error);
  } else {
    g_task_return_error (task, error);
  }
}

/* Takes the task. */
static void
send_call (GTask *task)
{
  SbxService *self = g_task_get_source_object (task);
  const Call *call = g_task_get_task_data (task);

  g_dbus_connection_call_with_unix_fd_list (
      self->connection, sbx_service_get_name (self), call->path, call->interface, call->method, call->parameters, NULL,
      G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT, call->fds, NULL, on_reply, task);
}

void
sbx_service_call_async (SbxService *self, const char *path, const char *interface, const char *method,
                        GVariant *parameters, GUnixFDList *fds, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  Call *call = g_new0 (Call, 1);

  call->path = g_strdup (path);
  call->interface = g_strdup (interface);
  call->method = g_strdup (method);
  call->parameters = g_variant_ref_sink (parameters ? parameters : g_variant_new ("()"));
  call->fds = fds ? g_object_ref (fds) : NULL;
  g_task_set_task_data (task, call, call_free);
  send_call (task);
}

GVariant *
sbx_service_call_finish (SbxService *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

GVariant *
sbx_service_call (SbxService *self, const char *path, const char *interface, const char *method, GVariant *parameters,
                  GUnixFDList *fds, GError **error)
{
  g_autoptr (GVariant) kept = g_variant_ref_sink (parameters ? parameters : g_variant_new ("()"));
  g_autoptr (GError) problem = NULL;
  GVariant *reply;

  for (;;) {
    reply = g_dbus_connection_call_with_unix_fd_list_sync (
        self->connection, sbx_service_get_name (self), path, interface, method, kept, NULL,
        G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT, fds, NULL, NULL, &problem);
    if (reply || self->private || !not_installed (problem))
      break;
    g_clear_error (&problem);
    if (!make_private (self, error))
      return NULL;
  }
  if (!reply)
    g_propagate_error (error, g_steal_pointer (&problem));
  return reply;
}
