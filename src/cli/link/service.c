/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/link/service.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/link/bus-error.h"
#include "cli/link/direct.h"
#include "cli/link/helper.h"
#include "cli/text/output.h"
#include "common/child.h"
#include "common/error.h"
#include "common/names.h"
#include "common/session-bus.h"

#define RETRY_MS 100
#define RETRIES 50 /* a service that was killed is back by then, or will not come */

struct _SbxService {
  SbxConnection *bus;
  gboolean private, launch_first;
  gboolean direct; /* over its own socket, beside the bus or without one */
  gboolean has_bus;
  /* The call that is under way, and what it takes to make it again */
  SbxBusMessage *call;
  const SbxFdList *fds; /* the caller's */
  guint32 serial;
};

void
sbx_service_free (SbxService *self)
{
  g_clear_pointer (&self->bus, sbx_connection_free);
  g_clear_pointer (&self->call, sbx_bus_message_free);
  g_free (self);
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
spawn_private (int fd, gboolean launch_first, GError **error)
{
  g_autofree char *program = sbx_helper_find ("sandboxd", "daemon");
  g_autofree char *runtime = find_runtime_dir (error);
  const char *argv[] = { program, "--peer-fd=3", launch_first ? "--launch-first" : NULL, NULL };
  g_auto (GStrv) environment = NULL;
  posix_spawn_file_actions_t actions;
  pid_t pid;
  int rc;

  if (!runtime)
    return FALSE;
  environment = g_environ_setenv (g_get_environ (), "XDG_RUNTIME_DIR", runtime, TRUE);
  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_addopen (&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen (&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2 (&actions, fd, 3);
  posix_spawn_file_actions_addclosefrom_np (&actions, 4);
  rc = sbx_child_spawn (&pid, program, &actions, POSIX_SPAWN_SETSID, (char **) argv, environment);
  posix_spawn_file_actions_destroy (&actions);
  if (rc != 0)
    return sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, rc, _ ("cannot start the service %s; is it installed?"),
                            program);
  return TRUE;
}

/* A sandboxd of our own that lives as long as the connection. */
static SbxConnection *
connect_private (gboolean launch_first, GError **error)
{
  gboolean spawned = FALSE;
  int pair[2], on = 1;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
    sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, errno, "make a socket pair");
    return NULL;
  }
  /* Our first byte carries our credentials even if the service has not yet asked for them */
  (void) setsockopt (pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  /* Not 3: posix_spawn's dup2 onto itself would leave close-on-exec alone */
  if (pair[1] == 3) {
    pair[1] = fcntl (pair[1], F_DUPFD_CLOEXEC, 4);
    close (3);
  }
  if (pair[1] < 0)
    sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, errno, "make a socket pair");
  else
    spawned = spawn_private (pair[1], launch_first, error);
  close (pair[1]);
  if (spawned)
    return sbx_connection_new_for_peer (pair[0], error);
  close (pair[0]);
  return NULL;
}

/* The session bus's address, or NULL. */
static char *
find_session_bus (void)
{
  const char *choice = g_getenv (SBX_ENV_BUS);

  return choice && strcmp (choice, "none") == 0 ? NULL : sbx_session_bus_find ();
}

static gboolean
make_private (SbxService *self, GError **error)
{
  SbxConnection *bus = connect_private (self->launch_first, error);

  if (!bus) /* whoever goes on calls the one before, and is told again that it has gone */
    return FALSE;
  g_clear_pointer (&self->bus, sbx_connection_free);
  self->bus = bus;
  self->private = TRUE;
  self->direct = FALSE;
  return TRUE;
}

static SbxService *
open_service (gboolean launch_first, GError **error)
{
  g_autoptr (SbxService) self = g_new0 (SbxService, 1);
  g_autofree char *address = find_session_bus (), *clean = NULL;
  g_autoptr (GError) problem = NULL;

  self->launch_first = launch_first;
  self->bus = sbx_direct_connect (address);
  self->direct = self->bus != NULL;
  self->has_bus = address != NULL;
  if (address && !self->bus) {
    self->bus = sbx_connection_new_for_address (address, &problem);
    if (self->bus)
      return g_steal_pointer (&self);
    clean = sbx_output_clean (problem->message);
    g_printerr (_ ("sandboxctl: the session bus does not answer (%s); going on without it\n"), clean);
  }
  return self->bus || make_private (self, error) ? g_steal_pointer (&self) : NULL;
}

SbxService *
sbx_service_open (GError **error)
{
  return open_service (FALSE, error);
}

SbxService *
sbx_service_open_for_launch (GError **error)
{
  return open_service (TRUE, error);
}

const char *
sbx_service_get_way (SbxService *self)
{
  return self->private ? "private" : self->has_bus ? "session bus" : "own socket";
}

static gboolean
not_installed (const GError *error)
{
  return g_error_matches (error, SBX_BUS_ERROR, SBX_BUS_ERROR_SERVICE_UNKNOWN)
         || g_error_matches (error, SBX_BUS_ERROR, SBX_BUS_ERROR_NO_OWNER);
}

static SbxBusMessage *
new_call (const char *name, const char *path, const char *interface, const char *method, GVariant *parameters)
{
  SbxBusMessage *message = sbx_bus_message_new_call (name, path, interface, method, parameters);

  message->flags = SBX_BUS_ASKS;
  return message;
}

/* From the service's own socket to the bus, which has the signals, and starts a service that is not there any more;
 * without a bus we start one, which looks around first: what there is to be known is not its own. */
static gboolean
turn_to_bus (SbxService *self, GError **error)
{
  g_autofree char *address = find_session_bus ();
  SbxConnection *bus = address ? sbx_connection_new_for_address (address, error) : NULL;

  if (!address) {
    self->direct = self->launch_first = FALSE;
    return make_private (self, error);
  }
  if (!bus)
    return FALSE;
  sbx_connection_free (self->bus);
  self->bus = bus;
  self->direct = FALSE;
  return TRUE;
}

static gboolean
send_call (SbxService *self, GError **error)
{
  g_autoptr (GError) problem = NULL;

  self->serial = sbx_connection_send (self->bus, self->call, self->fds, self->direct ? &problem : error);
  if (self->serial != 0 || !self->direct)
    return self->serial != 0;
  if (!g_error_matches (problem, SBX_BUS_ERROR, SBX_BUS_ERROR_CLOSED)) { /* another service could not take it either */
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  /* A part of a message is none: it has not been taken */
  if (!turn_to_bus (self, error))
    return FALSE;
  if (!self->private)
    self->call->destination = g_strdup (SBX_BUS_NAME);
  self->serial = sbx_connection_send (self->bus, self->call, self->fds, error);
  return self->serial != 0;
}

gboolean
sbx_service_begin (SbxService *self, const char *path, const char *interface, const char *method, GVariant *parameters,
                   const SbxFdList *fds, GError **error)
{
  g_clear_pointer (&self->call, sbx_bus_message_free);
  self->call = new_call (self->private || self->direct ? NULL : SBX_BUS_NAME, path, interface, method, parameters);
  self->fds = fds;
  return send_call (self, error);
}

/* The same call to a service of our own. */
static gboolean
begin_again (SbxService *self, GError **error)
{
  if (!make_private (self, error))
    return FALSE;
  g_clear_pointer (&self->call->destination, g_free);
  return send_call (self, error);
}

/* The reply to the call under way. FALSE: the call was made again. */
static gboolean
take_reply (SbxService *self, const SbxBusMessage *message, GVariant **reply, GError **error)
{
  GError *problem = NULL;

  *reply = NULL;
  if (!sbx_bus_message_get_failure (message, &problem)) {
    *reply = g_variant_ref (message->body);
  } else if (!self->private && not_installed (problem)) {
    g_clear_error (&problem);
    if (begin_again (self, &problem))
      return FALSE;
  }
  if (problem)
    g_propagate_error (error, problem);
  return TRUE;
}

static SbxServiceProgress
advance (SbxService *self, int ms, GVariant **reply, GError **error)
{
  for (;;) {
    GError *problem = NULL;
    g_autoptr (SbxBusMessage) message = sbx_connection_receive (self->bus, ms, &problem);

    *reply = NULL;
    if (problem) {
      g_propagate_error (error, problem);
      return SBX_SERVICE_DONE;
    }
    if (!message)
      return SBX_SERVICE_PENDING;
    if (message->reply_serial == self->serial && take_reply (self, message, reply, error))
      return SBX_SERVICE_DONE;
  }
}

SbxServiceProgress
sbx_service_advance (SbxService *self, GVariant **reply, GError **error)
{
  return advance (self, 0, reply, error);
}

int
sbx_service_get_fd (SbxService *self)
{
  return sbx_connection_get_fd (self->bus);
}

/* sbx_service_call () with the descriptors of the reply in *@received, or NULL there. */
static GVariant *
call (SbxService *self, const char *path, const char *interface, const char *method, GVariant *parameters,
      const SbxFdList *fds, SbxFdList **received, GError **error)
{
  g_autoptr (GVariant) kept = parameters ? g_variant_ref_sink (parameters) : NULL;
  g_autoptr (SbxBusMessage) message = NULL;
  GVariant *reply = NULL;

  *received = NULL;
  if (!sbx_service_begin (self, path, interface, method, kept, fds, error))
    return NULL;
  for (;;) {
    GError *problem = NULL;

    /* Signals are kept for sbx_service_wait_for_signal () */
    g_clear_pointer (&message, sbx_bus_message_free);
    message = sbx_connection_wait_for_message (self->bus, self->serial, &problem);
    if (!message)
      g_propagate_error (error, problem);
    if (message && !take_reply (self, message, &reply, error))
      continue;
    if (reply)
      *received = g_steal_pointer (&message->fds);
    return reply;
  }
}

GVariant *
sbx_service_call (SbxService *self, const char *path, const char *interface, const char *method, GVariant *parameters,
                  const SbxFdList *fds, GError **error)
{
  g_autoptr (SbxFdList) received = NULL;

  return call (self, path, interface, method, parameters, fds, &received, error);
}

int
sbx_service_call_for_fd (SbxService *self, const char *path, const char *interface, const char *method,
                         GVariant *parameters, GError **error)
{
  g_autoptr (SbxFdList) received = NULL;
  g_autoptr (GVariant) reply = call (self, path, interface, method, parameters, NULL, &received, error);
  gint32 handle = -1;
  int fd;

  if (!reply)
    return -1;
  if (received && g_variant_is_of_type (reply, G_VARIANT_TYPE ("(h)")))
    g_variant_get (reply, "(h)", &handle);
  fd = received ? sbx_fd_list_steal (received, handle) : -1;
  if (fd >= 0)
    return fd;
  sbx_throw (error, SBX_ERROR_SPAWN_FAILED, _ ("the service's answer to %s has no descriptor"), method);
  return -1;
}

/* Whether its own socket has ended under us. */
static gboolean
has_left (SbxService *self, const GError *error)
{
  return self->direct && g_error_matches (error, SBX_BUS_ERROR, SBX_BUS_ERROR_CLOSED);
}

/* Errors that speak of the way to the service and not of what it was asked. */
static gboolean
may_pass (const GError *error)
{
  return g_error_matches (error, SBX_BUS_ERROR, SBX_BUS_ERROR_NO_REPLY)
         || g_error_matches (error, SBX_BUS_ERROR, SBX_BUS_ERROR_NO_OWNER)
         || g_error_matches (error, SBX_BUS_ERROR, SBX_BUS_ERROR_DISCONNECTED)
         || g_error_matches (error, SBX_BUS_ERROR, SBX_BUS_ERROR_CHILD_SIGNALED)
         || g_error_matches (error, SBX_BUS_ERROR, SBX_BUS_ERROR_CHILD_EXITED);
}

GVariant *
sbx_service_ask (SbxService *self, const char *path, const char *interface, const char *method, GVariant *parameters,
                 GError **error)
{
  g_autoptr (GVariant) kept = parameters ? g_variant_ref_sink (parameters) : NULL;

  for (guint tries = 0;; tries++) {
    g_autoptr (GError) problem = NULL;
    GVariant *reply = sbx_service_call (self, path, interface, method, kept, NULL, &problem);

    if (reply)
      return reply;
    if (has_left (self, problem)) {
      if (!turn_to_bus (self, error))
        return NULL;
      continue;
    }
    if (tries == RETRIES || !may_pass (problem)) {
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
    g_usleep (RETRY_MS * 1000);
  }
}

static gboolean
add_match (SbxService *self, const char *rule, GError **error)
{
  g_autoptr (SbxBusMessage) message = new_call ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                                "AddMatch", g_variant_new ("(s)", rule));
  guint32 serial = sbx_connection_send (self->bus, message, NULL, error);
  GError *problem = NULL;
  g_autoptr (SbxBusMessage) reply = serial ? sbx_connection_wait_for_message (self->bus, serial, &problem) : NULL;

  if (problem)
    g_propagate_error (error, problem);
  return reply && !sbx_bus_message_get_failure (reply, error);
}

gboolean
sbx_service_watch (SbxService *self, const char *path, GError **error)
{
  g_autofree char *object = g_strdup_printf ("type='signal',sender='" SBX_BUS_NAME "',path='%s'", path);

  if (self->private) /* all of its signals are for us */
    return TRUE;
  if (self->direct && !turn_to_bus (self, error))
    return FALSE;
  if (self->private)
    return TRUE;
  return add_match (self, object, error)
         && add_match (self,
                       "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" SBX_BUS_NAME "'",
                       error);
}

gboolean
sbx_service_wait_for_signal (SbxService *self, int ms, GError **error)
{
  gint64 until = g_get_monotonic_time () + (gint64) ms * 1000;

  for (;;) {
    gint64 left = ms < 0 ? -1 : MAX ((until - g_get_monotonic_time () + 999) / 1000, 0);
    g_autoptr (SbxBusMessage) message = sbx_connection_receive (self->bus, (int) left, error);

    if (!message)
      return FALSE;
    if (message->type == SBX_BUS_SIGNAL)
      return TRUE;
  }
}
