/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What serves a running instance over sockets, and does not any more: buses, and the sockets of the desktop. */
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

#include "bus-stage.h"
#include "compositor.h"
#include "socket-stage.h"

/* New connections are under the new rules, and so is what was connected before: that connection is closed. */
TEST_F (LiveBuses, NamesGo)
{
  std::string id = start_connected ({});
  std::vector<pid_t> before = proxies (id);

  EXPECT_SOON (id, "cat /tmp/said", "first second\n");
  EXPECT_EQ (say (id, "cat /tmp/connections"), "1\n");
  EXPECT_TRUE (pings (id, "org.example.Second"));
  Outcome outcome = sandboxctl ({ "restrict", id, "--no-talk-name=org.example.Second" });
  EXPECT_TRUE (succeeds (outcome));
  EXPECT_NE (outcome.out.find ("was cut off from its message buses"), std::string::npos) << outcome.out;
  EXPECT_NE (outcome.out.find ("(python3)"), std::string::npos) << outcome.out;
  for (pid_t proxy : before)
    EXPECT_FALSE (process_exists (proxy)) << "it served by the old rules when Restrict had answered";
  EXPECT_FALSE (pings (id, "org.example.Second"));
  EXPECT_TRUE (pings (id, "org.example.First")); /* the control */
  EXPECT_SOON (id, "cat /tmp/said", "first\n");
  EXPECT_SOON (id, "cat /tmp/connections", "2\n");
  std::string shown = sandboxctl ({ "show", id }).out;
  shown = shown.substr (shown.find ("\nPolicy"));
  EXPECT_EQ (shown.find ("org.example.Second=talk"), std::string::npos) << shown;
  EXPECT_NE (shown.find ("org.example.First=talk"), std::string::npos) << shown;
  EXPECT_TRUE (json ({ "show", "--json", id })["enforced"]["filtered-bus"].boolean ());
  /* The next service knows it too, and takes away what is left */
  kill_services ();
  EXPECT_FALSE (pings (id, "org.example.Second"));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--no-talk-name=org.example.First" })));
  EXPECT_FALSE (pings (id, "org.example.First"));
  EXPECT_TRUE (proxies (id).empty ());
  EXPECT_SOON (id, "cat /tmp/said", "nothing\n");
  EXPECT_FALSE (json ({ "show", "--json", id })["enforced"]["filtered-bus"].boolean ());
  EXPECT_EQ (say (id, "ls /run/sandbox/bus"), "");
}

/* Less of the same name. */
TEST_F (LiveBuses, TalkBecomesSee)
{
  std::string id = start ({ "--talk-name=org.example.First", "--own-name=org.example.Mine" });
  std::string own = "gdbus call --session -d org.freedesktop.DBus -o / -m org.freedesktop.DBus.RequestName "
                    "org.example.Mine 0 >/dev/null 2>&1";

  EXPECT_TRUE (pings (id, "org.example.First"));
  EXPECT_TRUE (works (id, own));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--talk-name=org.example.Mine" })));
  EXPECT_FALSE (works (id, own));
  EXPECT_TRUE (pings (id, "org.example.First"));
}

/* Processes in mount namespaces of their own connect to the same sockets. */
TEST_F (LiveBuses, EveryNamespace)
{
  std::string id = launch_detached (
      { "--profile=devel", "--talk-name=org.example.First", "--talk-name=org.example.Second" },
      { "sh", "-c",
        "exec unshare -rm sh -c 'while :; do (" + ping ("org.example.Second")
            + " && echo yes || echo no) > /tmp/new; mv /tmp/new /tmp/second; (" + ping ("org.example.First")
            + " && echo yes || echo no) > /tmp/new; mv /tmp/new /tmp/first; done'" });

  EXPECT_SOON (id, "cat /tmp/second", "yes\n");
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--no-talk-name=org.example.Second" })));
  EXPECT_SOON (id, "cat /tmp/second", "no\n");
  EXPECT_SOON (id, "cat /tmp/first", "yes\n");
}

/* Those that were started from inside of it lose the same. */
TEST_F (LiveBuses, WithWhatIsBelow)
{
  std::string id = start_connected ({ "--talk-name=org.example.Sandbox" });

  EXPECT_SOON (id, "cat /tmp/said", "first second\n");
  std::string launch =
      "gdbus call --session -d org.example.Sandbox -o /org/example/Sandbox -m "
      "org.example.Sandbox.Launch default \"[b'sleep', b'1000']\" \"{'policy': <{'Session Bus Policy': "
      "<{'org.example.First': 'talk', 'org.example.Second': 'talk'}>}>}\"";
  Outcome launched = sandboxctl ({ "exec", id, "--", "sh", "-c", launch });
  ASSERT_TRUE (succeeds (launched));
  size_t at = launched.out.find ("instances/");
  ASSERT_NE (at, std::string::npos) << launched.out;
  std::string below = launched.out.substr (at + 10, 16);
  ASSERT_TRUE (wait_for_state (below, "running"));
  EXPECT_TRUE (pings (below, "org.example.Second"));
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--no-talk-name=org.example.Second" })));
  EXPECT_FALSE (pings (below, "org.example.Second"));
  EXPECT_TRUE (pings (below, "org.example.First"));
}

/* Without a proxy that can be started nothing is changed, and what is connected stays. */
TEST_F (LiveBuses, AnotherOneCannotBeStarted)
{
  std::string id = start_connected ({});

  EXPECT_SOON (id, "cat /tmp/said", "first second\n");
  kill_services ();
  tell_bus ("SANDBOX_DBUS_PROXY", "/usr/bin/false");
  Outcome outcome = sandboxctl ({ "restrict", id, "--no-talk-name=org.example.Second" });
  EXPECT_TRUE (fails_with (outcome, 125, { "proxy", "nothing was changed" }));
  EXPECT_TRUE (pings (id, "org.example.Second"));
  EXPECT_EQ (say (id, "cat /tmp/connections"), "1\n");
  EXPECT_NE (sandboxctl ({ "show", id }).out.find ("org.example.Second=talk"), std::string::npos);
}

/* However often, nothing is left of those before. */
TEST_F (LiveBuses, LeavesNothing)
{
  Argv options;
  std::string id;

  for (int i = 0; i < 8; i++)
    options.push_back ("--talk-name=org.example.Name" + std::to_string (i));
  id = start_connected (options);
  EXPECT_SOON (id, "cat /tmp/said", "first second\n");
  pid_t keeper = record (id).keeper;
  auto count = [keeper] { /* room for descriptors: it only grows */
                          std::string status = read_file ("/proc/" + std::to_string (keeper) + "/status");

                          return status.substr (status.find ("FDSize:"), 16);
  };
  EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--no-talk-name=org.example.Name0" })));
  size_t processes = descendants (keeper).size ();
  std::string descriptors = count ();
  for (int i = 1; i < 8; i++)
    EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", id, "--no-talk-name=org.example.Name" + std::to_string (i) })));
  EXPECT_TRUE (eventually ([&] { return descendants (keeper).size () <= processes; }))
      << describe (descendants (keeper));
  EXPECT_EQ (count (), descriptors);
  EXPECT_EQ (proxies (id).size (), 1u);
  EXPECT_SOON (id, "cat /tmp/said", "first second\n");
}

/* --socket=WORD is a file; what the option needs of the environment. */
struct SocketRow {
  const char *word, *path, *variable, *value;
  bool accepts;
};

class LiveSockets : public Live, public ::testing::WithParamInterface<SocketRow> {};

/* It is gone for whoever connects from then on; who is connected is told of. */
TEST_P (LiveSockets, GoAndAreTold)
{
  const SocketRow &row = GetParam ();
  std::string path = row.path[0] == '/' ? row.path : runtime () + "/" + row.path;
  std::unique_ptr<Compositor> compositor; /* then the socket is one of the instance's own */
  std::unique_ptr<Server> server;
  static const char script[] =
      "import os, socket, sys, time\n"
      "def find(path):\n"
      "  if os.path.exists(path): return path\n"
      "  for name in os.listdir(os.path.dirname(path)): return os.path.dirname(path) + '/' + name\n"
      "s = socket.socket(socket.AF_UNIX); s.connect(find(sys.argv[1]))\n"
      "open('/tmp/ready', 'w').write('connected')\n"
      "time.sleep(1000)\n";
  static const char connect[] = "python3 -c \"import os,socket,sys\n"
                                "d = os.path.dirname(sys.argv[1])\n"
                                "p = sys.argv[1] if os.path.exists(sys.argv[1]) else d + '/' + os.listdir(d)[0]\n"
                                "socket.socket(socket.AF_UNIX).connect(p)\" ";

  if (row.word == std::string ("wayland"))
    compositor = std::make_unique<Compositor> (path, Compositor::Kind::CONTEXTS);
  else
    server = std::make_unique<Server> (path, row.accepts);
  if (row.variable)
    set_env (row.variable, row.value);
  std::string id = launch_detached ({ "--profile=default", std::string ("--socket=") + row.word },
                                    { "python3", "-c", script, path });
  EXPECT_SOON (id, "cat /tmp/ready", "connected");
  EXPECT_TRUE (works (id, connect + path + " 2>/dev/null")); /* the control */
  Json held = json ({ "restrict", id, "--json", std::string ("--nosocket=") + row.word });
  EXPECT_FALSE (works (id, connect + path + " 2>/dev/null"));
  std::string told;
  for (size_t i = 0; i < held.size (); i++)
    told += held[i]["what"].text () + " ";
  EXPECT_EQ (told, "connection ");
  EXPECT_EQ (sandboxctl ({ "show", id }).out.find (std::string ("sockets=") + row.word), std::string::npos);
}
INSTANTIATE_TEST_SUITE_P (, LiveSockets,
                          ::testing::Values (SocketRow{ "wayland", "wayland-7", "WAYLAND_DISPLAY", "wayland-7", true },
                                             SocketRow{ "x11", "/tmp/.X11-unix/X97", "DISPLAY", ":97", true },
                                             SocketRow{ "pulseaudio", "pulse/native", nullptr, nullptr, true },
                                             SocketRow{ "pipewire", "pipewire-0", nullptr, nullptr, false }),
                          [] (const ::testing::TestParamInfo<SocketRow> &info) {
                            return std::string (info.param.word);
                          });

/* One who is not connected to it is not told of. */
TEST_F (LiveBuses, OthersAreNotTold)
{
  std::string id = launch_detached ({ "--profile=default", "--talk-name=org.example.First", "--socket=pipewire" },
                                    { "sleep", "1000" });
  EXPECT_TRUE (pings (id, "org.example.First"));
  EXPECT_EQ (sandboxctl ({ "restrict", id, "--json", "--no-talk-name=org.example.First" }).out, "[]\n");
}
