/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libportal is loaded when there is something to say: a service whose applications do not crash has no use for it. */
#include "daemon/on-crash/notify.h"

#include <dlfcn.h>
#include <glib/gi18n.h>
#include <libportal/portal.h>

#define LIBRARY "libportal.so.1"
#define OPEN_ACTION "open-folder"
#define MAX_REMEMBERED 64 /* notifications whose folder can be opened */

typedef struct {
  XdpPortal *portal; /* NULL: not tried yet, or not to be had */
  gboolean tried;
  __typeof__ (xdp_portal_add_notification) *add;
  __typeof__ (xdp_portal_open_directory) *open;
  GHashTable *directories; /* id of a notification → URI */
} Notifier;

static void
on_action (GDBusConnection *bus, const char *sender, const char *path, const char *interface, const char *signal,
           GVariant *parameters, gpointer user_data)
{
  Notifier *self = user_data;
  const char *id, *action, *uri;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(ssav)")))
    return;
  g_variant_get (parameters, "(&s&s@av)", &id, &action, NULL);
  uri = g_hash_table_lookup (self->directories, id);
  if (uri && g_str_equal (action, OPEN_ACTION))
    self->open (self->portal, NULL, uri, XDP_OPEN_URI_FLAG_NONE, NULL, NULL, NULL);
}

static void
load (Notifier *self, GDBusConnection *bus)
{
  /* Its types stay registered, so the library stays loaded */
  void *library = dlopen (LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  __typeof__ (xdp_portal_new) *new_portal = library ? dlsym (library, "xdp_portal_new") : NULL;

  self->tried = TRUE;
  self->add = library ? dlsym (library, "xdp_portal_add_notification") : NULL;
  self->open = library ? dlsym (library, "xdp_portal_open_directory") : NULL;
  if (!new_portal || !self->add || !self->open)
    return;
  self->directories = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->portal = new_portal ();
  g_dbus_connection_signal_subscribe (bus, "org.freedesktop.portal.Desktop", "org.freedesktop.portal.Notification",
                                      "ActionInvoked", "/org/freedesktop/portal/desktop", NULL,
                                      G_DBUS_SIGNAL_FLAGS_NONE, on_action, self, NULL);
}

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
sbx_notify_crash (GDBusConnection *bus, const char *app_id, const char *signal_name, const char *directory)
{
  static Notifier self;
  static guint count;
  g_autofree char *id = g_strdup_printf ("crash-%u", ++count);
  g_autofree char *uri = directory ? g_filename_to_uri (directory, NULL, NULL) : NULL;

  if (!bus)
    return;
  if (!self.tried)
    load (&self, bus);
  if (!self.portal || !self.add)
    return;
  if (g_hash_table_size (self.directories) >= MAX_REMEMBERED)
    g_hash_table_remove_all (self.directories);
  if (uri)
    g_hash_table_insert (self.directories, g_strdup (id), g_strdup (uri));
  self.add (self.portal, id, make_notification (app_id, signal_name, uri != NULL), XDP_NOTIFICATION_FLAG_NONE, NULL,
            NULL, NULL);
}
