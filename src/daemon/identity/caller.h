/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is calling: one SbxCaller for each client of the connection, made at its first call and dropped when it leaves.
 * What it is comes from the bus daemon (or, on a private connection, from the kernel), never from the client. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define SBX_TYPE_CALLER (sbx_caller_get_type ())
G_DECLARE_FINAL_TYPE (SbxCaller, sbx_caller, SBX, CALLER, GObject)
#define SBX_TYPE_CALLERS (sbx_callers_get_type ())
G_DECLARE_FINAL_TYPE (SbxCallers, sbx_callers, SBX, CALLERS, GObject)

/* All clients of @connection (NULL: none), and of those that are added. Signal "changed": the number of clients has
 * changed. */
SbxCallers *sbx_callers_new (GDBusConnection *connection);
/* The client with the unique name @name on @connection; NULL for the peer of a private one. Borrowed: valid until it
 * leaves, so take a reference to keep it. */
SbxCaller *sbx_callers_get (SbxCallers *self, GDBusConnection *connection, const char *name);

/* Who has connected to a socket of ours, as the kernel says, at that moment: what a bus daemon knows of its clients. */
typedef struct {
  uid_t uid;
  pid_t pid;          /* 0: it is in no pid namespace of ours */
  guint64 start_time; /* of that number, as it was found */
  int pidfd;          /* or -1: kernel before 6.5 */
} SbxPeerCredentials;

/* Reads those of the connected socket @fd: SO_PEERCRED and, where there is one, SO_PEERPIDFD. The caller's to close.
 * FALSE with @error, NOT_AUTHORIZED, when they cannot be had, or the process has ended. */
gboolean sbx_peer_credentials_read (int fd, SbxPeerCredentials *credentials, GError **error);
/* The client at the other end of @key, a connection that is no bus, is known from now on, until it is dropped.
 * Borrowed. Takes the pidfd. */
SbxCaller *sbx_callers_add_peer (SbxCallers *self, gpointer key, const SbxPeerCredentials *credentials);
void sbx_callers_drop_peer (SbxCallers *self, gpointer key);
/* How many are there. */
guint sbx_callers_count (SbxCallers *self);
/* All of them: SbxCaller *, with references. */
GPtrArray *sbx_callers_list (SbxCallers *self);
/* Everybody has left: the connection is closed. */
void sbx_callers_drop_all (SbxCallers *self);

/* @error is NULL when @caller is known now; it is the callee's to look at only. */
typedef void (*SbxCallerFunc) (SbxCaller *caller, const GError *error, gpointer user_data);

/* Calls @func exactly once: now if @caller is known or has left (NOT_AUTHORIZED), else as soon as one of the two is so.
 */
void sbx_caller_when_known (SbxCaller *self, SbxCallerFunc func, gpointer user_data);

/* Signal "gone" of a caller: the client has left the bus. Emitted once. */

const char *sbx_caller_get_name (SbxCaller *self); /* the unique name, or NULL: the peer */
uid_t sbx_caller_get_uid (SbxCaller *self);
pid_t sbx_caller_get_pid (SbxCaller *self); /* 0: the bus daemon does not say */
/* Clock ticks since boot, read when the client became known; 0 = it had ended by then. */
guint64 sbx_caller_get_start_time (SbxCaller *self);
/* The bus daemon's descriptor of the process, or -1; the caller's to keep. */
int sbx_caller_get_pidfd (SbxCaller *self);
/* Whether it is still the process that connected, by its start time and, where there is one, its pidfd. FALSE for one
 * that has ended, even if nobody has reaped it yet and another process holds its connection. */
gboolean sbx_caller_is_same_process (SbxCaller *self);
/* Whether it is in our own user namespace. The filtering proxies of sandboxes are not. FALSE if that cannot be found
 * out. */
gboolean sbx_caller_is_unsandboxed (SbxCaller *self);

/* The same of the process @pid. */
gboolean sbx_process_is_in_our_user_namespace (pid_t pid);

/* The instance that it is in (nested.h), as a weak reference; NULL: none, or not found out. */
void sbx_caller_set_home (SbxCaller *self, GObject *instance);
/* Returns a new reference, or NULL, also if it has been finalised since. */
GObject *sbx_caller_dup_home (SbxCaller *self);

/* Launches that this client waits for. */
guint sbx_caller_get_pending (SbxCaller *self);
/* @change: 1 or -1. */
void sbx_caller_add_pending (SbxCaller *self, int change);

G_END_DECLS
