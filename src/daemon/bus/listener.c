/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/error.h"
#include "common/names.h"
#include "common/process.h"
#include "daemon/bounds.h"
#include "daemon/bus/peer.h"
#include "sandbox-dbus.h"

/* A client from its connecting to its leaving: it waits, is asked, and is served. */
typedef struct {
  SbxListener *listener; /* NULL: dropped while it was asked */
  SbxPeerCredentials credentials;
  int fd;                      /* while it waits, else -1 */
  guint words, patience;       /* sources, or 0 */
  GCancellable *asking;        /* while it proves who it is, else NULL */
  GDBusConnection *connection; /* while it is served */
  guint registrations[2], subtree;
} Peer;

struct _SbxListener {
  SbxManager *manager;
  SbxCallers *callers; /* a reference: they are told of the ends */
  char *name;          /* of the socket, or NULL */
  int fd;              /* listening, or -1 */
  dev_t device;        /* of the socket's name */
  ino_t inode;
  guint source;
  GHashTable *peers; /* Peer */
  guint connecting;
};

static void
stop_serving (Peer *peer)
{
  g_signal_handlers_disconnect_by_data (peer->connection, peer);
  sbx_callers_drop_peer (peer->listener->callers, peer->connection);
  for (gsize i = 0; i < G_N_ELEMENTS (peer->registrations); i++)
    if (peer->registrations[i] != 0)
      g_dbus_connection_unregister_object (peer->connection, peer->registrations[i]);
  if (peer->subtree != 0)
    g_dbus_connection_unregister_subtree (peer->connection, peer->subtree);
  g_clear_object (&peer->connection);
}

static void
peer_free (Peer *peer)
{
  g_clear_object (&peer->asking);
  if (peer->fd >= 0)
    close (peer->fd);
  if (peer->credentials.pidfd >= 0)
    close (peer->credentials.pidfd);
  g_free (peer);
}

/* What the table of peers does with one. */
static void
peer_leave (gpointer data)
{
  Peer *peer = data;

  g_clear_handle_id (&peer->words, g_source_remove);
  g_clear_handle_id (&peer->patience, g_source_remove);
  if (peer->connection)
    stop_serving (peer);
  else
    peer->listener->connecting--;
  peer->listener = NULL;
  if (peer->asking) /* on_connected () is called, and frees it */
    g_cancellable_cancel (peer->asking);
  else
    peer_free (peer);
}

static void
drop (Peer *peer)
{
  g_hash_table_remove (peer->listener->peers, peer);
}

static SbxInstance *
find_instance (Peer *peer, const char *id)
{
  guint64 number;
  SbxInstance *instance = id && sbx_id_parse (id, &number)
                              ? sbx_registry_lookup (sbx_manager_get_registry (peer->listener->manager), number)
                              : NULL;

  /* One that is being started has no object (bus/manager.c) */
  return instance && sbx_instance_get_state (instance) != SBX_STATE_STARTING ? instance : NULL;
}

static void
on_call (GDBusConnection *connection, const char *sender, const char *path, const char *interface, const char *method,
         GVariant *parameters, GDBusMethodInvocation *invocation, gpointer user_data)
{
  Peer *peer = user_data;

  sbx_manager_take (peer->listener->manager, NULL, invocation);
}

static void
on_instance_call (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                  const char *method, GVariant *parameters, GDBusMethodInvocation *invocation, gpointer user_data)
{
  Peer *peer = user_data;
  SbxInstance *instance = find_instance (peer, strrchr (path, '/') + 1);

  if (instance)
    sbx_manager_take (peer->listener->manager, instance, invocation);
  else
    g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD,
                                           "Object does not exist at path “%s”", path);
}

/* Without functions for properties GDBus passes Get, GetAll and Set on as methods, so that they can wait. */
static const GDBusInterfaceVTable manager_vtable = { .method_call = on_call };
static const GDBusInterfaceVTable instance_vtable = { .method_call = on_instance_call };

/* Their names are ListRunning's to tell, which asks who wants to know. */
static char **
enumerate (GDBusConnection *connection, const char *sender, const char *path, gpointer user_data)
{
  return g_new0 (char *, 1);
}

static GDBusInterfaceInfo **
introspect (GDBusConnection *connection, const char *sender, const char *path, const char *node, gpointer user_data)
{
  GDBusInterfaceInfo **list;

  if (!node)
    return NULL;
  list = g_new0 (GDBusInterfaceInfo *, 2);
  list[0] = g_dbus_interface_info_ref (sbx_sandbox_instance_interface_info ());
  return list;
}

static const GDBusInterfaceVTable *
dispatch (GDBusConnection *connection, const char *sender, const char *path, const char *interface, const char *node,
          gpointer *out_user_data, gpointer user_data)
{
  *out_user_data = user_data;
  return node ? &instance_vtable : NULL; /* which says, as the bus's objects do, that there is none */
}

static const GDBusSubtreeVTable instances_vtable = { .enumerate = enumerate,
                                                     .introspect = introspect,
                                                     .dispatch = dispatch };

/* The objects that are on the bus: those of instances by one row for all, since a client has one or two calls and there
 * may be a thousand of them. */
static gboolean export(Peer *peer, GError **error)
{
  GDBusInterfaceInfo *interfaces[] = { sbx_sandbox_interface_info (),
                                       sbx_manager_get_object_manager_info (peer->listener->manager) };

  for (gsize i = 0; i < G_N_ELEMENTS (interfaces); i++) {
    peer->registrations[i] = g_dbus_connection_register_object (peer->connection, SBX_MANAGER_PATH, interfaces[i],
                                                                &manager_vtable, peer, NULL, error);
    if (peer->registrations[i] == 0)
      return FALSE;
  }
  peer->subtree =
      g_dbus_connection_register_subtree (peer->connection, SBX_INSTANCES_PATH, &instances_vtable,
                                          G_DBUS_SUBTREE_FLAGS_DISPATCH_TO_UNENUMERATED_NODES, peer, NULL, error);
  return peer->subtree != 0;
}

static void
on_closed (GDBusConnection *connection, gboolean vanished, GError *error, gpointer user_data)
{
  drop (user_data);
}

static void
serve (Peer *peer, GDBusConnection *connection)
{
  g_autoptr (GError) error = NULL;

  peer->listener->connecting--;
  peer->connection = connection;
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  g_signal_connect (connection, "closed", G_CALLBACK (on_closed), peer);
  sbx_callers_add_peer (peer->listener->callers, connection, &peer->credentials);
  peer->credentials.pidfd = -1; /* the caller's */
  if (export(peer, &error)) {
    g_dbus_connection_start_message_processing (connection);
    return;
  }
  g_warning ("Cannot export the service: %s", error->message);
  drop (peer);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Peer *peer = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) connection = sbx_peer_connect_finish (result, &error);

  g_clear_object (&peer->asking);
  g_clear_handle_id (&peer->patience, g_source_remove);
  if (!peer->listener) {
    peer_free (peer);
  } else if (connection) {
    serve (peer, g_steal_pointer (&connection));
  } else {
    g_debug ("A client has not said who it is: %s", error->message);
    drop (peer);
  }
}

/* GDBus waits for a client's words in a thread, of which there are few: only one that has some takes one. */
static gboolean
on_words (int fd, GIOCondition condition, gpointer user_data)
{
  Peer *peer = user_data;

  peer->words = 0;
  peer->fd = -1;
  peer->asking = g_cancellable_new ();
  sbx_peer_connect_async (fd, peer->asking, on_connected, peer);
  return G_SOURCE_REMOVE;
}

static gboolean
on_patience_ends (gpointer user_data)
{
  Peer *peer = user_data;

  peer->patience = 0;
  drop (peer);
  return G_SOURCE_REMOVE;
}

/* Whether the process may use this way. That it is asked again for each call (identity/subject.c) is not to be relied
 * on: who has a bus of a sandbox's own comes by that. */
static gboolean
may_enter (const SbxPeerCredentials *credentials)
{
  return credentials->uid == geteuid () && sbx_process_is_in_our_user_namespace (credentials->pid);
}

/* Takes @fd. */
static void
take (SbxListener *self, int fd)
{
  SbxPeerCredentials credentials = { .pidfd = -1 };
  g_autoptr (GError) error = NULL;
  Peer *peer;

  if (g_hash_table_size (self->peers) >= SBX_MAX_PEERS || !sbx_peer_credentials_read (fd, &credentials, &error)
      || !may_enter (&credentials)) {
    g_debug ("A client is sent to the bus: %s", error ? error->message : "too many, or in a sandbox");
    if (credentials.pidfd >= 0)
      close (credentials.pidfd);
    close (fd);
    return;
  }
  peer = g_new0 (Peer, 1);
  *peer = (Peer){ .listener = self, .credentials = credentials, .fd = fd };
  peer->words = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_words, peer);
  peer->patience = g_timeout_add_seconds (SBX_PEER_PATIENCE_SECONDS, on_patience_ends, peer);
  self->connecting++;
  g_hash_table_add (self->peers, peer);
}

static gboolean
on_client (int fd, GIOCondition condition, gpointer user_data)
{
  int client = accept4 (fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

  if (client >= 0)
    take (user_data, client);
  return G_SOURCE_CONTINUE;
}

SbxListener *
sbx_listener_new (SbxManager *manager, char *name)
{
  SbxListener *self = g_new0 (SbxListener, 1);

  self->manager = manager;
  self->callers = g_object_ref (sbx_manager_get_callers (manager));
  self->name = name;
  self->fd = -1;
  self->peers = g_hash_table_new_full (NULL, NULL, peer_leave, NULL);
  return self;
}

void
sbx_listener_free (SbxListener *self)
{
  GHashTableIter iter;
  gpointer peer;

  sbx_listener_close (self);
  g_hash_table_iter_init (&iter, self->peers);
  while (g_hash_table_iter_next (&iter, &peer, NULL))
    if (((Peer *) peer)->connection)
      g_dbus_connection_flush_sync (((Peer *) peer)->connection, NULL, NULL);
  g_hash_table_unref (self->peers);
  g_object_unref (self->callers);
  g_free (self->name);
  g_free (self);
}

/* The socket gets its name when it can be connected to and is closed to others, in place of one that is there. The
 * way through the directory's descriptor has no length that sun_path would not take. */
static int
listen_at (int directory, const char *name)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_autofree char *raw = g_strconcat (name, ".new", NULL);
  int on = 1, fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  g_snprintf (address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", directory, raw);
  (void) unlinkat (directory, raw, 0);
  /* Clients' first byte carries their credentials from the beginning: accept (2)ed sockets inherit it (unix(7)) */
  if (fd >= 0 && setsockopt (fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0
      && bind (fd, (struct sockaddr *) &address, sizeof address) == 0 && fchmodat (directory, raw, 0600, 0) == 0
      && listen (fd, SOMAXCONN) == 0 && renameat (directory, raw, directory, name) == 0)
    return fd;
  if (fd >= 0) {
    int saved = errno;

    (void) unlinkat (directory, raw, 0);
    close (fd);
    errno = saved;
  }
  return -1;
}

static gboolean
open_in (SbxListener *self, int directory, GError **error)
{
  struct stat st;

  self->fd = listen_at (directory, self->name);
  if (self->fd < 0)
    return sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, errno, "make the socket %s", self->name);
  if (fstatat (directory, self->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
    self->device = st.st_dev;
    self->inode = st.st_ino;
  }
  self->source = g_unix_fd_add (self->fd, G_IO_IN, on_client, self);
  return TRUE;
}

void
sbx_listener_open (SbxListener *self)
{
  SbxRuntimeDir *runtime = sbx_manager_get_context (self->manager)->runtime;
  g_autoptr (GError) error = NULL;
  int directory;

  if (!self->name || self->fd >= 0)
    return;
  directory = sbx_runtime_dir_open (runtime, &error);
  if (directory < 0 || !open_in (self, directory, &error))
    g_info ("Clients reach this service over the bus only: %s", error->message);
}

/* Whether somebody listens there, be it one that is stopped. What a killed one was about to execute has the socket for
 * a moment longer: so it is asked who it was that listened (unix(7), SO_PEERCRED). */
static gboolean
is_served (int directory, const char *name)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  struct ucred listens = { 0 };
  socklen_t size = sizeof listens;
  gboolean served;

  g_snprintf (address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", directory, name);
  /* EAGAIN: its queue is full (unix(7)) */
  served = fd >= 0 && (connect (fd, (struct sockaddr *) &address, sizeof address) == 0 || errno == EAGAIN);
  if (served && getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &listens, &size) == 0 && listens.pid > 0)
    served = sbx_process_get_start_time (listens.pid) != 0;
  if (fd >= 0)
    close (fd);
  return served;
}

gboolean
sbx_listener_open_alone (SbxListener *self, GError **error)
{
  int directory = sbx_runtime_dir_open (sbx_manager_get_context (self->manager)->runtime, error), locked;
  gboolean open = FALSE;

  if (directory < 0)
    return FALSE;
  locked = openat (directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (locked < 0 || !sbx_runtime_dir_lock (locked))
    sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, errno, "lock the runtime directory");
  else if (is_served (directory, self->name))
    sbx_throw (error, SBX_ERROR_LIMITS,
               "another sandboxd --session works for this runtime directory; it has to end first");
  else
    open = open_in (self, directory, error);
  if (locked >= 0)
    close (locked);
  return open;
}

void
sbx_listener_close (SbxListener *self)
{
  struct stat st;
  int directory;

  if (self->fd < 0)
    return;
  directory = sbx_runtime_dir_open (sbx_manager_get_context (self->manager)->runtime, NULL);
  /* Not that of a service which has come after us */
  if (directory >= 0 && fstatat (directory, self->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == self->device
      && st.st_ino == self->inode)
    (void) unlinkat (directory, self->name, 0);
  g_clear_handle_id (&self->source, g_source_remove);
  close (self->fd);
  self->fd = -1;
}

gboolean
sbx_listener_is_connecting (SbxListener *self)
{
  return self->connecting > 0;
}
