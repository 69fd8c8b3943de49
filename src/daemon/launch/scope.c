/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/launch/scope.h"

#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/process.h"
#include "daemon/bounds.h"

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"

#define OWN_TASKS 1            /* sandbox-init is in the scope as well */
#define USEC_PER_PERCENT 10000 /* of a second of one processor */

/* One scope that is being made. */
typedef struct {
  GDBusConnection *bus;
  char *name;
  gint32 pid;
  int pidfd; /* or -1 */
  gboolean by_pidfd;
  SbxPolicy *policy;
  guint removed; /* the subscription, which holds the task; 0: it is settled */
  guint timeout;
} Making;

static guint64
plus_own_tasks (guint64 pids)
{
  return pids < G_MAXUINT64 - OWN_TASKS ? pids + OWN_TASKS : G_MAXUINT64;
}

static guint64
percent_to_usec (guint64 percent)
{
  return MIN (percent, G_MAXUINT64 / USEC_PER_PERCENT) * USEC_PER_PERCENT;
}

/* org.freedesktop.systemd1(5), "Scope Unit Objects"; systemd.resource-control(5). nofile and core are a process's. */
static const struct {
  SbxLimit limit;
  const char *property;
  guint64 (*convert) (guint64 value);
} rows[] = {
  { SBX_LIMIT_MEMORY, "MemoryMax", NULL },
  { SBX_LIMIT_PIDS, "TasksMax", plus_own_tasks },
  { SBX_LIMIT_CPU, "CPUQuotaPerSecUSec", percent_to_usec },
};

gboolean
sbx_scope_is_wanted (const SbxPolicy *policy)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (sbx_policy_get_limit (policy, rows[i].limit) != SBX_LIMIT_NONE)
      return TRUE;
  return FALSE;
}

gboolean
sbx_scope_differs (const SbxPolicy *policy, const SbxPolicy *other)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (sbx_policy_get_limit (policy, rows[i].limit) != sbx_policy_get_limit (other, rows[i].limit))
      return TRUE;
  return FALSE;
}

/* systemd.unit(5), "String Escaping for Inclusion in Unit Names". A dash would end the application's id. */
static void
append_escaped (GString *text, const char *word)
{
  for (const char *c = word; *c; c++)
    if (g_ascii_isalnum (*c) || *c == ':' || *c == '_' || (*c == '.' && c != word))
      g_string_append_c (text, *c);
    else
      g_string_append_printf (text, "\\x%02x", (guint) (guchar) *c);
}

char *
sbx_scope_name (const char *app_id, guint64 id)
{
  GString *name = g_string_new ("app-sandbox-");

  append_escaped (name, app_id);
  g_string_append_printf (name, "-%016" G_GINT64_MODIFIER "x.scope", id);
  return g_string_free (name, FALSE);
}

static void
making_free (gpointer data)
{
  Making *making = data;

  g_object_unref (making->bus);
  g_free (making->name);
  sbx_policy_unref (making->policy);
  if (making->pidfd >= 0)
    close (making->pidfd);
  g_free (making);
}

/* Finishes with @error, which it takes, or NULL: the scope is there. Later answers are not listened to. */
static void
settle (GTask *task, GError *error)
{
  Making *making = g_task_get_task_data (task);

  if (making->removed == 0) {
    g_clear_error (&error);
    return;
  }
  g_dbus_connection_signal_unsubscribe (making->bus, making->removed);
  making->removed = 0;
  g_clear_handle_id (&making->timeout, g_source_remove);
  if (error)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
on_job_removed (GDBusConnection *bus, const char *sender, const char *path, const char *interface, const char *signal,
                GVariant *parameters, gpointer user_data)
{
  GTask *task = user_data;
  Making *making = g_task_get_task_data (task);
  const char *unit, *result;
  GError *error = NULL;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(uoss)")))
    return;
  g_variant_get (parameters, "(uo&s&s)", NULL, NULL, &unit, &result);
  if (strcmp (unit, making->name) != 0)
    return;
  if (strcmp (result, "done") != 0)
    sbx_throw (&error, SBX_ERROR_SPAWN_FAILED, "systemd could not start %s: %s", unit, result);
  else if (sbx_pidfd_has_ended (making->pidfd))
    sbx_throw (&error, SBX_ERROR_SPAWN_FAILED, "sandbox-init has ended meanwhile");
  settle (task, error);
}

static gboolean
on_timeout (gpointer user_data)
{
  GTask *task = user_data;
  Making *making = g_task_get_task_data (task);
  GError *error = NULL;

  making->timeout = 0;
  sbx_throw (&error, SBX_ERROR_SPAWN_FAILED, "systemd has not answered within %d ms", SBX_SCOPE_TIMEOUT_MS);
  settle (task, error);
  return G_SOURCE_REMOVE;
}

/* Its processes: by descriptor, or by number. */
static GVariant *
make_processes (const Making *making)
{
  const gint32 handle = 0; /* the first of the message's descriptors */
  const guint32 pid = (guint32) making->pid;

  return making->by_pidfd ? g_variant_new_fixed_array (G_VARIANT_TYPE_HANDLE, &handle, 1, sizeof handle)
                          : g_variant_new_fixed_array (G_VARIANT_TYPE_UINT32, &pid, 1, sizeof pid);
}

static GVariant *
make_properties (const Making *making)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sv)"));
  g_variant_builder_add (&builder, "(sv)", "Description",
                         g_variant_new_take_string (g_strdup_printf ("Sandbox %s", making->name)));
  g_variant_builder_add (&builder, "(sv)", "Slice", g_variant_new_string ("app.slice"));
  g_variant_builder_add (&builder, "(sv)", "CollectMode", g_variant_new_string ("inactive-or-failed"));
  g_variant_builder_add (&builder, "(sv)", making->by_pidfd ? "PIDFDs" : "PIDs", make_processes (making));
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    guint64 value = sbx_policy_get_limit (making->policy, rows[i].limit);

    if (value != SBX_LIMIT_NONE)
      g_variant_builder_add (&builder, "(sv)", rows[i].property,
                             g_variant_new_uint64 (rows[i].convert ? rows[i].convert (value) : value));
  }
  return g_variant_builder_end (&builder);
}

static void on_reply (GObject *source, GAsyncResult *result, gpointer user_data);

static void
call (GTask *task)
{
  Making *making = g_task_get_task_data (task);
  g_autoptr (GUnixFDList) fds = making->by_pidfd ? g_unix_fd_list_new () : NULL;

  if (fds && g_unix_fd_list_append (fds, making->pidfd, NULL) < 0) {
    g_clear_object (&fds);
    making->by_pidfd = FALSE;
  }
  /* Nobody is started for it: on a bus without a manager, the file that would do it has /bin/false in it */
  g_dbus_connection_call_with_unix_fd_list (
      making->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "StartTransientUnit",
      g_variant_new ("(ss@a(sv)@a(sa(sv)))", making->name, "fail", make_properties (making),
                     g_variant_new_array (G_VARIANT_TYPE ("(sa(sv))"), NULL, 0)),
      G_VARIANT_TYPE ("(o)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, fds, g_task_get_cancellable (task), on_reply,
      g_object_ref (task));
}

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) problem = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source), NULL, result, &problem);
  Making *making = g_task_get_task_data (task);
  GError *error = NULL;

  if (reply)
    return; /* JobRemoved says how it went */
  /* What one before 255 says of PIDFDs: "Cannot set property %s, or unknown property" (systemd, core/dbus-unit.c) */
  if (making->by_pidfd && making->removed != 0
      && g_error_matches (problem, G_DBUS_ERROR, G_DBUS_ERROR_PROPERTY_READ_ONLY)
      && !sbx_pidfd_has_ended (making->pidfd)) {
    making->by_pidfd = FALSE;
    call (task);
    return;
  }
  if (g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    error = g_steal_pointer (&problem);
  else if (g_error_matches (problem, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN)
           || g_error_matches (problem, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER))
    sbx_throw (&error, SBX_ERROR_NOT_SUPPORTED, "there is no systemd user manager");
  else {
    g_dbus_error_strip_remote_error (problem);
    sbx_throw (&error, SBX_ERROR_SPAWN_FAILED, "systemd refuses a scope: %s", problem->message);
  }
  settle (task, error);
}

void
sbx_scope_make_async (GDBusConnection *bus, const char *name, gint32 pid, int pidfd, const SbxPolicy *policy,
                      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Making *making = g_new0 (Making, 1);

  making->bus = g_object_ref (bus);
  making->name = g_strdup (name);
  making->pid = pid;
  making->pidfd = pidfd < 0 ? -1 : fcntl (pidfd, F_DUPFD_CLOEXEC, 3);
  making->policy = sbx_policy_ref (policy);
  g_task_set_task_data (task, making, making_free);
  /* systemd tells the end of a job to whoever asked for it, without Subscribe() */
  making->removed = g_dbus_connection_signal_subscribe (bus, SYSTEMD_NAME, SYSTEMD_MANAGER, "JobRemoved", SYSTEMD_PATH,
                                                        NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_job_removed,
                                                        g_object_ref (task), g_object_unref);
  making->timeout = g_timeout_add (SBX_SCOPE_TIMEOUT_MS, on_timeout, task);
  making->by_pidfd =
      making->pidfd >= 0 && (g_dbus_connection_get_capabilities (bus) & G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING) != 0;
  call (task);
}

gboolean
sbx_scope_make_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static GError *
explain_change (GError *problem)
{
  GError *error = NULL;

  if (g_error_matches (problem, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN)
      || g_error_matches (problem, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER)) {
    sbx_throw (&error, SBX_ERROR_NOT_SUPPORTED, "there is no systemd user manager");
    return error;
  }
  g_dbus_error_strip_remote_error (problem);
  sbx_throw (&error, SBX_ERROR_SPAWN_FAILED, "systemd does not change the limits of the scope: %s", problem->message);
  return error;
}

static void
on_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) problem = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &problem);

  if (reply)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, explain_change (problem));
}

/* G_MAXUINT64 is no limit for systemd too. */
void
sbx_scope_change_async (GDBusConnection *bus, const char *name, const SbxPolicy *policy, GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  GVariantBuilder builder;

  if (!bus) {
    g_task_return_new_error (task, SBX_ERROR, SBX_ERROR_NOT_SUPPORTED, "there is no systemd user manager");
    return;
  }
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sv)"));
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    guint64 value = sbx_policy_get_limit (policy, rows[i].limit);

    g_variant_builder_add (
        &builder, "(sv)", rows[i].property,
        g_variant_new_uint64 (rows[i].convert && value != SBX_LIMIT_NONE ? rows[i].convert (value) : value));
  }
  g_dbus_connection_call (bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "SetUnitProperties",
                          g_variant_new ("(sba(sv))", name, TRUE, &builder), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
                          SBX_SCOPE_TIMEOUT_MS, NULL, on_set, g_steal_pointer (&task));
}

gboolean
sbx_scope_change_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
