/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The filtered session bus: what the policy names, and nothing else. */
#include <csignal>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

#include "cost.h"
#include "harness.h"

using namespace e2e;
namespace fs = std::filesystem;

class FilteredBus : public OnBus {
protected:
  void
  SetUp () override
  {
    OnBus::SetUp ();
    if (HasFatalFailure ())
      return;
    add_profile ("bussed", "[Profile]\nInherits=default\n[Session Bus Policy]\norg.example.Allowed=talk\n"
                           "org.example.Seen=see\norg.example.Mine.*=own\norg.example.Sandbox=talk\n");
    for (const char *name : { "org.example.Allowed", "org.example.Seen", "org.example.Hidden" })
      own (name);
  }
  /* For this process: GDBus answers to Ping by itself. */
  void
  own (const char *name)
  {
    g_autoptr (GError) error = nullptr;
    g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
        connection (), "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName",
        g_variant_new ("(su)", name, 0), nullptr, G_DBUS_CALL_FLAGS_NONE, -1, nullptr, &error);

    ASSERT_NE (reply, nullptr) << error->message;
  }
  Outcome
  call (const std::string &name, const std::string &method, const Argv &words = {})
  {
    Argv all = { "gdbus", "call", "--session", "--timeout=10", "-d", name, "-o", "/", "-m", method };

    all.insert (all.end (), words.begin (), words.end ());
    return run_in ({ "--profile=bussed", "--app-id=org.example.Bussed" }, all);
  }
  pid_t
  proxy_of (const Record &record)
  {
    for (const auto &p : descendants (record.keeper))
      if (p.name == "xdg-dbus-proxy")
        return p.pid;
    return -1;
  }
};

TEST_F (FilteredBus, ShowsTheNamesThatThePolicyHas)
{
  Outcome names = call ("org.freedesktop.DBus", "org.freedesktop.DBus.ListNames");

  ASSERT_TRUE (succeeds (names));
  EXPECT_NE (names.out.find ("org.example.Allowed"), std::string::npos) << names.out;
  EXPECT_NE (names.out.find ("org.example.Seen"), std::string::npos) << names.out;
  EXPECT_EQ (names.out.find ("org.example.Hidden"), std::string::npos) << names.out;
}

TEST_F (FilteredBus, CallsWhatMayBeTalkedTo)
{
  EXPECT_TRUE (succeeds (call ("org.example.Allowed", "org.freedesktop.DBus.Peer.Ping")));
  EXPECT_NE (call ("org.example.Seen", "org.freedesktop.DBus.Peer.Ping").status, 0);
  Outcome hidden = call ("org.example.Hidden", "org.freedesktop.DBus.Peer.Ping");
  EXPECT_NE (hidden.status, 0);
  EXPECT_NE (hidden.err.find ("ServiceUnknown"), std::string::npos) << hidden.err;
}

TEST_F (FilteredBus, OwnsWhatItMayOwn)
{
  EXPECT_TRUE (
      succeeds (call ("org.freedesktop.DBus", "org.freedesktop.DBus.RequestName", { "org.example.Mine.One", "0" })));
  EXPECT_NE (call ("org.freedesktop.DBus", "org.freedesktop.DBus.RequestName", { "org.example.Other", "0" }).status, 0);
}

TEST_F (FilteredBus, IsNotThereUnlessNamed)
{
  Outcome outcome = run_in ({}, { "sh", "-c", "echo ${DBUS_SESSION_BUS_ADDRESS-none}; ls /run/sandbox 2>/dev/null" });

  EXPECT_EQ (outcome.out, "none\n");
}

/* It may talk to the service, and be told about itself; it may not choose a policy that allows more than its own. */
TEST_F (FilteredBus, TheServiceStartsNothingMoreForASandbox)
{
  Outcome outcome = run_in ({ "--profile=bussed" },
                            { "gdbus", "call", "--session", "-d", "org.example.Sandbox", "-o", "/org/example/Sandbox",
                              "-m", "org.example.Sandbox.Launch", "devel", "[b'true']", "{}" });

  EXPECT_NE (outcome.status, 0);
  EXPECT_NE (outcome.err.find ("PolicyExceeded"), std::string::npos) << outcome.err;
}

TEST_F (FilteredBus, TheProxyIsKnownByItsApplicationsId)
{
  std::string id = launch_detached ({ "--profile=bussed", "--app-id=org.example.Bussed" }, { "sleep", "1000" });
  pid_t proxy = proxy_of (record (id));

  ASSERT_GT (proxy, 0);
  std::string info = read_file ("/proc/" + std::to_string (proxy) + "/root/.flatpak-info");
  EXPECT_NE (info.find ("name=org.example.Bussed"), std::string::npos) << info;
  EXPECT_NE (info.find ("instance-id=" + id), std::string::npos) << info;
  EXPECT_TRUE (json ({ "show", "--json", id })["enforced"]["filtered-bus"].boolean ());
  /* Nothing but the proxy's own sockets and the bus is there */
  EXPECT_EQ (read_file ("/proc/" + std::to_string (proxy) + "/root/etc/passwd"), "");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
  EXPECT_TRUE (eventually ([&] { return !process_exists (proxy); }));
}

/* What a portal from 1.19 on asks for: a process by whose namespaces it translates pids. */
TEST_F (FilteredBus, PortalsFindItsNamespacesWhileItRuns)
{
  std::string id = launch_detached ({ "--profile=bussed", "--app-id=org.example.Bussed" }, { "sleep", "1000" });
  std::string without = launch_detached ({}, { "sleep", "1000" });
  std::string link = runtime () + "/.flatpak/" + id;

  EXPECT_EQ (Json::parse (read_file (link + "/bwrapinfo.json"))["child-pid"].number (), record (id).init);
  EXPECT_TRUE (fs::is_symlink (link)) << "Flatpak takes directories there for its own";
  EXPECT_FALSE (fs::exists (fs::symlink_status (runtime () + "/.flatpak/" + without)));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", without })));
  EXPECT_TRUE (eventually ([&] { return !fs::exists (fs::symlink_status (link)); }));
}

TEST_F (FilteredBus, OfAKilledKeeperNothingIsLeftForPortals)
{
  std::string id = launch_detached ({ "--profile=bussed" }, { "sleep", "1000" });
  std::string link = runtime () + "/.flatpak/" + id;

  ASSERT_TRUE (fs::is_symlink (link));
  ASSERT_EQ (::kill (record (id).keeper, SIGKILL), 0);
  EXPECT_TRUE (eventually ([&] { return record (id).state == "exited"; }));
  EXPECT_TRUE (eventually ([&] { return !fs::exists (fs::symlink_status (link)); }));
}

/* name, member, need: how often; 0 when it is not told. */
struct Refusal {
  std::string name, member, needs;
};

static int
times (const Json &about, const Refusal &refusal)
{
  const Json &rows = about["refused"];

  for (size_t i = 0; i < rows.size (); i++)
    if (rows[i]["name"].text () == refusal.name && rows[i]["member"].text () == refusal.member
        && rows[i]["needs"].text () == refusal.needs)
      return static_cast<int> (rows[i]["count"].number ());
  return 0;
}

TEST_F (FilteredBus, RefusalsAreNamed)
{
  static const char ping[] = "org.freedesktop.DBus.Peer.Ping";
  const Refusal hidden = { "org.example.Hidden", ping, "talk" }, seen = { "org.example.Seen", ping, "talk" },
                owned = { "org.example.Other", "org.freedesktop.DBus.RequestName", "own" },
                asked = { "org.example.Hidden", "org.freedesktop.DBus.GetNameOwner", "see" };
  std::string id = launch_detached ({ "--profile=bussed" }, { "sleep", "1000" });
  auto call_in = [&] (const std::string &name, const std::string &method, const Argv &words) {
    Argv all = { "exec", id, "--", "gdbus", "call", "--session", "--timeout=10", "-d", name, "-o", "/", "-m", method };

    all.insert (all.end (), words.begin (), words.end ());
    return sandboxctl (all);
  };

  EXPECT_EQ (json ({ "show", "--json", id })["refused"].size (), 0u);
  EXPECT_TRUE (succeeds (call_in ("org.example.Allowed", ping, {})));
  for (int i = 0; i < 3; i++)
    EXPECT_NE (call_in ("org.example.Hidden", ping, {}).status, 0);
  EXPECT_NE (call_in ("org.example.Seen", ping, {}).status, 0);
  EXPECT_NE (call_in ("org.freedesktop.DBus", "org.freedesktop.DBus.RequestName", { "org.example.Other", "0" }).status,
             0);
  EXPECT_NE (call_in ("org.freedesktop.DBus", "org.freedesktop.DBus.GetNameOwner", { "org.example.Hidden" }).status, 0);

  ASSERT_TRUE (eventually ([&] { return times (json ({ "show", "--json", id }), asked) == 1; }));
  kill_services (); /* and the next one is told */
  Json about = json ({ "show", "--json", id });
  ASSERT_TRUE (eventually ([&] {
    about = json ({ "show", "--json", id });
    return times (about, asked) == 1;
  }));
  EXPECT_EQ (times (about, hidden), 3);
  EXPECT_EQ (times (about, seen), 1);
  EXPECT_EQ (times (about, owned), 1);
  for (size_t i = 0; i < about["refused"].size (); i++)
    EXPECT_NE (about["refused"][i]["name"].text (), "org.example.Allowed");

  std::string text = sandboxctl ({ "show", id }).out;
  EXPECT_NE (text.find ("org.freedesktop.DBus.Peer.Ping of org.example.Hidden, 3 times"), std::string::npos) << text;
  EXPECT_NE (text.find ("org.example.Other=own below [Session Bus Policy]"), std::string::npos) << text;

  long long sum = 0;
  for (size_t i = 0; i < about["refused"].size (); i++)
    sum += about["refused"][i]["count"].number ();
  EXPECT_GE (sum, 6);
  EXPECT_EQ (top_cell (id, 8), std::to_string (sum));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

/* The proxy does not say on which of the two buses it was. */
class EitherFilteredBus : public OnBus {
protected:
  void
  SetUp () override
  {
    OnBus::SetUp ();
    if (!HasFatalFailure ())
      start_authority (true); /* with a system bus */
  }
  void
  expect_remedy (const std::string &rules, const char *bus, const std::string &remedy)
  {
    add_profile ("either", "[Profile]\nInherits=default\n" + rules);
    std::string id = launch_detached ({ "--profile=either" }, { "sleep", "1000" });
    Argv call = { "exec",
                  id,
                  "--",
                  "gdbus",
                  "call",
                  bus,
                  "--timeout=10",
                  "-d",
                  "org.example.Hidden",
                  "-o",
                  "/",
                  "-m",
                  "org.freedesktop.DBus.Peer.Ping" };

    EXPECT_NE (sandboxctl (call).status, 0);
    EXPECT_TRUE (eventually ([&] {
      return sandboxctl ({ "show", id }).out.find (remedy) != std::string::npos;
    })) << sandboxctl ({ "show", id }).out;
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
  }
};

TEST_F (EitherFilteredBus, RefusalsHaveTheRemedyOfTheirBus)
{
  static const std::string session = "[Session Bus Policy]\norg.example.Allowed=talk\n",
                           system = "[System Bus Policy]\norg.example.Allowed=talk\n";
  static const std::string rule = "org.example.Hidden=talk below ",
                           either = rule + "[Session Bus Policy] or [System Bus Policy]";

  expect_remedy (session, "--session", rule + "[Session Bus Policy] in");
  expect_remedy (system, "--system", rule + "[System Bus Policy] in");
  expect_remedy (session + system, "--session", either);
  expect_remedy (session + system, "--system", either);
}

/* What an application did last is told too, though it is not waited for. */
TEST_F (FilteredBus, RefusalsBeforeTheEnd)
{
  static const char script[] = "from gi.repository import Gio\n"
                               "bus = Gio.bus_get_sync(Gio.BusType.SESSION)\n"
                               "for i in range(4):\n"
                               "  try: bus.call_sync('org.example.N%d' % i, '/', 'org.example.I', 'M', None, None, 0, "
                               "60000, None)\n"
                               "  except Exception: pass\n";
  std::string id = launch_detached ({ "--profile=bussed" }, { "python3", "-c", script });

  ASSERT_TRUE (wait_for_state (id, "exited"));
  ASSERT_TRUE (eventually ([&] { return json ({ "show", "--json", id })["state"].text () == "exited"; }));
  Json about = json ({ "show", "--json", id });
  for (int i = 0; i < 4; i++)
    EXPECT_EQ (times (about, { "org.example.N" + std::to_string (i), "org.example.I.M", "talk" }), 1) << i;
}

/* Any number of names and calls: the table keeps what counts, the bus goes on, the service is not kept busy. */
TEST_F (FilteredBus, RefusalsWithoutEnd)
{
  static const char script[] =
      "import sys, gi\n"
      "from gi.repository import Gio, GLib\n"
      "bus = Gio.bus_get_sync(Gio.BusType.SESSION)\n"
      "def call(name, method):\n"
      "  bus.call(name, '/', 'org.example.I', method, None, None, 0, 10000, None, None)\n"
      "for i in range(5000): call('org.example.N%d' % i, 'M')\n"
      "for i in range(5000): call('org.example.N1', 'M')\n"
      "call('org.example.Real', 'M')\n"
      "for i in range(9): call('org.example.M%d' % i, 'M')\n"
      "bus.call_sync('org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'GetId', None, None, 0, 60000)\n";
  std::string id = launch_detached ({ "--profile=bussed" }, { "sleep", "1000" });

  ASSERT_TRUE (succeeds (sandboxctl ({ "exec", id, "--", "python3", "-c", script })));
  Json about = json ({ "show", "--json", id });
  ASSERT_TRUE (eventually ([&] {
    about = json ({ "show", "--json", id });
    return times (about, { "org.example.N1", "org.example.I.M", "talk" }) == 5001;
  })) << times (about, { "org.example.N1", "org.example.I.M", "talk" });
  EXPECT_EQ (about["refused"].size (), 32u);
  ASSERT_TRUE (eventually ([&] {
    about = json ({ "show", "--json", id });
    return times (about, { "org.example.M8", "org.example.I.M", "talk" }) == 1;
  }));
  EXPECT_EQ (times (about, { "org.example.Real", "org.example.I.M", "talk" }), 1);
  double sum = about["refused-more"].number ();
  for (size_t i = 0; i < about["refused"].size (); i++)
    sum += about["refused"][i]["count"].number ();
  EXPECT_EQ (sum, 10010);
  EXPECT_NE (sandboxctl ({ "show", id }).out.find (" more, of other kinds"), std::string::npos);
  kill_services (); /* and the next one is told the same */
  ASSERT_TRUE (eventually ([&] {
    Json again = json ({ "show", "--json", id });
    return again["refused"].size () == 32 && again["refused-more"].number () == about["refused-more"].number ();
  }));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

/* The same as fast as it goes, from ten thousand names: what it costs the keeper, and that another one hears its own.
 */
TEST_F (FilteredBus, AStormOfRefusals)
{
  const std::string script = read_file (places ().source + "/tests/e2e/bus-storm.py");
  std::string id = launch_detached ({ "--profile=bussed" }, { "sleep", "1000" });
  std::string other = launch_detached ({ "--profile=bussed" }, { "sleep", "1000" });
  Process storm (command ({ "exec", id, "--", "python3", "-c", script, "1000000000", "10000" }));
  /* What is allowed at once has been used up by then */
  ASSERT_TRUE (eventually ([&] { return json ({ "show", "--json", id })["refused-more"].number () > 60000; }));
  Cost keeper (record (id).keeper), its (record (other).keeper);

  for (const char *name : { "org.example.Allowed", "org.example.Hidden" })
    EXPECT_EQ (sandboxctl ({ "exec", other, "--", "gdbus", "call", "--session", "--timeout=60", "-d", name, "-o", "/",
                             "-m", "org.freedesktop.DBus.Peer.Ping" })
                       .status
                   == 0,
               std::string (name) == "org.example.Allowed");
  EXPECT_TRUE (eventually ([&] {
    return sandboxctl ({ "why", other }).out.find ("org.example.Hidden") != std::string::npos;
  }));
  sleep (5);
  EXPECT_TRUE (storm.running ());
  EXPECT_TRUE (keeper.is_within ("a storm on the bus", 0.05));
  EXPECT_TRUE (its.is_within ("its neighbour's keeper", 0.05));
  EXPECT_LE (keeper.grown_kib (), 64);
  Json about = json ({ "show", "--json", id });
  EXPECT_EQ (about["refused"].size (), 32u);
  EXPECT_GT (about["refused-more"].number (), 0);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--all", "--grace=0" })));
}

TEST_F (FilteredBus, TheInstanceOutlivesItsProxy)
{
  std::string id = launch_detached ({ "--profile=bussed" }, { "sleep", "1000" });
  pid_t proxy = proxy_of (record (id));

  ASSERT_GT (proxy, 0);
  ::kill (proxy, SIGKILL);
  EXPECT_TRUE (eventually ([&] { return !json ({ "show", "--json", id })["enforced"]["filtered-bus"].boolean (); }));
  EXPECT_EQ (record (id).state, "running");
  EXPECT_NE (sandboxctl ({ "show", id }).out.find ("NO: the message bus has a filter, which runs"), std::string::npos);
  kill_services (); /* and the next one knows it too */
  EXPECT_FALSE (json ({ "show", "--json", id })["enforced"]["filtered-bus"].boolean ());
  Outcome gone = sandboxctl ({ "exec", id, "--", "gdbus", "call", "--session", "-d", "org.example.Allowed", "-o", "/",
                               "-m", "org.freedesktop.DBus.Peer.Ping" });
  EXPECT_NE (gone.status, 0);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

TEST_F (FilteredBus, EndsWithAKilledKeeper)
{
  std::string id = launch_detached ({ "--profile=bussed" }, { "sleep", "1000" });
  pid_t proxy = proxy_of (record (id));

  ::kill (record (id).keeper, SIGKILL);
  EXPECT_TRUE (eventually ([&] { return !process_exists (proxy); }));
  EXPECT_EQ (json ({ "show", "--json", id })["state"].text (), "exited");
}

/* What the service finds when the bus starts it. */
class OtherProxy : public OnBus {
protected:
  Outcome
  run_with (const char *proxy, const Argv &words)
  {
    add_profile ("bussed", "[Profile]\nInherits=default\n[Session Bus Policy]\norg.example.Allowed=talk\n");
    set_env ("SANDBOX_DBUS_PROXY", proxy);
    return run_in ({ "--profile=bussed" }, words);
  }
};

TEST_F (OtherProxy, WithoutOneThereIsNoBus)
{
  Outcome outcome = run_with ("/no/such/proxy", { "sh", "-c", "echo ${DBUS_SESSION_BUS_ADDRESS-none}" });

  EXPECT_EQ (outcome.out, "none\n") << outcome.err;
}

TEST_F (OtherProxy, OneThatFailsIsAnError)
{
  EXPECT_TRUE (fails_with (run_with ("/usr/bin/false", { "true" }), 125, { "xdg-dbus-proxy" }));
}
