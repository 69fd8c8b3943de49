/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/asking/query.h"

#include <string.h>
#include <sys/random.h>

#define NAME "org.freedesktop.Notifications"
#define PATH "/org/freedesktop/Notifications"
#define INTERFACE "org.freedesktop.Notifications"
#define KEY_BYTES 16
#define URGENCY_NORMAL 1 /* of the hint "urgency" */

typedef struct {
  char text[2 * KEY_BYTES + 1];
} Key;

struct _SbxQuery {
  GDBusConnection *bus;
  guint subscription;
  char *server; /* the unique name of who shows it; NULL: no answer yet */
  guint32 id;   /* the server's; 0: no answer yet */
  Key keys[SBX_QUERY_ACTIONS];
  SbxQueryFunc func; /* NULL: nobody is told any more */
  gpointer user_data;
  gboolean gone; /* it is to be closed as soon as its number is known */
};

static void
query_clear (gpointer data)
{
  SbxQuery *self = data;

  g_clear_object (&self->bus);
  g_free (self->server);
}

/* What is called last may free it. */
static void
tell (SbxQuery *self, int action)
{
  SbxQueryFunc func = self->func;

  self->func = NULL;
  if (func)
    func (self, action, self->server ? self->server : "", self->user_data);
}

/* One that cannot be had is a key that is never pressed. */
static Key
make_key (void)
{
  guint8 bytes[KEY_BYTES];
  Key key = { "" };

  if (getrandom (bytes, sizeof bytes, 0) != (ssize_t) sizeof bytes)
    return key;
  for (gsize i = 0; i < sizeof bytes; i++)
    g_snprintf (key.text + 2 * i, 3, "%02x", bytes[i]);
  return key;
}

static int
find_key (const SbxQuery *self, const char *text)
{
  for (int i = 0; i < SBX_QUERY_ACTIONS; i++)
    if (self->keys[i].text[0] != '\0' && strcmp (self->keys[i].text, text) == 0)
      return i;
  return -1;
}

static void
on_signal (GDBusConnection *bus, const char *sender, const char *path, const char *interface, const char *signal,
           GVariant *parameters, gpointer user_data)
{
  SbxQuery *self = user_data;
  const char *key = NULL;
  guint32 id = 0;
  int action;

  if (!self->server || g_strcmp0 (sender, self->server) != 0)
    return;
  if (g_str_equal (signal, "ActionInvoked") && g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(us)"))) {
    g_variant_get (parameters, "(u&s)", &id, &key);
    action = find_key (self, key);
    if (id == self->id && action >= 0)
      tell (self, action);
  } else if (g_str_equal (signal, "NotificationClosed") && g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(uu)"))) {
    g_variant_get (parameters, "(uu)", &id, NULL);
    if (id == self->id)
      tell (self, -1);
  }
}

static void
close_it (const SbxQuery *self)
{
  if (self->server && self->id != 0)
    g_dbus_connection_call (self->bus, self->server, PATH, INTERFACE, "CloseNotification",
                            g_variant_new ("(u)", self->id), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL,
                            NULL);
}

/* The first answer says who shows it, by the bus daemon's word, and under which number. */
static void
on_shown (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SbxQuery *self = user_data;
  g_autoptr (GDBusMessage) reply =
      g_dbus_connection_send_message_with_reply_finish (G_DBUS_CONNECTION (source), result, NULL);
  GVariant *body = reply ? g_dbus_message_get_body (reply) : NULL;

  if (reply && g_dbus_message_get_message_type (reply) == G_DBUS_MESSAGE_TYPE_METHOD_RETURN && body
      && g_variant_is_of_type (body, G_VARIANT_TYPE ("(u)"))) {
    g_variant_get (body, "(u)", &self->id);
    g_free (self->server);
    self->server = g_strdup (g_dbus_message_get_sender (reply));
  }
  if (self->gone)
    close_it (self);
  else if (self->id == 0)
    tell (self, -1);
  g_rc_box_release_full (self, query_clear);
}

/* as, floating. */
static GVariant *
list_actions (SbxQuery *self, const char *const *labels)
{
  GVariantBuilder actions;

  g_variant_builder_init (&actions, G_VARIANT_TYPE_STRING_ARRAY);
  for (int i = 0; labels && i < SBX_QUERY_ACTIONS; i++) {
    if (!labels[i])
      continue;
    self->keys[i] = make_key ();
    g_variant_builder_add (&actions, "s", self->keys[i].text);
    g_variant_builder_add (&actions, "s", labels[i]);
  }
  return g_variant_builder_end (&actions);
}

/* The specification allows markup in the body, which a server that shows none takes out: so all is escaped. */
static void
send_it (SbxQuery *self, const char *title, const char *body, const char *const *labels, guint seconds)
{
  g_autoptr (GDBusMessage) message =
      g_dbus_message_new_method_call (self->server ? self->server : NAME, PATH, INTERFACE, "Notify");
  g_autofree char *escaped = g_markup_escape_text (body, -1);
  GVariantBuilder hints;

  g_variant_builder_init (&hints, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&hints, "{sv}", "urgency", g_variant_new_byte (URGENCY_NORMAL));
  g_dbus_message_set_body (message, g_variant_new ("(susss@as@a{sv}i)", "sandbox", self->id, "dialog-question", title,
                                                   escaped, list_actions (self, labels), g_variant_builder_end (&hints),
                                                   (gint32) seconds * 1000));
  g_dbus_connection_send_message_with_reply (self->bus, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, -1, NULL, NULL,
                                             on_shown, g_rc_box_acquire (self));
}

SbxQuery *
sbx_query_show (GDBusConnection *bus, const char *title, const char *body, const char *const *labels, guint seconds,
                SbxQueryFunc func, gpointer user_data)
{
  SbxQuery *self = g_rc_box_new0 (SbxQuery);

  self->bus = g_object_ref (bus);
  self->func = func;
  self->user_data = user_data;
  /* From anybody: who it has to be is known with the answer */
  self->subscription = g_dbus_connection_signal_subscribe (bus, NULL, INTERFACE, NULL, PATH, NULL,
                                                           G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self, NULL);
  send_it (self, title, body, labels, seconds);
  return self;
}

void
sbx_query_replace (SbxQuery *self, const char *title, const char *body, guint seconds)
{
  self->func = NULL;
  send_it (self, title, body, NULL, seconds);
}

void
sbx_query_free (SbxQuery *self, gboolean leave)
{
  g_dbus_connection_signal_unsubscribe (self->bus, self->subscription);
  self->func = NULL;
  self->gone = !leave;
  if (self->gone)
    close_it (self);
  g_rc_box_release_full (self, query_clear);
}
