/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A server of notifications in the test's own process, and a user who presses its buttons. */
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "harness.h"

namespace e2e {

struct Notification {
  guint32 id, replaces;
  std::string title, body;
  std::vector<std::pair<std::string, std::string> > buttons; /* key, label */
  bool closed = false;

  std::string
  key (const std::string &label) const
  {
    for (const auto &button : buttons)
      if (button.second == label)
        return button.first;
    return {};
  }
};

class NotificationServer {
public:
  /* On @connection, which must outlive it. */
  explicit NotificationServer (GDBusConnection *connection) : connection_ (connection)
  {
    static const char xml[] =
        "<node><interface name='org.freedesktop.Notifications'>"
        "<method name='Notify'><arg type='s' direction='in'/><arg type='u' direction='in'/>"
        "<arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='s' direction='in'/>"
        "<arg type='as' direction='in'/><arg type='a{sv}' direction='in'/><arg type='i' direction='in'/>"
        "<arg type='u' direction='out'/></method>"
        "<method name='CloseNotification'><arg type='u' direction='in'/></method>"
        "</interface></node>";
    static const GDBusInterfaceVTable vtable = { on_call, nullptr, nullptr, {} };
    g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, nullptr);

    registration_ = g_dbus_connection_register_object (connection, "/org/freedesktop/Notifications",
                                                       node->interfaces[0], &vtable, this, nullptr, nullptr);
    own_name (true);
  }
  NotificationServer (const NotificationServer &) = delete;
  ~NotificationServer ()
  {
    own_name (false);
    g_dbus_connection_unregister_object (connection_, registration_);
  }
  /* Answers until it holds, or the patience is over. */
  static bool
  until (const std::function<bool ()> &holds)
  {
    return eventually ([&] {
      while (g_main_context_iteration (nullptr, FALSE))
        ;
      return holds ();
    });
  }
  /* Questions: those with buttons. Waits until there are @n. */
  bool
  expect (size_t n)
  {
    return until ([&] { return questions ().size () >= n; });
  }
  std::vector<Notification>
  questions () const
  {
    return with_buttons (true);
  }
  /* … and what was said without. */
  std::vector<Notification>
  answers () const
  {
    return with_buttons (false);
  }
  /* The one of that number, as it was shown first. */
  bool
  is_closed (guint32 id) const
  {
    return std::any_of (all_.begin (), all_.end (), [id] (const Notification &n) { return n.id == id && n.closed; });
  }
  void
  press (guint32 id, const std::string &key)
  {
    press_on (connection_, id, key);
  }
  static void
  press_on (GDBusConnection *connection, guint32 id, const std::string &key)
  {
    g_dbus_connection_emit_signal (connection, nullptr, "/org/freedesktop/Notifications",
                                   "org.freedesktop.Notifications", "ActionInvoked",
                                   g_variant_new ("(us)", id, key.c_str ()), nullptr);
    g_dbus_connection_flush_sync (connection, nullptr, nullptr);
  }

private:
  std::vector<Notification>
  with_buttons (bool any) const
  {
    std::vector<Notification> some;

    std::copy_if (all_.begin (), all_.end (), std::back_inserter (some),
                  [any] (const Notification &n) { return n.buttons.empty () != any; });
    return some;
  }
  void
  own_name (bool own)
  {
    g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
        connection_, "org.freedesktop.DBus", "/", "org.freedesktop.DBus", own ? "RequestName" : "ReleaseName",
        own ? g_variant_new ("(su)", "org.freedesktop.Notifications", 4)
            : g_variant_new ("(s)", "org.freedesktop.Notifications"),
        nullptr, G_DBUS_CALL_FLAGS_NONE, -1, nullptr, nullptr);
  }
  static void
  on_call (GDBusConnection *connection, const char *, const char *, const char *, const char *method,
           GVariant *parameters, GDBusMethodInvocation *invocation, gpointer data)
  {
    auto *self = static_cast<NotificationServer *> (data);
    Notification one = {};
    const char *title = nullptr, *body = nullptr;
    g_autofree const char **actions = nullptr;

    if (std::string (method) == "CloseNotification") {
      g_variant_get (parameters, "(u)", &one.id);
      for (Notification &known : self->all_)
        known.closed = known.closed || known.id == one.id;
      g_dbus_method_invocation_return_value (invocation, nullptr);
      g_dbus_connection_emit_signal (connection, nullptr, "/org/freedesktop/Notifications",
                                     "org.freedesktop.Notifications", "NotificationClosed",
                                     g_variant_new ("(uu)", one.id, 3u), nullptr);
      return;
    }
    g_variant_get (parameters, "(&su&s&s&s^a&s@a{sv}i)", nullptr, &one.replaces, nullptr, &title, &body, &actions,
                   nullptr, nullptr);
    one.title = title;
    one.body = body;
    for (gsize i = 0; actions[i] && actions[i + 1]; i += 2)
      one.buttons.emplace_back (actions[i], actions[i + 1]);
    one.id = one.replaces ? one.replaces : ++self->last_;
    self->all_.push_back (one);
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(u)", one.id));
  }

  GDBusConnection *connection_;
  guint registration_ = 0;
  guint32 last_ = 0;
  std::vector<Notification> all_;
};

}
