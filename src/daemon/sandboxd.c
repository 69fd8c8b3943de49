/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandboxd: the service org.example.Sandbox, on the session bus, on a private connection, or on a socket of its own
 * with a list of applications. */
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error-bus.h"
#include "common/names.h"
#include "common/session-bus.h"
#include "config.h"
#include "daemon/bounds.h"
#include "daemon/bus/listener.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/peer.h"
#include "daemon/harden.h"
#include "daemon/instances/keeper-spawn.h"
#include "daemon/roster/list.h"
#include "daemon/roster/roster.h"
#include "layers/doors.h"

#define REAP_LOOK_MS 2 /* how often is looked whether killed keepers are gone, before the end of the service */

typedef struct {
  GMainLoop *loop;
  SbxContext *context;
  GDBusConnection *connection;
  SbxManager *manager;
  SbxListener *listener; /* on a bus or with --session, else NULL */
  SbxRoster *roster;     /* with a list, or NULL */
  char *list;            /* its file */
  int peer_fd;
  int idle_seconds;
  int prepared;      /* boxes that may wait */
  int max_instances; /* 0: as the machine has room for */
  gboolean launch_first, session;
  gboolean ending; /* the roster's applications are being stopped */
  int exit_status;
  gint64 deadline;              /* of quit_when_settled (), by the monotonic clock */
  gboolean is_owner, was_owner; /* of the name */
} Service;

static void
quit (Service *service, int exit_status)
{
  service->exit_status = exit_status;
  g_main_loop_quit (service->loop);
}

static void
on_roster_ended (gboolean all, gpointer user_data)
{
  quit (user_data, all ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* A second one does not wait. */
static gboolean
on_signal (gpointer user_data)
{
  Service *service = user_data;

  if (!service->roster || service->ending) {
    quit (service, EXIT_SUCCESS);
    return G_SOURCE_CONTINUE;
  }
  service->ending = TRUE;
  sbx_listener_close (service->listener);
  sbx_roster_end (service->roster, on_roster_ended, service);
  return G_SOURCE_CONTINUE;
}

static void
on_settled (SbxManager *manager, gpointer user_data)
{
  quit (user_data, EXIT_SUCCESS);
}

static gboolean
on_last_look (gpointer user_data)
{
  Service *service = user_data;

  if (sbx_manager_is_settling (service->manager))
    g_signal_connect (service->manager, "settled", G_CALLBACK (on_settled), service);
  else
    quit (service, EXIT_SUCCESS);
  return G_SOURCE_REMOVE;
}

static gboolean
on_reaped (gpointer user_data)
{
  Service *service = user_data;

  if (sbx_keeper_any_unreaped () && g_get_monotonic_time () < service->deadline)
    return G_SOURCE_CONTINUE;
  quit (service, EXIT_SUCCESS);
  return G_SOURCE_REMOVE;
}

/* Ends when no launch is under way: what has a lifeline is its holder's to end. A keeper that is killed closes its
 * sockets in no order, and before it is dead, so the client may have heard of it and left before us: its end is waited
 * for, and written down, and what it has left is killed (keeper-spawn.c). */
static void
quit_when_settled (Service *service)
{
  sbx_pool_close (service->context->pool);
  if (service->listener)
    sbx_listener_close (service->listener);
  service->deadline = g_get_monotonic_time () + SBX_LAST_LOOK_MS * 1000;
  if (sbx_registry_count_live (sbx_manager_get_registry (service->manager)) > 0)
    g_timeout_add (SBX_LAST_LOOK_MS, on_last_look, service);
  else if (sbx_keeper_any_unreaped ())
    g_timeout_add (REAP_LOOK_MS, on_reaped, service);
  else
    quit (service, EXIT_SUCCESS);
}

static void
on_closed (GDBusConnection *connection, gboolean vanished, GError *error, gpointer user_data)
{
  Service *service = user_data;

  if (!service->manager) {
    quit (service, EXIT_SUCCESS);
    return;
  }
  sbx_manager_drop_callers (service->manager);
  quit_when_settled (service);
}

static gboolean
serve (Service *service)
{
  g_autoptr (GError) error = NULL;

  g_signal_connect (service->connection, "closed", G_CALLBACK (on_closed), service);
  service->manager =
      sbx_manager_new (service->context, service->connection, service->launch_first, sbx_method_take, &error);
  if (service->manager)
    return TRUE;
  g_warning ("Cannot export the service: %s", error->message);
  quit (service, EXIT_FAILURE);
  return FALSE;
}

static void
on_peer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Service *service = user_data;
  g_autoptr (GError) error = NULL;

  service->connection = sbx_peer_connect_finish (result, &error);
  if (!service->connection) {
    g_warning ("Cannot talk to the process that started this one: %s", error->message);
    quit (service, EXIT_FAILURE);
  } else if (serve (service)) {
    g_dbus_connection_start_message_processing (service->connection);
  }
}

static void own_name (Service *service);

/* The bus has answered: every call that it gave to the name before has come by now, and the next one starts another
 * service. */
static void
on_released (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Service *service = user_data;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);

  service->is_owner = FALSE;
  if (reply && (sbx_manager_is_busy (service->manager) || sbx_listener_is_connecting (service->listener)))
    own_name (service);
  else
    quit (service, EXIT_SUCCESS);
}

static void
on_idle (SbxManager *manager, gpointer user_data)
{
  Service *service = user_data;

  if (!service->is_owner) /* on its way already */
    return;
  g_info ("Nothing runs and nobody is here: leaving");
  /* Whom we have let in is served, and whom we have not is not answered, and asks the bus for the next service */
  sbx_listener_close (service->listener);
  g_dbus_connection_call (service->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                          "ReleaseName", g_variant_new ("(s)", SBX_BUS_NAME), G_VARIANT_TYPE ("(u)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_released, service);
}

static void
on_owner (Service *service)
{
  service->is_owner = TRUE;
  sbx_listener_open (service->listener);
  if (!service->was_owner) {
    service->was_owner = TRUE;
    sbx_manager_announce (service->manager);
    g_signal_connect (service->manager, "idle", G_CALLBACK (on_idle), service);
  }
  sbx_manager_set_idle_timeout (service->manager, (guint) service->idle_seconds);
}

static void
on_name (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Service *service = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  guint32 outcome = 0;

  if (reply)
    g_variant_get (reply, "(u)", &outcome);
  if (outcome == 1) { /* DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER */
    on_owner (service);
  } else if (service->was_owner) { /* the next service has begun; it takes over what runs */
    quit_when_settled (service);
  } else {
    g_warning ("Cannot own the name %s: %s", SBX_BUS_NAME,
               error ? error->message : "another sandboxd does; it has to end first");
    quit (service, EXIT_FAILURE);
  }
}

static void
own_name (Service *service)
{
  g_dbus_connection_call (service->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                          "RequestName", g_variant_new ("(su)", SBX_BUS_NAME, 4u /* DO_NOT_QUEUE */),
                          G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_name, service);
}

static void
on_bus (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Service *service = user_data;
  g_autoptr (GError) error = NULL;

  service->connection = g_bus_get_finish (result, &error);
  if (!service->connection) {
    g_warning ("No session bus: %s; without one, sandboxctl starts a service of its own", error->message);
    quit (service, EXIT_FAILURE);
    return;
  }
  g_dbus_connection_set_exit_on_close (service->connection, FALSE);
  /* Everything is there before the name is: the first caller sees all of it */
  if (serve (service)) {
    g_autofree char *address = sbx_session_bus_find ();

    service->listener = sbx_listener_new (service->manager, address ? sbx_session_socket_name (address) : NULL);
    own_name (service);
  }
}

/* Without a bus: the socket is the only way to it, and the list what it is there for. */
static gboolean
begin_session (Service *service, GError **error)
{
  g_autoptr (GPtrArray) list = service->list ? sbx_list_read (service->list, error) : NULL;

  if (service->list && !list)
    return FALSE;
  service->manager = sbx_manager_new (service->context, NULL, FALSE, sbx_method_take, error);
  if (!service->manager)
    return FALSE;
  service->listener = sbx_listener_new (service->manager, g_strdup (SBX_SERVICE_SOCKET));
  if (!sbx_listener_open_alone (service->listener, error))
    return FALSE;
  fprintf (stderr, "sandboxd: serves uid %u at " SBX_RUNTIME_SUBDIR "/" SBX_SERVICE_SOCKET "\n", (unsigned) geteuid ());
  if (!list)
    return TRUE;
  service->roster = sbx_roster_new (service->context, sbx_manager_get_registry (service->manager),
                                    sbx_manager_get_callers (service->manager), g_steal_pointer (&list), error);
  return service->roster != NULL;
}

static gboolean
on_session (gpointer user_data)
{
  Service *service = user_data;
  g_autoptr (GError) error = NULL;

  if (!begin_session (service, &error)) {
    fprintf (stderr, "sandboxd: %s\n", error->message);
    quit (service, EXIT_FAILURE);
  }
  return G_SOURCE_REMOVE;
}

/* What its applications have left on the disk goes with a service without a bus. One on a bus, which may be told to end
 * by somebody who waits for it, leaves that to the next. */
static void
finish_removal (const SbxContext *context)
{
  g_autofree char *homes = sbx_context_get_homes (context);

  sbx_door_remove_aside (homes);
}

static int
run (Service *service)
{
  sbx_error_register ();
  service->loop = g_main_loop_new (NULL, FALSE);
  g_unix_signal_add (SIGTERM, on_signal, service);
  g_unix_signal_add (SIGINT, on_signal, service);
  /* The connection is made in GDBus's thread while this one finds out what the machine can do */
  if (service->peer_fd >= 0)
    sbx_peer_connect_async (service->peer_fd, NULL, on_peer, service);
  else if (service->session)
    g_idle_add (on_session, service);
  else
    g_bus_get (G_BUS_TYPE_SESSION, NULL, on_bus, service);
  /* A private service has one client, and most often one command; a list is started once */
  service->context =
      sbx_context_new (g_get_environ (), service->peer_fd >= 0 || service->session ? 0 : (guint) service->prepared,
                       (guint) service->max_instances);
  g_main_loop_run (service->loop);

  /* Nobody waits any more; what others left behind long ago is removed */
  if (service->manager && service->launch_first)
    sbx_manager_look_around (service->manager);
  if (service->connection)
    g_signal_handlers_disconnect_by_data (service->connection, service);
  if (service->listener)
    sbx_listener_close (service->listener);
  g_clear_pointer (&service->roster, sbx_roster_free);
  g_clear_object (&service->manager);
  g_clear_pointer (&service->listener, sbx_listener_free); /* with the last answers */
  g_clear_pointer (&service->list, g_free);
  if (service->connection)
    g_dbus_connection_flush_sync (service->connection, NULL, NULL); /* the last answers */
  g_clear_object (&service->connection);
  if (service->peer_fd >= 0 || service->session)
    finish_removal (service->context);
  sbx_context_free (service->context);
  g_main_loop_unref (service->loop);
  return service->exit_status;
}

static gboolean
take_session (const char *option, const char *value, gpointer data, GError **error)
{
  Service *service = data;

  service->session = TRUE;
  g_free (service->list);
  service->list = g_strdup (value);
  return TRUE;
}

static gboolean
parse (Service *service, int *argc, char ***argv)
{
  gboolean version = FALSE;
  const GOptionEntry entries[] = {
    { "peer-fd", 0, 0, G_OPTION_ARG_INT, &service->peer_fd,
      N_ ("Serve the one client at the other end of this connected socket, not the session bus"), N_ ("NUMBER") },
    { "launch-first", 0, 0, G_OPTION_ARG_NONE, &service->launch_first,
      N_ ("The client begins with a launch: look for what runs already after it"), NULL },
    { "session", 0, G_OPTION_FLAG_OPTIONAL_ARG | G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, (gpointer) take_session,
      N_ ("Serve a socket in the runtime directory, without any bus, and start what is listed"), N_ ("LIST") },
    { "idle-timeout", 0, 0, G_OPTION_ARG_INT, &service->idle_seconds,
      N_ ("Leave after this long without instances and clients; 0: never"), N_ ("SECONDS") },
    { "prepared", 0, 0, G_OPTION_ARG_INT, &service->prepared,
      N_ ("Keep that many sandboxes ready for the kinds of launches that came last; 0: none"), N_ ("NUMBER") },
    { "max-instances", 0, 0, G_OPTION_ARG_INT, &service->max_instances,
      N_ ("How many sandboxes may run at a time; 0: as the machine has room for"), N_ ("NUMBER") },
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, N_ ("Print the version and leave"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  GOptionGroup *group = g_option_group_new (NULL, NULL, NULL, service, NULL);

  g_option_group_add_entries (group, entries);
  g_option_group_set_translation_domain (group, GETTEXT_PACKAGE);
  g_option_context_set_main_group (context, group);
  g_option_context_set_summary (context, _ ("The service org.example.Sandbox, which D-Bus starts when it is needed."));
  if (!g_option_context_parse (context, argc, argv, &error)) {
    fprintf (stderr, "sandboxd: %s\n", error->message);
  } else if (*argc > 1) {
    fprintf (stderr, _ ("sandboxd: \"%s\" is not an option; see sandboxd --help\n"), (*argv)[1]);
  } else if (service->session && (service->peer_fd >= 0 || service->launch_first)) {
    fprintf (stderr, "%s", _ ("sandboxd: --session has a socket of its own: not with --peer-fd or --launch-first\n"));
  } else if (service->idle_seconds < 0) {
    fprintf (stderr, "%s", _ ("sandboxd: --idle-timeout takes a number of seconds, 0 for never\n"));
  } else if (service->prepared < 0 || service->prepared > SBX_MAX_PREPARED) {
    fprintf (stderr, _ ("sandboxd: --prepared takes a number up to %d, 0 for none\n"), SBX_MAX_PREPARED);
  } else if (service->max_instances < 0) {
    fprintf (stderr, "%s", _ ("sandboxd: --max-instances takes a number, 0 for as many as the machine has room for\n"));
  } else if (version) {
    printf ("sandboxd %s\n", SBX_VERSION);
    service->exit_status = EXIT_SUCCESS;
  } else {
    return TRUE;
  }
  return FALSE;
}

/* A number of the environment: who starts the service by D-Bus can hardly change its command line. @otherwise where it
 * says nothing; 0, with a warning, where it says nonsense. */
static int
read_environment (const char *name, int most, int otherwise, const char *nonsense)
{
  const char *said = g_getenv (name);
  guint64 number = 0;

  if (!said || !*said)
    return otherwise;
  if (!g_ascii_string_to_unsigned (said, 10, 0, (guint64) most, &number, NULL))
    g_warning ("%s=%s is no number up to %d: %s", name, said, most, nonsense);
  return (int) number;
}

int
main (int argc, char **argv)
{
  Service service = {
    .peer_fd = -1,
    .idle_seconds = SBX_IDLE_SECONDS,
    .prepared = read_environment (SBX_ENV_PREPARED, SBX_MAX_PREPARED, SBX_PREPARED, "no sandboxes are kept ready"),
    .max_instances = read_environment (SBX_ENV_MAX_INSTANCES, G_MAXINT, 0, "there may be as many as there is room for"),
    .exit_status = EXIT_FAILURE,
  };
  g_autoptr (GError) error = NULL;

  /* A caller's mask may not take the user's own rights away: directories of ours would stay shut for all later ones */
  umask (umask (077) & 077);
  signal (SIGXFSZ, SIG_IGN); /* a limit of the caller's is an error, with words, and not our end */
  /* Only what text needs: each further category is two files to open */
  setlocale (LC_CTYPE, "");
  setlocale (LC_MESSAGES, "");
  bindtextdomain (GETTEXT_PACKAGE, SBX_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname ("sandboxd");
  if (!parse (&service, &argc, &argv))
    return service.exit_status;
  if (!sbx_harden (&error)) {
    fprintf (stderr, "sandboxd: %s\n", error->message);
    return EXIT_FAILURE;
  }
  return run (&service);
}
