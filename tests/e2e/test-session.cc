/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Applications on their session's bus: names of their own, and what they take in the place of the desktop's services.
 */
#include <csignal>
#include <filesystem>
#include <unistd.h>

#include "harness.h"

using namespace e2e;
namespace fs = std::filesystem;

/* As GTK's and Qt's applications do it: it ends at once when it cannot have its name. */
static const char application[] = "import sys\n"
                                  "from gi.repository import Gio\n"
                                  "a = Gio.Application(application_id=sys.argv[1], flags=0)\n"
                                  "a.connect('activate', lambda x: print('ACTIVATED', flush=True))\n"
                                  "raise SystemExit(a.run([]))\n";

class Session : public OnBus {
protected:
  void
  SetUp () override
  {
    OnBus::SetUp ();
    if (HasFatalFailure ())
      return;
    add_profile ("bussed", "[Profile]\nInherits=default\n[Session Bus Policy]\norg.example.Allowed=talk\n");
    add_profile ("sounding", "[Profile]\nInherits=bussed\n[Context]\nsockets=pulseaudio;\n"
                             "[Session Bus Policy]\norg.kde.StatusNotifierWatcher=talk\n");
    add_profile ("nesting", "[Profile]\nInherits=bussed\n[Session Bus Policy]\norg.example.Sandbox=talk\n");
  }
  static Argv
  bus_call (const std::string &name, const std::string &method, const Argv &words = {})
  {
    Argv all = { "gdbus", "call", "--session", "--timeout=10", "-d", name, "-o", "/", "-m", method };

    all.insert (all.end (), words.begin (), words.end ());
    return all;
  }
  static Argv
  request_name (const std::string &name)
  {
    return bus_call ("org.freedesktop.DBus", "org.freedesktop.DBus.RequestName", { name, "0" });
  }
  /* For this process, which is in no sandbox: GDBus answers to Ping by itself. */
  void
  own (const std::string &name)
  {
    g_autoptr (GError) error = nullptr;
    g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
        connection (), "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName",
        g_variant_new ("(su)", name.c_str (), 0), nullptr, G_DBUS_CALL_FLAGS_NONE, -1, nullptr, &error);

    ASSERT_NE (reply, nullptr) << error->message;
  }
  bool
  has_owner (const std::string &name)
  {
    g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
        connection (), "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "NameHasOwner",
        g_variant_new ("(s)", name.c_str ()), nullptr, G_DBUS_CALL_FLAGS_NONE, -1, nullptr, nullptr);
    gboolean has = FALSE;

    if (reply)
      g_variant_get (reply, "(b)", &has);
    return has;
  }
  /* A service file of the user's; the bus is told. */
  void
  add_service (const std::string &directory, const std::string &name, const std::string &exec)
  {
    fs::create_directories (directory);
    write_file (directory + "/" + name + ".service", "[D-BUS Service]\nName=" + name + "\nExec=" + exec + "\n");
    connection (); /* there is a bus */
    ASSERT_EQ (run (Command (bus_call ("org.freedesktop.DBus", "org.freedesktop.DBus.ReloadConfig"))).status, 0);
  }
  std::string
  own_services () const
  {
    return dir () + "/data/dbus-1/services";
  }
};

TEST_F (Session, AnApplicationOwnsItsId)
{
  Argv app = { "/usr/bin/python3", "-c", application, "org.example.CaseApp" };

  Outcome own = run_in ({ "--profile=bussed", "--app-id=org.example.CaseApp" }, app);
  EXPECT_TRUE (succeeds (own));
  EXPECT_EQ (own.out, "ACTIVATED\n");
  /* The control: another id, and it is refused */
  Outcome other = run_in ({ "--profile=bussed", "--app-id=org.example.Another" }, app);
  EXPECT_NE (other.status, 0);
  EXPECT_EQ (other.out.find ("ACTIVATED"), std::string::npos);
}

TEST_F (Session, AndWhatIsBelowIt)
{
  const Argv as = { "--profile=bussed", "--app-id=org.example.CaseApp" };

  EXPECT_TRUE (succeeds (run_in (as, request_name ("org.example.CaseApp.UI"))));
  EXPECT_NE (run_in (as, request_name ("org.example.CaseApps")).status, 0);
  EXPECT_NE (run_in (as, request_name ("org.example.Other")).status, 0);
}

/* The launch itself may be done, and nothing more: nobody is asked for the names. */
TEST_F (Session, NobodyIsAskedForThem)
{
  start_authority_that_says ("launch");
  EXPECT_TRUE (
      succeeds (run_in ({ "--profile=bussed", "--app-id=org.example.CaseApp" }, request_name ("org.example.CaseApp"))));
  EXPECT_NE (run_in ({ "--profile=bussed", "--app-id=org.example.CaseApp", "--own-name=org.example.Other" }, { "true" })
                 .status,
             0)
      << "the control: another name is asked for";
}

TEST_F (Session, ExplainNamesThem)
{
  Json plan = json ({ "explain", "--json", "bussed", "--app-id=org.example.CaseApp" });

  EXPECT_EQ (plan["policy"]["Session Bus Policy"]["org.example.CaseApp.*"].text (), "own");
  EXPECT_EQ (plan["actions"].size (), 1u);
}

TEST_F (Session, PlayersAndTrayIcons)
{
  const Argv sounding = { "--profile=sounding", "--app-id=org.example.Player" };
  const Argv silent = { "--profile=bussed", "--app-id=org.example.Player" };

  for (const char *name :
       { "org.mpris.MediaPlayer2.org.example.Player", "org.mpris.MediaPlayer2.player.instance7",
         "org.mpris.MediaPlayer2.gdbus", "org.kde.StatusNotifierItem-2-1", "org.kde.StatusNotifierItem-2-2" }) {
    EXPECT_TRUE (succeeds (run_in (sounding, request_name (name)))) << name;
    EXPECT_NE (run_in (silent, request_name (name)).status, 0) << name;
  }
  EXPECT_NE (run_in (sounding, request_name ("org.mpris.MediaPlayer2.other")).status, 0);
}

/* A program that is in no sandbox has the name: the application must not be able to call it. */
TEST_F (Session, AForeignOwnerIsNotOpened)
{
  const Argv as = { "--profile=bussed", "--app-id=org.example.Taken" };
  Argv ping = bus_call ("org.example.Taken", "org.freedesktop.DBus.Peer.Ping");
  Argv ping_below = bus_call ("org.example.Taken.Below", "org.freedesktop.DBus.Peer.Ping");

  own ("org.example.Taken");
  Outcome outcome = run_in (as, ping);
  EXPECT_NE (outcome.status, 0);
  EXPECT_NE (outcome.err.find ("ServiceUnknown"), std::string::npos) << outcome.err;
  own ("org.example.Taken.Below");
  EXPECT_NE (run_in (as, ping_below).status, 0);
  /* The control: where the profile says so, it is called */
  add_profile ("talking", "[Profile]\nInherits=default\n[Session Bus Policy]\norg.example.Taken.*=talk\n");
  EXPECT_TRUE (succeeds (run_in ({ "--profile=talking", "--app-id=org.example.Taken" }, ping)));
  EXPECT_TRUE (succeeds (run_in ({ "--profile=talking", "--app-id=org.example.Taken" }, ping_below)));
  /* Nor is one that the service's own name would cover */
  EXPECT_NE (run_in ({ "--profile=bussed", "--app-id=org.example.Sandbox" },
                     bus_call ("org.example.Sandbox", "org.freedesktop.DBus.Peer.Ping"))
                 .status,
             0);
}

/* An earlier instance of the same application is no stranger. */
TEST_F (Session, TheFirstInstanceIsReached)
{
  const Argv as = { "--profile=bussed", "--app-id=org.example.Twice" };
  std::string id = launch_detached (as, { "/usr/bin/python3", "-c",
                                          "from gi.repository import Gio, GLib\n"
                                          "Gio.bus_own_name(Gio.BusType.SESSION, 'org.example.Twice', 0, None, None, "
                                          "None)\nGLib.MainLoop().run()\n" });

  ASSERT_TRUE (eventually ([&] { return has_owner ("org.example.Twice"); }));
  EXPECT_TRUE (succeeds (run_in (as, bus_call ("org.example.Twice", "org.freedesktop.DBus.Peer.Ping"))));
  /* To an application of another id its owner is one */
  EXPECT_NE (run_in ({ "--profile=bussed", "--app-id=org.example.Other" },
                     bus_call ("org.example.Twice", "org.freedesktop.DBus.Peer.Ping"))
                 .status,
             0);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

/* The bus would start it, outside. */
TEST_F (Session, AnUnwrappedServiceIsNotStarted)
{
  std::string outside = dir () + "/started-outside";
  Argv start =
      bus_call ("org.freedesktop.DBus", "org.freedesktop.DBus.StartServiceByName", { "org.example.Activated", "0" });
  const Argv as = { "--profile=bussed", "--app-id=org.example.Activated" };

  add_service (own_services (), "org.example.Activated", "/usr/bin/touch " + outside);
  EXPECT_NE (run_in (as, start).status, 0);
  EXPECT_NE (run_in (as, bus_call ("org.example.Activated", "org.freedesktop.DBus.Peer.Ping")).status, 0);
  EXPECT_FALSE (fs::exists (outside));
  std::string id = launch_detached (as, { "sleep", "1000" });
  EXPECT_NE (sandboxctl ({ "show", id }).out.find ("outside of any sandbox"), std::string::npos);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
  /* The control: it can be started */
  (void) run (Command (start));
  EXPECT_TRUE (eventually ([&] { return fs::exists (outside); }));
}

/* As `desktop install` writes it: what calls the name starts it in the sandbox. */
TEST_F (Session, AWrappedServiceStartsInItsSandbox)
{
  std::string service = "from gi.repository import Gio, GLib; "
                        "Gio.bus_own_name(Gio.BusType.SESSION, 'org.example.Wrapped', 0, None, None, None); "
                        "GLib.timeout_add_seconds(20, lambda: exit(0)); GLib.MainLoop().run()";
  const Argv as = { "--profile=bussed", "--app-id=org.example.Wrapped" };

  add_service (own_services (), "org.example.Wrapped",
               places ().sandboxctl + " run --profile=bussed --app-id=org.example.Wrapped -- /usr/bin/python3 -c \""
                   + service + "\"");
  EXPECT_TRUE (succeeds (run_in (as, bus_call ("org.example.Wrapped", "org.freedesktop.DBus.Peer.Ping"))));
  ASSERT_TRUE (has_owner ("org.example.Wrapped"));
  for (const Record &record : records ())
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", record.id })));
}

/* A sandbox in it is the same application, and owns no more than that. */
TEST_F (Session, ASandboxInsideHasTheSameNames)
{
  Outcome outcome =
      run_in ({ "--profile=nesting", "--app-id=org.example.Outer" },
              { "gdbus", "call", "--session", "--timeout=10", "-d", "org.example.Sandbox", "-o", "/org/example/Sandbox",
                "-m", "org.example.Sandbox.Explain", "bussed", "[b'true']", "{}" });

  ASSERT_TRUE (succeeds (outcome));
  EXPECT_NE (outcome.out.find ("'org.example.Outer.*': 'own'"), std::string::npos) << outcome.out;
}

/* What one run sets is there in the next. */
class Settings : public Session {
protected:
  std::string
  kept (const std::string &profile)
  {
    const Argv as = { "--profile=" + profile, "--app-id=org.example.Settings" };
    const Argv key = { "org.gnome.desktop.interface", "clock-format" };

    (void) run_in (as, { "gsettings", "set", key[0], key[1], "12h" });
    return run_in (as, { "gsettings", "get", key[0], key[1] }).out;
  }
};

TEST_F (Settings, AreKept)
{
  add_profile ("keeping", "[Profile]\nInherits=bussed\n[Context]\npersistent=.;\n");
  add_profile ("opening", "[Profile]\nInherits=keeping\n[Session Bus Policy]\nca.desrt.dconf=talk\n");
  if (!fs::exists ("/usr/share/glib-2.0/schemas/org.gnome.desktop.interface.gschema.xml"))
    FAIL () << "gsettings-desktop-schemas is not installed";
  EXPECT_EQ (kept ("keeping"), "'12h'\n");
  /* Who may talk to dconf has its settings, and who says something else has that */
  EXPECT_EQ (run_in ({ "--profile=opening" }, { "sh", "-c", "echo ${GSETTINGS_BACKEND-none}" }).out, "none\n");
  EXPECT_EQ (
      run_in ({ "--profile=keeping", "--env=GSETTINGS_BACKEND=memory" }, { "sh", "-c", "echo $GSETTINGS_BACKEND" }).out,
      "memory\n");
}

TEST_F (Session, AHintSaysThatItIsAWayOut)
{
  std::string id = launch_detached ({ "--profile=bussed" }, { "sleep", "1000" });
  auto shown = [&] (const std::string &name) {
    (void) sandboxctl ([&] {
      Argv all = { "exec", id, "--" }, call = bus_call (name, "org.freedesktop.DBus.Peer.Ping");

      all.insert (all.end (), call.begin (), call.end ());
      return all;
    }());
    EXPECT_TRUE (eventually ([&] { return sandboxctl ({ "show", id }).out.find (name) != std::string::npos; })) << name;
    return sandboxctl ({ "show", id }).out;
  };

  EXPECT_EQ (shown ("org.example.Plain").find ("way out"), std::string::npos);
  EXPECT_NE (shown ("ca.desrt.dconf").find ("way out of the sandbox"), std::string::npos);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

TEST_F (Session, InputMethodsTakeThePortal)
{
  const Argv words = { "sh", "-c", "echo ${IBUS_USE_PORTAL-none}" };

  add_profile ("typing", "[Profile]\nInherits=default\n[Context]\nsockets=x11;\nx11=nested\n"
                         "[Session Bus Policy]\norg.freedesktop.portal.*=talk\n");
  add_profile ("without", "[Profile]\nInherits=default\n[Context]\nsockets=x11;\nx11=nested\n"
                          "[Session Bus Policy]\norg.example.Allowed=talk\n");
  EXPECT_EQ (run_in ({ "--profile=bussed" }, words).out, "none\n");
  ::setenv ("GTK_IM_MODULE", "ibus", 1);
  EXPECT_EQ (run_in ({ "--profile=bussed" }, words).out, "none\n");
  EXPECT_EQ (run_in ({ "--profile=without" }, words).out, "none\n");
  EXPECT_EQ (run_in ({ "--profile=typing" }, words).out, "1\n");
  ::setenv ("GTK_IM_MODULE", "fcitx", 1);
  EXPECT_EQ (run_in ({ "--profile=typing" }, words).out, "none\n");
  ::unsetenv ("GTK_IM_MODULE");
}

/* Of the desktop's portals the one that opens things: says what it was asked for, a line each. */
static const char open_portal[] = R"python(
import os
from gi.repository import Gio, GLib
ARG = "<arg direction='in' type='%s'/>"
def method(name, *types):
    return "<method name='%s'>%s<arg direction='out' type='o'/></method>" % (name, "".join(ARG % t for t in types))
XML = ("<node><interface name='org.freedesktop.portal.OpenURI'>" + method("OpenURI", "s", "s", "a{sv}")
       + method("OpenFile", "s", "h", "a{sv}") + "<property name='version' type='u' access='read'/></interface>"
       + "<interface name='org.freedesktop.portal.Email'>" + method("ComposeEmail", "s", "a{sv}") + "</interface></node>")
def call(bus, sender, path, interface, name, parameters, invocation):
    p = parameters.unpack()
    if name == "OpenURI":
        print("URI", p[1], flush=True)
    if name == "ComposeEmail":
        print("MAIL", p[1].get("subject"), p[1].get("addresses"), flush=True)
    if name == "OpenFile":
        fd = invocation.get_message().get_unix_fd_list().get(p[1])
        print("FILE", os.path.basename(os.readlink("/proc/self/fd/%d" % fd)), flush=True)
    invocation.return_value(GLib.Variant("(o)", ("/org/freedesktop/portal/desktop/request/x/y",)))
bus = Gio.bus_get_sync(Gio.BusType.SESSION)
for interface in Gio.DBusNodeInfo.new_for_xml(XML).interfaces:
    bus.register_object("/org/freedesktop/portal/desktop", interface, call, lambda *a: GLib.Variant("u", 3), None)
Gio.bus_own_name_on_connection(bus, "org.freedesktop.portal.Desktop", Gio.BusNameOwnerFlags.DO_NOT_QUEUE, lambda *a: print("READY", flush=True), None)
GLib.MainLoop().run()
)python";

class Links : public Session {
protected:
  void
  SetUp () override
  {
    Session::SetUp ();
    add_profile ("linking", "[Profile]\nInherits=default\n[Session Bus Policy]\norg.freedesktop.portal.*=talk\n");
    connection ();
    portal_ = std::make_unique<Process> (Command ({ "/usr/bin/python3", "-c", open_portal }));
    ASSERT_TRUE (portal_->expect ("READY")) << portal_->err ();
  }
  void
  TearDown () override
  {
    portal_.reset ();
    Session::TearDown ();
  }
  void
  expect_outside (const Argv &words, const std::string &what)
  {
    Outcome outcome = run_in ({ "--profile=linking", "--app-id=org.example.Linking" }, words);

    EXPECT_TRUE (succeeds (outcome)) << words[0];
    EXPECT_TRUE (portal_->expect (what)) << words[0] << ": " << portal_->out ();
  }
  std::unique_ptr<Process> portal_;
};

TEST_F (Links, GoToThePortal)
{
  int n = 0;
  auto link = [&] { return "https://example.org/" + std::to_string (++n); };
  auto here = [&] { return "URI https://example.org/" + std::to_string (n) + "\n"; };

  for (const char *program :
       { "xdg-open", "/usr/bin/xdg-open", "x-www-browser", "sensible-browser", "gnome-open", "exo-open" }) {
    std::string uri = link ();
    expect_outside ({ program, uri }, here ());
  }
  std::string uri = link ();
  expect_outside ({ "sh", "-c", "gio open " + uri + "; sleep 2" }, here ());
  uri = link ();
  expect_outside ({ "sh", "-c", "\"$BROWSER\" " + uri }, here ());
  uri = link ();
  expect_outside ({ "/usr/bin/python3", "-c",
                    "from gi.repository import Gio; Gio.AppInfo.launch_default_for_uri('" + uri
                        + "', None); import time; time.sleep(2)" },
                  here ());
  expect_outside ({ "xdg-open", "mailto:a@example.org" }, "URI mailto:a@example.org\n");
}

TEST_F (Links, FilesFoldersAndMailsToo)
{
  expect_outside ({ "sh", "-c", "echo x >~/a.txt; xdg-open ~/a.txt" }, "FILE a.txt\n");
  expect_outside ({ "sh", "-c", "mkdir ~/folder; gio open ~/folder; sleep 2" }, "FILE folder\n");
  expect_outside ({ "xdg-email", "--subject", "Hello", "b@example.org" }, "MAIL Hello ['b@example.org']\n");
  EXPECT_EQ (run_in ({ "--profile=linking" }, { "xdg-open", "/nowhere" }).status, 2);
  EXPECT_EQ (run_in ({ "--profile=linking" }, { "xdg-open" }).status, 1);
}

/* What would start a browser inside is not there, and would be without the portal. */
TEST_F (Links, NothingStartsInside)
{
  const Argv words = { "sh", "-c",
                       "BROWSER=echo /usr/bin/xdg-open https://example.org/inside 2>/dev/null; "
                       "ls /usr/share/applications" };
  Outcome closed = run_in ({ "--profile=linking" }, words), open = run_in ({ "--profile=bussed" }, words);

  EXPECT_EQ (closed.out, "mimeapps.list\nmimeinfo.cache\nsandbox-open.desktop\n");
  EXPECT_NE (open.out.find ("https://example.org/inside\n"), std::string::npos) << "the control: " << open.out;
  EXPECT_EQ (open.out.find ("sandbox-open"), std::string::npos);
}

/* A portal that does not answer is heard of. */
TEST_F (Links, AFailureIsTold)
{
  portal_.reset ();
  Outcome outcome = run_in ({ "--profile=linking" }, { "xdg-open", "https://example.org/" });

  EXPECT_EQ (outcome.status, 4);
  EXPECT_NE (outcome.err.find ("xdg-open: https://example.org/"), std::string::npos) << outcome.err;
}

/* The real bus for screen readers, of at-spi2-core. */
static const char window[] = R"python(
import os, sys
from gi.repository import Gio, GLib
bus = Gio.DBusConnection.new_for_address_sync(os.environ["AT_SPI_BUS_ADDRESS"],
    Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
XML = ("<node><interface name='org.a11y.atspi.Accessible'><property name='Name' type='s' access='read'/>"
       "<property name='ChildCount' type='i' access='read'/></interface></node>")
def get(bus, sender, path, interface, name):
    return GLib.Variant("s", sys.argv[1]) if name == "Name" else GLib.Variant("i", 0)
ROOT = "/org/a11y/atspi/accessible/root"
bus.register_object(ROOT, Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0], None, get, None)
bus.call_sync("org.a11y.atspi.Registry", ROOT, "org.a11y.atspi.Socket", "Embed",
              GLib.Variant("((so))", ((bus.get_unique_name(), ROOT),)), None, 0, 10000, None)
print("EMBEDDED", flush=True)
GLib.MainLoop().run()
)python";
/* A screen reader: the names of all windows that it can read. */
static const char reader[] = R"python(
import os, sys
from gi.repository import Gio, GLib
session = Gio.bus_get_sync(Gio.BusType.SESSION)
address = os.environ.get("AT_SPI_BUS_ADDRESS") or session.call_sync("org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus",
    "GetAddress", None, None, 0, 10000, None).unpack()[0]
bus = Gio.DBusConnection.new_for_address_sync(address,
    Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
ROOT = "/org/a11y/atspi/accessible/root"
children = bus.call_sync("org.a11y.atspi.Registry", ROOT, "org.a11y.atspi.Accessible", "GetChildren", None, None, 0,
                         10000, None).unpack()[0]
for name, path in children:
    print("WINDOW", bus.call_sync(name, path, "org.freedesktop.DBus.Properties", "Get", GLib.Variant("(ss)",
          ("org.a11y.atspi.Accessible", "Name")), None, 0, 10000, None).unpack()[0], flush=True)
)python";

class Accessibility : public Session {
protected:
  void
  SetUp () override
  {
    Session::SetUp ();
    add_profile ("reading", "[Profile]\nInherits=default\n[Session Bus Policy]\norg.a11y.Bus=talk\n");
    add_service (own_services (), "org.a11y.Bus", "/usr/libexec/at-spi-bus-launcher");
  }
  /* They end with the user's session, of which there is none here */
  void
  TearDown () override
  {
    for (const auto &p : descendants (getpid ()))
      if (p.name == "at-spi-bus-laun" || p.name == "at-spi2-registr")
        ::kill (p.pid, SIGTERM);
    Session::TearDown ();
  }
};

TEST_F (Accessibility, AScreenReaderOutsideReadsAWindowInside)
{
  std::string id = launch_detached ({ "--profile=reading", "--app-id=org.example.Window" },
                                    { "/usr/bin/python3", "-c", window, "inside the sandbox" });
  Command read ({ "/usr/bin/python3", "-c", reader });

  EXPECT_TRUE (json ({ "show", "--json", id })["enforced"]["accessibility-bus"].boolean ());
  EXPECT_TRUE (eventually ([&] { return run (read).out.find ("WINDOW inside the sandbox\n") != std::string::npos; }))
      << run (read).out << run (read).err;
  /* And nobody inside reads one: neither one's own nor another's */
  Outcome outcome =
      run_in ({ "--profile=reading", "--app-id=org.example.Reader" }, { "/usr/bin/python3", "-c", reader });
  EXPECT_NE (outcome.status, 0);
  EXPECT_EQ (outcome.out.find ("WINDOW"), std::string::npos) << outcome.out;
  EXPECT_NE (outcome.err.find ("AccessDenied"), std::string::npos) << outcome.err;
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

/* What the session bus tells inside is an address that is there. */
TEST_F (Accessibility, TheAddressCanBeConnectedTo)
{
  Outcome outcome = run_in (
      { "--profile=reading" },
      { "sh", "-c",
        "a=$(gdbus call --session -d org.a11y.Bus -o /org/a11y/bus -m org.a11y.Bus.GetAddress | cut -d\"'\" -f2); "
        "gdbus call --address \"$a\" -d org.freedesktop.DBus -o / -m org.freedesktop.DBus.GetId" });

  EXPECT_TRUE (succeeds (outcome));
  EXPECT_EQ (run_in ({ "--profile=reading" }, { "sh", "-c", "echo ${NO_AT_BRIDGE-none}" }).out, "none\n");
  EXPECT_EQ (run_in ({ "--profile=bussed" }, { "sh", "-c", "echo $NO_AT_BRIDGE${AT_SPI_BUS_ADDRESS-none}" }).out,
             "1none\n");
}
