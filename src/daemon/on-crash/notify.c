/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/on-crash/notify.h"

#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PORTAL_NAME "org.freedesktop.portal.Desktop"
#define PORTAL_PATH "/org/freedesktop/portal/desktop"
#define NOTIFICATION "org.freedesktop.portal.Notification"
#define OPEN_URI "org.freedesktop.portal.OpenURI"
#define OPEN_ACTION "open-folder"
#define MAX_REMEMBERED 64 /* notifications whose folder can be opened */

/* Calls that have not been answered. Portals look at the root of their caller's process to know whether it is an
 * application in a sandbox, and refuse one that they may not look at. So we let them look for as long as that takes. */
typedef struct {
  guint n;
  gboolean hidden; /* we are not dumpable otherwise */
} Looks;

struct _SbxNotifier {
  GDBusConnection *bus; /* or NULL */
  guint actions;        /* subscription to what the user presses; 0 before the first notification */
  guint count;
  Looks *looks;            /* g_rc_box */
  GHashTable *directories; /* id of a notification → path */
};

SbxNotifier *
sbx_notifier_new (GDBusConnection *bus)
{
  SbxNotifier *self = g_new0 (SbxNotifier, 1);

  self->bus = bus ? g_object_ref (bus) : NULL;
  self->looks = g_rc_box_new0 (Looks);
  self->directories = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
sbx_notifier_free (SbxNotifier *self)
{
  if (self->actions != 0)
    g_dbus_connection_signal_unsubscribe (self->bus, self->actions);
  g_clear_object (&self->bus);
  g_rc_box_release (self->looks);
  g_hash_table_unref (self->directories);
  g_free (self);
}

static void
on_answer (GObject *bus, GAsyncResult *result, gpointer user_data)
{
  Looks *looks = user_data;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (bus), NULL, result, NULL);

  if (--looks->n == 0 && looks->hidden)
    (void) prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
  g_rc_box_release (looks);
}

static void
call_portal (SbxNotifier *self, const char *interface, const char *method, GVariant *arguments, GUnixFDList *fds)
{
  Looks *looks = g_rc_box_acquire (self->looks);

  if (looks->n++ == 0) {
    looks->hidden = prctl (PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
    (void) prctl (PR_SET_DUMPABLE, 1, 0, 0, 0);
  }
  g_dbus_connection_call_with_unix_fd_list (self->bus, PORTAL_NAME, PORTAL_PATH, interface, method, arguments, NULL,
                                            G_DBUS_CALL_FLAGS_NONE, -1, fds, NULL, on_answer, looks);
}

/* A descriptor, so that the portal opens what we mean whatever it sees of the file system itself. */
static void
open_directory (SbxNotifier *self, const char *directory)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  int fd = open (directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
  int handle = fd < 0 ? -1 : g_unix_fd_list_append (fds, fd, NULL);

  if (fd >= 0)
    close (fd);
  if (handle >= 0)
    call_portal (self, OPEN_URI, "OpenDirectory", g_variant_new ("(sha{sv})", "", handle, NULL), fds);
}

static void
on_action (GDBusConnection *bus, const char *sender, const char *path, const char *interface, const char *signal,
           GVariant *parameters, gpointer user_data)
{
  SbxNotifier *self = user_data;
  const char *id, *action, *directory;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(ssav)")))
    return;
  g_variant_get (parameters, "(&s&s@av)", &id, &action, NULL);
  directory = g_hash_table_lookup (self->directories, id);
  if (directory && g_str_equal (action, OPEN_ACTION))
    open_directory (self, directory);
}

/* a{sv}, floating. */
static GVariant *
make_notification (const char *app_id, const char *signal_name, gboolean can_open)
{
  g_autofree char *body = g_strdup_printf (_ ("%s has ended unexpectedly: %s"), app_id, signal_name);
  GVariantBuilder notification, buttons, button;

  g_variant_builder_init (&notification, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&notification, "{sv}", "title", g_variant_new_string (_ ("An application crashed")));
  g_variant_builder_add (&notification, "{sv}", "body", g_variant_new_string (body));
  if (can_open) {
    g_variant_builder_init (&button, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&button, "{sv}", "label", g_variant_new_string (_ ("Open the Report")));
    g_variant_builder_add (&button, "{sv}", "action", g_variant_new_string (OPEN_ACTION));
    g_variant_builder_init (&buttons, G_VARIANT_TYPE ("aa{sv}"));
    g_variant_builder_add_value (&buttons, g_variant_builder_end (&button));
    g_variant_builder_add (&notification, "{sv}", "buttons", g_variant_builder_end (&buttons));
    g_variant_builder_add (&notification, "{sv}", "default-action", g_variant_new_string (OPEN_ACTION));
  }
  return g_variant_builder_end (&notification);
}

void
sbx_notifier_tell_crash (SbxNotifier *self, const char *app_id, const char *signal_name, const char *directory)
{
  g_autofree char *id = g_strdup_printf ("crash-%u", ++self->count);

  if (!self->bus)
    return;
  if (self->actions == 0)
    self->actions =
        g_dbus_connection_signal_subscribe (self->bus, PORTAL_NAME, NOTIFICATION, "ActionInvoked", PORTAL_PATH, NULL,
                                            G_DBUS_SIGNAL_FLAGS_NONE, on_action, self, NULL);
  if (g_hash_table_size (self->directories) >= MAX_REMEMBERED)
    g_hash_table_remove_all (self->directories);
  if (directory)
    g_hash_table_insert (self->directories, g_strdup (id), g_strdup (directory));
  call_portal (self, NOTIFICATION, "AddNotification",
               g_variant_new ("(s@a{sv})", id, make_notification (app_id, signal_name, directory != NULL)), NULL);
}
