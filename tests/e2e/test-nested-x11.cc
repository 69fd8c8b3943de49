/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Displays of a sandbox's own: a nested server that belongs to the instance. */
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <set>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include "x11-stage.h"

using namespace e2e;

/* Displays of their own, on that of the user's or on none. */
class NestedX11 : public X11 {
protected:
  void
  SetUp () override
  {
    X11::SetUp ();
    add_profile ("nested", "[Profile]\nInherits=default\n[Context]\nsockets=x11;\nx11=nested\n");
    add_profile ("nested-networked", "[Profile]\nInherits=nested\n[Context]\nshared=network;\n");
  }
  static Argv
  recorder ()
  {
    return { "python3", "-c", read_file (places ().source + "/tests/e2e/x11-record.py") };
  }
  /* What reads all keys under @profile, once it does. */
  std::unique_ptr<Process>
  record_keys (const std::string &profile)
  {
    auto process = std::make_unique<Process> (command (run_words ({ "--profile=" + profile }, recorder ())));

    EXPECT_TRUE (process->expect ("ready")) << process->err ();
    process->forget ();
    return process;
  }
  pid_t
  server_of (const Record &record)
  {
    for (const auto &p : descendants (record.keeper))
      if (p.name == "Xephyr" || p.name == "Xvfb")
        return p.pid;
    return -1;
  }
};

TEST_F (NestedX11, KeysOfOthersAreNotSeen)
{
  auto spy = record_keys ("nested");
  Record spied = new_instance ();

  EXPECT_TRUE (succeeds (run_in ({ "--profile=nested" }, { "xdotool", "key", "a" }))); /* another sandbox's */
  EXPECT_TRUE (succeeds (sandboxctl ({ "exec", spied.id, "--", "xdotool", "key", "b" })));
  ASSERT_TRUE (spy->expect ("key ")); /* its own */
  EXPECT_EQ (std::count (spy->out ().begin (), spy->out ().end (), '\n'), 1) << spy->out ();
}

/* The test above can fail. */
TEST_F (NestedX11, KeysOfAllAreSeenWhereItIsShared)
{
  auto spy = record_keys ("shared");

  EXPECT_TRUE (succeeds (run_in ({ "--profile=shared" }, { "xdotool", "key", "a" })));
  ASSERT_TRUE (spy->expect ("key "));
  spy->forget ();
  EXPECT_TRUE (succeeds (run (Command ({ "xdotool", "key", "a" }))));
  EXPECT_TRUE (spy->expect ("key "));
}

TEST_F (NestedX11, TheUserSeesAWindowAndNotItsKeys)
{
  Process spy (Command ({ places ().source + "/tests/e2e/x11-record.py" }));
  std::string id = launch_detached ({ "--profile=nested", "--app-id=org.example.InAWindow" }, { "sleep", "1000" });

  ASSERT_TRUE (spy.expect ("ready")) << spy.err ();
  spy.forget ();
  EXPECT_TRUE (eventually ([&] {
    return run (Command ({ "xdotool", "search", "--name", "org.example.InAWindow" })).status == 0;
  }));
  EXPECT_TRUE (succeeds (sandboxctl ({ "exec", id, "--", "xdotool", "key", "a" })));
  EXPECT_TRUE (succeeds (run (Command ({ "xdotool", "key", "b" }))));
  ASSERT_TRUE (spy.expect ("key "));
  EXPECT_EQ (std::count (spy.out ().begin (), spy.out ().end (), '\n'), 1) << spy.out ();
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

TEST_F (NestedX11, HasACookieOfItsOwn)
{
  Outcome outcome = run_in ({ "--profile=nested" },
                            { "sh", "-c", "xauth -n -i list; xdpyinfo >/dev/null && XAUTHORITY=/dev/null xdpyinfo" });

  EXPECT_NE (outcome.status, 0);
  EXPECT_NE (outcome.err.find ("unable to open display"), std::string::npos) << outcome.err;
  EXPECT_EQ (std::count (outcome.out.begin (), outcome.out.end (), '\n'), 2) << outcome.out;
  EXPECT_EQ (outcome.out.find (COOKIE), std::string::npos);
  Outcome again = run_in ({ "--profile=nested" }, { "xauth", "-n", "-i", "list" });
  EXPECT_NE (again.out, outcome.out) << "another one each time";
}

/* The server is where nothing is but the system's programs and the display that it draws on. */
TEST_F (NestedX11, TheServerIsInASandbox)
{
  std::string id = launch_detached ({ "--profile=nested" }, { "sleep", "1000" });
  std::string server = std::to_string (server_of (record (id)));

  EXPECT_TRUE (json ({ "show", "--json", id })["enforced"]["nested-display"].boolean ());
  EXPECT_FALSE (std::filesystem::exists ("/proc/" + server + "/root/etc/passwd"));
  EXPECT_FALSE (std::filesystem::exists ("/proc/" + server + "/root" + home ()));
  EXPECT_NE (read_file ("/proc/" + server + "/status").find ("CapEff:\t0000000000000000"), std::string::npos);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

/* Where in the network of @pid somebody listens: those sockets have the flag __SO_ACCEPTCON (include/linux/net.h). */
static std::set<std::string>
listening_at (pid_t pid)
{
  std::istringstream lines (read_file ("/proc/" + std::to_string (pid) + "/net/unix"));
  std::set<std::string> names;

  for (std::string line; std::getline (lines, line);)
    if (size_t at = line.find_first_of ("@/"); at != std::string::npos && line.find (" 00010000 ") < at)
      names.insert (line.substr (at));
  return names;
}

TEST_F (NestedX11, ListensForItsApplicationOnly)
{
  std::string id = launch_detached ({ "--profile=nested-networked" }, { "sleep", "1000" });
  Record instance = record (id);
  std::string directory = instances () + "/" + id + "/x11", name, server = std::to_string (server_of (instance));
  struct stat st;

  for (const auto &entry : std::filesystem::directory_iterator (directory))
    if (entry.is_socket ())
      name = entry.path ().filename ();
  EXPECT_TRUE (has_own_socket (name)) << name;
  name = "/tmp/.X11-unix/" + name;
  EXPECT_EQ (listening_at (server_of (instance)), (std::set<std::string>{ name, "@" + name }));
  for (const char *table : { "tcp", "tcp6", "udp", "udp6" }) {
    std::string rows = read_file ("/proc/" + server + "/net/" + table);

    EXPECT_EQ (std::count (rows.begin (), rows.end (), '\n'), 1) << table << "\n" << rows;
  }
  /* The abstract one is not in the network that the application shares with everybody */
  EXPECT_EQ (listening_at (instance.pid).count ("@" + name), 0u);
  EXPECT_EQ (listening_at (getpid ()).count ("@" + name), 0u);
  ASSERT_EQ (stat ((instances () + "/" + id).c_str (), &st), 0);
  EXPECT_EQ (st.st_mode & 07777, 0700u);
  ASSERT_EQ (stat (("/proc/" + server + "/root/run/cookies").c_str (), &st), 0);
  EXPECT_EQ (st.st_mode & 07777, 0600u);
  EXPECT_TRUE (succeeds (sandboxctl ({ "exec", id, "--", "xdpyinfo" })));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

TEST_F (NestedX11, EndsWithItsInstance)
{
  for (const char *how : { "stop", "keeper", "bwrap", "application" }) {
    std::string id = launch_detached ({ "--profile=nested" }, { "sleep", "1000" });
    Record instance = record (id);
    pid_t server = server_of (instance);

    ASSERT_GT (server, 0);
    kill_services (); /* which ends neither */
    EXPECT_TRUE (process_exists (server));
    if (std::string (how) == "stop")
      EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
    else
      ::kill (std::string (how) == "keeper"  ? instance.keeper
              : std::string (how) == "bwrap" ? bwrap_of (instance)
                                             : instance.pid,
              SIGKILL);
    EXPECT_TRUE (eventually ([&] { return !process_exists (server); })) << how;
    /* The record of a killed keeper stays for a while, as it was */
    EXPECT_TRUE (std::string (how) == "keeper"
                 || eventually ([&] { return !std::filesystem::exists (instances () + "/" + id + "/x11"); }))
        << how;
  }
}

TEST_F (NestedX11, TheInstanceOutlivesItsServer)
{
  std::string id = launch_detached ({ "--profile=nested" }, { "sleep", "1000" });

  ::kill (server_of (record (id)), SIGKILL);
  EXPECT_TRUE (eventually ([&] { return !json ({ "show", "--json", id })["enforced"]["nested-display"].boolean (); }));
  EXPECT_EQ (record (id).state, "running");
  EXPECT_NE (sandboxctl ({ "exec", id, "--", "xdpyinfo" }).status, 0);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

TEST_F (NestedX11, TheInstanceOutlivesTheServersSandbox)
{
  std::string id = launch_detached ({ "--profile=nested" }, { "sleep", "1000" });
  Record instance = record (id);
  pid_t server = server_of (instance), first = process_info (server)->parent;

  ::kill (process_info (first)->parent, SIGKILL); /* bwrap outside */
  EXPECT_TRUE (eventually ([&] { return !process_exists (server) && !process_exists (first); }));
  EXPECT_TRUE (eventually ([&] { return !json ({ "show", "--json", id })["enforced"]["nested-display"].boolean (); }));
  EXPECT_EQ (record (id).state, "running");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

/* What it leaves in its directory, whatever that is, does not outlive the instance. */
TEST_F (NestedX11, ItsDirectoryIsRemoved)
{
  std::string id = launch_detached ({ "--profile=nested" }, { "sleep", "1000" });
  std::string directory = instances () + "/" + id + "/x11";

  write_file (directory + "/left", "x");
  std::filesystem::create_directory (directory + "/behind");
  std::filesystem::create_symlink (home (), directory + "/link");
  write_file (home () + "/kept", "x");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
  EXPECT_TRUE (eventually ([&] { return !std::filesystem::exists (directory); }));
  EXPECT_EQ (read_file (home () + "/kept"), "x");
}

/* What it makes the server keep has a limit too. */
TEST_F (NestedX11, PixmapsHaveALimit)
{
  static const char script[] = "import ctypes\n"
                               "x = ctypes.CDLL('libX11.so.6')\n"
                               "x.XOpenDisplay.restype = ctypes.c_void_p\n"
                               "d = ctypes.c_void_p(x.XOpenDisplay(None))\n"
                               "x.XDefaultRootWindow.restype = ctypes.c_ulong\n"
                               "root = ctypes.c_ulong(x.XDefaultRootWindow(d))\n"
                               "for i in range(16): x.XCreatePixmap(d, root, 4096, 4096, 24)\n" /* 64 MiB each */
                               "x.XSync(d, 0)\n";

  add_profile ("limited", "[Profile]\nInherits=nested\n[Limits]\nmemory=300M\n");
  EXPECT_TRUE (succeeds (run_in ({ "--profile=nested" }, { "python3", "-c", script })));
  Outcome outcome = run_in ({ "--profile=limited" }, { "python3", "-c", script });
  EXPECT_NE (outcome.status, 0);
  EXPECT_NE (outcome.err.find ("BadAlloc"), std::string::npos) << outcome.err;
}

/* The user's display hangs, and so does what would show there: whoever waits for it can give up. */
TEST_F (NestedX11, WaitingForADisplayCanBeGivenUp)
{
  auto find = [] (const std::string &name) {
    for (const auto &p : descendants (getpid ()))
      if (p.name == name)
        return p.pid;
    return pid_t (-1);
  };
  pid_t display = find ("Xvfb");

  ASSERT_GT (display, 0);
  ::kill (display, SIGSTOP);
  Process process (command (run_words ({ "--profile=nested" }, { "true" })));
  EXPECT_TRUE (eventually ([&] { return find ("Xephyr") > 0; }));
  EXPECT_TRUE (process.running ());
  process.kill (SIGKILL);
  process.wait ();
  EXPECT_TRUE (eventually ([&] { return find ("Xephyr") < 0; }));
  ::kill (display, SIGCONT);
}

/* Without a display, on which it could show: it draws, and nobody sees it. */
TEST_F (NestedX11, WithoutADisplay)
{
  Command words = command (run_words ({ "--profile=nested" }, { "xdpyinfo" }));

  words.env["DISPLAY"] = std::nullopt;
  Outcome outcome = run (words);
  ASSERT_TRUE (succeeds (outcome));
  EXPECT_NE (outcome.out.find ("1280x800"), std::string::npos);
}

TEST_F (NestedX11, WrongCookieForTheUsersDisplay)
{
  Command words = command (run_words ({ "--profile=nested" }, { "true" }));

  words.env["XAUTHORITY"] = dir () + "/wrong";
  EXPECT_TRUE (fails_with (run (words), 125, { "X server has ended", "cannot open host display" }));
}

TEST_F (NestedX11, WhatItCannotDoWithoutAServer)
{
  set_env ("SANDBOX_XEPHYR", "/nowhere/Xephyr");
  std::string id = launch_detached ({ "--profile=nested" }, { "sh", "-c", "echo ${DISPLAY-none} >&2; sleep 1000" });

  EXPECT_NE (sandboxctl ({ "show", id }).out.find ("apt install xserver-xephyr"), std::string::npos);
  EXPECT_NE (sandboxctl ({ "exec", id, "--", "xdpyinfo" }).status, 0);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

TEST_F (NestedX11, IsHardlyAnExposure)
{
  double nested = json ({ "profile", "score", "--json", "nested" })[0]["score"].number (),
         shared = json ({ "profile", "score", "--json", "shared" })[0]["score"].number ();

  EXPECT_LT (nested, 2);
  EXPECT_GT (shared, 4);
  EXPECT_NE (sandboxctl ({ "explain", "nested", "--", "true" }).out.find ("display of its own"), std::string::npos);
}
