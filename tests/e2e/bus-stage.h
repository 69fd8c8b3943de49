/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instances with filtered buses that are changed while they run; org.example.First and org.example.Second are names of
 * the test's own on the session bus. */
#pragma once

#include <string>
#include <vector>

#include "live-stage.h"

class LiveBuses : public Live {
protected:
  void
  SetUp () override
  {
    Live::SetUp ();
    if (HasFatalFailure ())
      return;
    for (const char *name : { "org.example.First", "org.example.Second" }) {
      g_autoptr (GError) error = nullptr;
      g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
          connection (), "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName",
          g_variant_new ("(su)", name, 0), nullptr, G_DBUS_CALL_FLAGS_NONE, -1, nullptr, &error);

      ASSERT_NE (reply, nullptr) << error->message;
    }
  }
  /* The environment of the services that the bus starts from now on. */
  void
  tell_bus (const char *name, const char *value)
  {
    g_autoptr (GError) error = nullptr;
    GVariantBuilder builder;

    g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
    g_variant_builder_add (&builder, "{ss}", name, value);
    g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
        connection (), "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
        "UpdateActivationEnvironment", g_variant_new ("(a{ss})", &builder), nullptr, G_DBUS_CALL_FLAGS_NONE, -1,
        nullptr, &error);
    ASSERT_NE (reply, nullptr) << error->message;
  }
  static std::string
  ping (const std::string &name)
  {
    return "gdbus call --session --timeout=10 -d " + name + " -o / -m org.freedesktop.DBus.Peer.Ping >/dev/null 2>&1";
  }
  bool
  pings (const std::string &id, const std::string &name)
  {
    return works (id, ping (name));
  }
  /* An application that stays connected, asks for both names again and again over this one connection, and when that
   * is closed connects anew: /tmp/said has what it found, /tmp/connections how often it has connected. */
  std::string
  start_connected (const Argv &options)
  {
    Argv all = { "--profile=default", "--talk-name=org.example.First", "--talk-name=org.example.Second" };

    all.insert (all.end (), options.begin (), options.end ());
    return launch_detached (all, { "python3", "-c", read_file (places ().source + "/tests/e2e/bus-client.py") });
  }
  std::vector<pid_t>
  proxies (const std::string &id)
  {
    std::vector<pid_t> found;

    for (const auto &p : descendants (record (id).keeper))
      if (p.name == "xdg-dbus-proxy")
        found.push_back (p.pid);
    return found;
  }
};
