/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/identity/caller.h"

#include <errno.h>
#include <gio/gunixfdlist.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/process.h"

typedef enum { ASKING, KNOWN, GONE } State;

typedef struct {
  SbxCallerFunc func;
  gpointer user_data;
} Waiting;

struct _SbxCaller {
  GObject parent_instance;
  char *name; /* NULL: the peer */
  State state;
  uid_t uid;
  pid_t pid;
  guint64 start_time;
  int pidfd;
  GWeakRef home; /* SbxInstance * */
  guint watch;   /* NameOwnerChanged */
  guint pending;
  GArray *waiting; /* Waiting */
};

G_DEFINE_FINAL_TYPE (SbxCaller, sbx_caller, G_TYPE_OBJECT)

struct _SbxCallers {
  GObject parent_instance;
  GDBusConnection *connection;
  GHashTable *by_name; /* char * → SbxCaller *; "" for the peer, key_of_peer () for those that were added */
};

G_DEFINE_FINAL_TYPE (SbxCallers, sbx_callers, G_TYPE_OBJECT)

enum { SIGNAL_GONE, SIGNAL_CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

static void
sbx_caller_finalize (GObject *object)
{
  SbxCaller *self = SBX_CALLER (object);

  g_free (self->name);
  g_weak_ref_clear (&self->home);
  g_array_unref (self->waiting);
  if (self->pidfd >= 0)
    close (self->pidfd);
  G_OBJECT_CLASS (sbx_caller_parent_class)->finalize (object);
}

static void
sbx_caller_class_init (SbxCallerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sbx_caller_finalize;
  signals[SIGNAL_GONE] = g_signal_new ("gone", SBX_TYPE_CALLER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
sbx_caller_init (SbxCaller *self)
{
  self->pidfd = -1;
  g_weak_ref_init (&self->home, NULL);
  self->waiting = g_array_new (FALSE, FALSE, sizeof (Waiting));
}

static void
answer (SbxCaller *self, const Waiting *waiting)
{
  g_autoptr (GError) error = NULL;

  if (self->state == GONE)
    sbx_throw (&error, SBX_ERROR_NOT_AUTHORIZED, "the caller has left the bus before it could be identified");
  waiting->func (self, error, waiting->user_data);
}

static void
settle (SbxCaller *self, State state)
{
  g_autoptr (SbxCaller) alive = g_object_ref (self);
  g_autoptr (GArray) waiting = g_steal_pointer (&self->waiting);

  self->waiting = g_array_new (FALSE, FALSE, sizeof (Waiting));
  self->state = state;
  for (guint i = 0; i < waiting->len; i++)
    answer (self, &g_array_index (waiting, Waiting, i));
  if (state == GONE)
    g_signal_emit (alive, signals[SIGNAL_GONE], 0);
}

void
sbx_caller_when_known (SbxCaller *self, SbxCallerFunc func, gpointer user_data)
{
  Waiting waiting = { func, user_data };

  if (self->state == ASKING)
    g_array_append_val (self->waiting, waiting);
  else
    answer (self, &waiting);
}

const char *
sbx_caller_get_name (SbxCaller *self)
{
  return self->name;
}

uid_t
sbx_caller_get_uid (SbxCaller *self)
{
  return self->uid;
}

pid_t
sbx_caller_get_pid (SbxCaller *self)
{
  return self->pid;
}

guint64
sbx_caller_get_start_time (SbxCaller *self)
{
  return self->start_time;
}

int
sbx_caller_get_pidfd (SbxCaller *self)
{
  return self->pidfd;
}

gboolean
sbx_caller_is_same_process (SbxCaller *self)
{
  return !sbx_pidfd_has_ended (self->pidfd) && self->pid > 0 && self->start_time != 0
         && sbx_process_get_start_time (self->pid) == self->start_time;
}

gboolean
sbx_process_is_in_our_user_namespace (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/ns/user", (int) pid);
  struct stat theirs, ours;

  return pid > 0 && stat (path, &theirs) == 0 && stat ("/proc/self/ns/user", &ours) == 0 && theirs.st_ino == ours.st_ino
         && theirs.st_dev == ours.st_dev;
}

gboolean
sbx_caller_is_unsandboxed (SbxCaller *self)
{
  return sbx_process_is_in_our_user_namespace (self->pid);
}

void
sbx_caller_set_home (SbxCaller *self, GObject *instance)
{
  g_weak_ref_set (&self->home, instance);
}

GObject *
sbx_caller_dup_home (SbxCaller *self)
{
  return g_weak_ref_get (&self->home);
}

guint
sbx_caller_get_pending (SbxCaller *self)
{
  return self->pending;
}

void
sbx_caller_add_pending (SbxCaller *self, int change)
{
  self->pending += (guint) change;
}

static void
sbx_callers_dispose (GObject *object)
{
  SbxCallers *self = SBX_CALLERS (object);

  if (self->by_name)
    sbx_callers_drop_all (self);
  g_clear_pointer (&self->by_name, g_hash_table_unref);
  g_clear_object (&self->connection);
  G_OBJECT_CLASS (sbx_callers_parent_class)->dispose (object);
}

static void
sbx_callers_class_init (SbxCallersClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = sbx_callers_dispose;
  signals[SIGNAL_CHANGED] =
      g_signal_new ("changed", SBX_TYPE_CALLERS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
sbx_callers_init (SbxCallers *self)
{
  self->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
}

SbxCallers *
sbx_callers_new (GDBusConnection *connection)
{
  SbxCallers *self = g_object_new (SBX_TYPE_CALLERS, NULL);

  self->connection = connection ? g_object_ref (connection) : NULL;
  return self;
}

guint
sbx_callers_count (SbxCallers *self)
{
  return g_hash_table_size (self->by_name);
}

GPtrArray *
sbx_callers_list (SbxCallers *self)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer caller;

  g_hash_table_iter_init (&iter, self->by_name);
  while (g_hash_table_iter_next (&iter, NULL, &caller))
    g_ptr_array_add (list, g_object_ref (caller));
  return list;
}

static void
drop (SbxCallers *self, const char *name)
{
  g_autoptr (SbxCaller) caller = NULL;
  g_autofree char *key = NULL;

  if (!g_hash_table_steal_extended (self->by_name, name, (gpointer *) &key, (gpointer *) &caller))
    return;
  if (caller->watch != 0)
    g_dbus_connection_signal_unsubscribe (self->connection, caller->watch);
  caller->watch = 0;
  settle (caller, GONE);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

void
sbx_callers_drop_all (SbxCallers *self)
{
  g_autofree gpointer *names = g_hash_table_get_keys_as_array (self->by_name, NULL);

  for (guint i = 0; names[i]; i++) {
    g_autofree char *name = g_strdup (names[i]);

    drop (self, name);
  }
}

static void
on_owner_changed (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                  const char *signal, GVariant *parameters, gpointer user_data)
{
  const char *name, *new_owner;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sss)")))
    return;
  g_variant_get (parameters, "(&s&s&s)", &name, NULL, &new_owner);
  if (new_owner[0] == '\0')
    drop (user_data, name);
}

/* The bus daemon's answer: a{sv}, of which each entry may be missing. */
static void
take_credentials (SbxCaller *caller, GVariant *credentials, GUnixFDList *fds)
{
  guint32 uid = G_MAXUINT32, pid = 0;
  gint32 handle = -1;

  g_variant_lookup (credentials, "UnixUserID", "u", &uid);
  g_variant_lookup (credentials, "ProcessID", "u", &pid);
  if (fds && g_variant_lookup (credentials, "ProcessFD", "h", &handle) && handle >= 0
      && handle < g_unix_fd_list_get_length (fds))
    caller->pidfd = g_unix_fd_list_get (fds, handle, NULL);
  caller->uid = uid;
  caller->pid = pid <= G_MAXINT32 ? (pid_t) pid : 0;
  caller->start_time = caller->pid > 0 ? sbx_process_get_start_time (caller->pid) : 0;
}

typedef struct {
  SbxCallers *callers;
  char *name;
} Question;

static void
on_credentials (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Question *question = user_data;
  g_autoptr (SbxCallers) self = question->callers;
  g_autofree char *name = question->name;
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) credentials = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source), &fds, result, NULL);
  SbxCaller *caller = self->by_name ? g_hash_table_lookup (self->by_name, name) : NULL;

  if (!caller || caller->state != ASKING)
    return;
  if (!reply) { /* it has left, and no NameOwnerChanged will say so: the rule came too late */
    drop (self, name);
    return;
  }
  g_variant_get (reply, "(@a{sv})", &credentials);
  take_credentials (caller, credentials, fds);
  settle (caller, KNOWN);
}

/* The match rule goes first and both are handled in order, so a client that leaves at any moment is noticed. */
static void
ask_bus (SbxCallers *self, SbxCaller *caller)
{
  Question *question = g_new (Question, 1);

  caller->watch = g_dbus_connection_signal_subscribe (self->connection, "org.freedesktop.DBus", "org.freedesktop.DBus",
                                                      "NameOwnerChanged", "/org/freedesktop/DBus", caller->name,
                                                      G_DBUS_SIGNAL_FLAGS_NONE, on_owner_changed, self, NULL);
  *question = (Question){ g_object_ref (self), g_strdup (caller->name) };
  g_dbus_connection_call_with_unix_fd_list (self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                            "org.freedesktop.DBus", "GetConnectionCredentials",
                                            g_variant_new ("(s)", caller->name), G_VARIANT_TYPE ("(a{sv})"),
                                            G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, on_credentials, question);
}

static void
ask_peer (SbxCallers *self, SbxCaller *caller)
{
  GCredentials *credentials = g_dbus_connection_get_peer_credentials (self->connection);

  caller->uid = credentials ? g_credentials_get_unix_user (credentials, NULL) : (uid_t) -1;
  caller->pid = credentials ? g_credentials_get_unix_pid (credentials, NULL) : 0;
  if (caller->pid < 0)
    caller->pid = 0;
  caller->start_time = caller->pid > 0 ? sbx_process_get_start_time (caller->pid) : 0;
  caller->state = KNOWN;
}

/* No name on a bus begins like that. */
static char *
key_of_peer (gpointer key)
{
  return g_strdup_printf ("peer %p", key);
}

static SbxCaller *
get_peer (SbxCallers *self, gpointer key)
{
  g_autofree char *name = key_of_peer (key);

  return g_hash_table_lookup (self->by_name, name);
}

SbxCaller *
sbx_callers_get (SbxCallers *self, GDBusConnection *connection, const char *name)
{
  SbxCaller *caller = connection == self->connection ? g_hash_table_lookup (self->by_name, name ? name : "")
                                                     : get_peer (self, connection);

  if (caller || connection != self->connection)
    return caller;
  caller = g_object_new (SBX_TYPE_CALLER, NULL);
  caller->name = g_strdup (name);
  g_hash_table_insert (self->by_name, g_strdup (name ? name : ""), caller);
  if (name)
    ask_bus (self, caller);
  else
    ask_peer (self, caller);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
  return caller;
}

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* include/uapi/asm-generic/socket.h, since 6.5 */
#endif

gboolean
sbx_peer_credentials_read (int fd, SbxPeerCredentials *credentials, GError **error)
{
  struct ucred peer;
  socklen_t size = sizeof peer, pidfd_size = sizeof credentials->pidfd;

  *credentials = (SbxPeerCredentials){ (uid_t) -1, 0, 0, -1 };
  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
    return sbx_throw_errno (error, SBX_ERROR_NOT_AUTHORIZED, errno, "who is connected cannot be found out");
  credentials->uid = peer.uid;
  credentials->pid = peer.pid;
  if (getsockopt (fd, SOL_SOCKET, SO_PEERPIDFD, &credentials->pidfd, &pidfd_size) < 0) {
    credentials->pidfd = -1;
    if (errno != ENOPROTOOPT)
      return sbx_throw_errno (error, SBX_ERROR_NOT_AUTHORIZED, errno, "the process that has connected has ended");
  }
  credentials->start_time = peer.pid > 0 ? sbx_process_get_start_time (peer.pid) : 0;
  /* Looked at last: as long as it has not ended, the number was its own */
  if (credentials->start_time != 0 && !sbx_pidfd_has_ended (credentials->pidfd))
    return TRUE;
  if (credentials->pidfd >= 0)
    close (credentials->pidfd);
  credentials->pidfd = -1;
  return sbx_throw (error, SBX_ERROR_NOT_AUTHORIZED, "the process that has connected has ended");
}

SbxCaller *
sbx_callers_add_peer (SbxCallers *self, gpointer key, const SbxPeerCredentials *credentials)
{
  SbxCaller *caller = g_object_new (SBX_TYPE_CALLER, NULL);

  caller->uid = credentials->uid;
  caller->pid = credentials->pid;
  caller->start_time = credentials->start_time;
  caller->pidfd = credentials->pidfd;
  caller->state = KNOWN;
  g_hash_table_insert (self->by_name, key_of_peer (key), caller);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
  return caller;
}

void
sbx_callers_drop_peer (SbxCallers *self, gpointer key)
{
  g_autofree char *name = key_of_peer (key);

  if (self->by_name)
    drop (self, name);
}
