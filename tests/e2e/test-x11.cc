/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* X11: the user's display where the policy says so, by socket and cookie; and displays of a sandbox's own. */
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <regex>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include "display.h"

using namespace e2e;

static bool
is_own_number (const std::string &display)
{
  return std::regex_match (display, std::regex (":1\\d{9}\n"));
}

static bool
has_own_socket (const std::string &names)
{
  return std::regex_search (names, std::regex ("(^|\\n)X1\\d{9}"));
}

class X11 : public OnDisplay {
protected:
  void
  SetUp () override
  {
    OnDisplay::SetUp ();
    if (HasFatalFailure ())
      return;
    add_cookie ("client", ":61", "ffffffffffffffffffffffffffffffff");
    add_cookie ("wrong", display (), "ffffffffffffffffffffffffffffffff");
    add_profile ("shared", "[Profile]\nInherits=default\n[Context]\nsockets=x11;\n");
    add_profile ("networked", "[Profile]\nInherits=default\n[Context]\nsockets=x11;\nshared=network;\n");
    add_profile ("without", "[Profile]\nInherits=default\n[Context]\nshared=network;\n");
  }
};

TEST_F (X11, IsSharedWhereThePolicySaysSo)
{
  for (const char *profile : { "shared", "networked" }) {
    Outcome outcome = run_in ({ "--profile=" + std::string (profile) }, { "xdpyinfo" });

    ASSERT_TRUE (succeeds (outcome)) << profile;
    EXPECT_NE (outcome.out.find ("dimensions:    640x480"), std::string::npos) << outcome.out;
  }
}

TEST_F (X11, TheOneCookieIsThere)
{
  Outcome outcome = run_in ({ "--profile=shared" }, { "sh", "-c", "xauth -n -i list; ls /tmp/.X11-unix" });

  ASSERT_TRUE (succeeds (outcome));
  std::istringstream lines (outcome.out);
  std::vector<std::string> said;
  for (std::string line; std::getline (lines, line);)
    said.push_back (line);
  ASSERT_EQ (said.size (), 3u) << outcome.out; /* for the host and for any; a socket */
  EXPECT_NE (said[0].find (COOKIE), std::string::npos) << outcome.out;
  EXPECT_NE (said[1].find (COOKIE), std::string::npos) << outcome.out;
  /* Nobody who asks for the plan is told */
  Outcome plan = sandboxctl ({ "explain", "--json", "shared", "--", "true" });
  ASSERT_TRUE (succeeds (plan));
  EXPECT_NE (plan.out.find ("Xauthority"), std::string::npos);
  EXPECT_EQ (plan.out.find (COOKIE), std::string::npos);
}

TEST_F (X11, TheCookieCounts)
{
  Command words = command (run_words ({ "--profile=shared" }, { "xdpyinfo" }));

  words.env["XAUTHORITY"] = dir () + "/wrong";
  Outcome outcome = run (words);
  EXPECT_NE (outcome.status, 0);
  EXPECT_NE (outcome.err.find ("unable to open display"), std::string::npos) << outcome.err;
  words.env["XAUTHORITY"] = dir () + "/nowhere";
  EXPECT_NE (run (words).status, 0);
}

/* Neither by the file nor by the abstract socket, of which there is one in the network that it shares. */
TEST_F (X11, IsNotThereOtherwise)
{
  std::string look =
      "echo ${DISPLAY-none}; ls /tmp/.X11-unix 2>/dev/null; DISPLAY=" + display () + " XAUTHORITY=/tmp/cookie xdpyinfo";
  Outcome outcome = run_in ({ "--profile=without", "--env=XAUTHORITY=/tmp/cookie" },
                            { "sh", "-c",
                              "xauth -q -f /tmp/cookie add " + display () + " . " + COOKIE
                                  + " 2>/dev/null; test -s /tmp/cookie && " + look });

  EXPECT_EQ (outcome.out, "none\n");
  EXPECT_NE (outcome.status, 0);
  EXPECT_NE (outcome.err.find ("unable to open display"), std::string::npos) << outcome.err;
}

/* Windows look as the user has chosen; what is beside that is not there, and nothing of it can be changed. */
TEST_F (X11, LooksAsTheUserWants)
{
  static const char *const shown[] = { "/.icons/default/index.theme", "/.fonts/font.ttf", "/.themes/Mine/gtk.css" };
  std::string config = dir () + "/config/gtk-3.0", script = "cat", changes;

  for (const char *file : shown) {
    std::filesystem::create_directories (std::filesystem::path (home () + file).parent_path ());
    write_file (home () + file, "seen\n");
    script += " ~" + std::string (file);
    changes += "echo x 2>/dev/null >~" + std::string (file) + "; ";
  }
  std::filesystem::create_directories (config);
  for (const char *file : { "settings.ini", "bookmarks" })
    write_file (config + "/" + file, "config\n");
  script += " " + config + "/settings.ini " + config + "/bookmarks 2>/dev/null; " + changes + "ls -A ~";

  Outcome outcome = run_in ({ "--profile=shared" }, { "sh", "-c", script });
  EXPECT_EQ (outcome.out.substr (0, 22), "seen\nseen\nseen\nconfig\n") << outcome.out << outcome.err;
  EXPECT_EQ (outcome.out.find ("config\nconfig"), std::string::npos) << outcome.out;
  for (const char *file : shown)
    EXPECT_EQ (read_file (home () + file), "seen\n");
  /* Not where there are no windows */
  outcome = run_in ({ "--profile=without" }, { "sh", "-c", script });
  EXPECT_EQ (outcome.out.find ("seen"), std::string::npos) << outcome.out;

  Command words = command (run_words ({ "--profile=shared" }, { "sh", "-c", "echo $XCURSOR_SIZE $GTK_IM_MODULE" }));
  words.env["XCURSOR_SIZE"] = "48";
  words.env["GTK_IM_MODULE"] = "ibus";
  EXPECT_EQ (run (words).out, "48 ibus\n");
}

TEST_F (X11, WithoutADisplay)
{
  Command words = command (run_words ({ "--profile=shared" }, { "sh", "-c", "echo ${DISPLAY-none}" }));

  words.env["DISPLAY"] = std::nullopt;
  EXPECT_EQ (run (words).out, "none\n");
  words.env["DISPLAY"] = ":4321";
  EXPECT_EQ (run (words).out, "none\n");
  Command detached = command ({ "run", "--profile=shared", "--detach", "--", "sleep", "1000" });
  detached.env["DISPLAY"] = ":4321";
  std::string id = run (detached).out.substr (0, 16);
  EXPECT_NE (sandboxctl ({ "show", id }).out.find ("X display :4321 has no socket"), std::string::npos);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

/* The one of this machine with the same number is not the one that was named. */
TEST_F (X11, ADisplayOfAnotherMachine)
{
  Command words = command (run_words ({ "--profile=shared" }, { "sh", "-c", "echo ${DISPLAY-none}" }));

  for (const char *host : { "elsewhere.example", "localhost", "tcp/elsewhere.example", "elsewhere.example:" }) {
    words.env["DISPLAY"] = host + display ();
    EXPECT_EQ (run (words).out, "none\n") << host;
  }
  for (const char *host : { "", "unix", "unix/" }) { /* which is how Xlib reads these */
    words.env["DISPLAY"] = host + display () + ".0";
    EXPECT_TRUE (is_own_number (run (words).out)) << host;
  }
}

/* Who shares /tmp has not asked for the displays that have their sockets there. */
TEST_F (X11, IsNotSharedWithTmp)
{
  std::string tmp = "[Profile]\nInherits=default\n[Context]\nfilesystems=/tmp;\n", file = dir () + "/seen";
  Argv look = { "sh", "-c", "cat " + file + "; ls -A /tmp/.X11-unix; echo x 2>/dev/null >/tmp/.X11-unix/x" };

  ASSERT_EQ (file.substr (0, 5), "/tmp/");
  write_file (file, "seen\n");
  add_profile ("tmp", tmp);
  EXPECT_EQ (run_in ({ "--profile=tmp" }, look).out, "seen\n");
  for (const char *kind : { "shared", "nested" }) {
    add_profile ("tmp", tmp + "sockets=x11;\nx11=" + kind + "\n");
    Outcome outcome = run_in ({ "--profile=tmp" }, look);
    EXPECT_TRUE (has_own_socket (outcome.out)) << outcome.out;
    EXPECT_EQ (outcome.out.find ("X" + display ().substr (1) + "\n") == std::string::npos,
               std::string (kind) == "shared" || display () != ":0"); /* a nested one has a place of that name */
    EXPECT_TRUE (succeeds (run_in ({ "--profile=tmp" }, { "xdpyinfo" })));
  }
  for (const auto &entry : std::filesystem::directory_iterator ("/tmp/.X11-unix"))
    EXPECT_FALSE (has_own_socket (entry.path ().filename ())) << "nothing is left outside";
  EXPECT_FALSE (std::filesystem::exists ("/tmp/.X11-unix/x"));
}

/* Nor can it be handed over as a file is. */
TEST_F (X11, IsNoFileToBeHandedOver)
{
  EXPECT_TRUE (
      fails_with (run_in ({ "--profile=without", "--file-forwarding" }, { "ls", "-A", "@@", "/tmp/.X11-unix", "@@" }),
                  125, { "does not take /tmp/.X11-unix" }));
}

/* With a shared network, who listens at the abstract socket of a display is asked before the display is. */
TEST_F (X11, TheNumberCannotBeGuessed)
{
  Argv words = { "sh", "-c", "echo $DISPLAY; xauth -n -i list; stat -c %a $XAUTHORITY" };
  Outcome first = run_in ({ "--profile=networked" }, words), second = run_in ({ "--profile=networked" }, words);
  std::string number = first.out.substr (0, first.out.find ('\n'));

  EXPECT_TRUE (is_own_number (number + "\n")) << first.out;
  EXPECT_NE (second.out.substr (0, second.out.find ('\n')), number);
  EXPECT_NE (first.out.find (number + "  MIT-MAGIC-COOKIE-1  " + COOKIE), std::string::npos) << first.out;
  EXPECT_NE (first.out.find ("\n600\n"), std::string::npos) << first.out;
  /* What joins later finds it */
  std::string id = launch_detached ({ "--profile=networked" }, { "sleep", "1000" });
  Argv exec = { "exec", id, "--", "sh", "-c", "echo $DISPLAY; xdpyinfo >/dev/null" };
  EXPECT_TRUE (succeeds (sandboxctl (exec)));
  EXPECT_EQ (sandboxctl (exec).out, sandboxctl (exec).out);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

TEST_F (X11, SharingItIsWarnedOf)
{
  std::string told = sandboxctl ({ "explain", "shared", "--", "true" }).out;

  EXPECT_NE (told.find ("every key and every window"), std::string::npos) << told;
  Json score = json ({ "profile", "score", "--json", "shared" });
  EXPECT_GE (score[0]["score"].number (), 4) << "of ten";
}

/* A display beside a program that has a segment of System V shared memory, with the number that the first segment has
 * in a new IPC namespace, as every sandbox is in. */
class SharedMemoryX11 : public X11 {
protected:
  void
  SetUp () override
  {
    X11::SetUp ();
    if (HasFatalFailure ())
      return;
    Command words ({ "unshare", "--map-current-user", "--ipc", script (), "victim", "Xvfb", "-displayfd", "2", "-auth",
                     dir () + "/server", "-screen", "0", "640x480x24", "-noreset" });
    words.keep_input = true;
    victim_ = std::make_unique<Process> (words);
    ASSERT_TRUE (victim_->expect ("segment 0\n")) << victim_->out () << victim_->err ();
    ASSERT_TRUE (eventually ([&] {
      std::smatch number;
      bool found = victim_->running () && std::regex_search (victim_->err (), number, std::regex ("(^|\\n)(\\d+)\\n"));
      display_ = found ? ":" + number[2].str () : "";
      return found;
    })) << victim_->err ();
    add_cookie ("client", display_, COOKIE);
    add_profile ("lifted", "[Profile]\nInherits=shared\n[Seccomp]\nallow=shmget;\n");
    add_profile ("with-ipc", "[Profile]\nInherits=shared\n[Context]\nshared=ipc;\n");
  }
  void
  TearDown () override
  {
    if (victim_)
      end_victim ();
    X11::TearDown ();
  }
  std::string
  script () const
  {
    return places ().source + "/tests/e2e/x11-shm.py";
  }
  /* What the program in a sandbox of that profile says; with the victim's display, or else the other one. */
  std::string
  draw (const std::string &profile, bool beside_victim, const Argv &how = { "draw" })
  {
    Argv python = { "python3", "-c", read_file (script ()) };
    python.insert (python.end (), how.begin (), how.end ());
    Command words = command (run_words ({ "--profile=" + profile }, python));
    if (beside_victim)
      words.env["DISPLAY"] = display_;
    Outcome outcome = run (words);
    EXPECT_TRUE (succeeds (outcome));
    return outcome.out;
  }
  /* What has become of the other program's memory. */
  std::string
  end_victim ()
  {
    victim_->close_input ();
    Outcome outcome = victim_->wait ();
    victim_.reset ();
    return outcome.out.substr (outcome.out.find ('\n') + 1);
  }

private:
  std::unique_ptr<Process> victim_;
  std::string display_;
};

/* It draws all the same, and the memory of the other program stays what it was. */
TEST_F (SharedMemoryX11, OfAnotherProgramIsNotDrawnInto)
{
  EXPECT_EQ (draw ("shared", true), "no segment " + std::to_string (ENOSYS) + " 000000\n");
  EXPECT_EQ (end_victim (), "untouched\n");
}

/* The control: what would happen without the filter's row for it. */
TEST_F (SharedMemoryX11, WouldBeTakenForAnothers)
{
  EXPECT_EQ (draw ("lifted", true), "segment 0 5a5a5a\n");
  EXPECT_EQ (end_victim (), "overwritten\n");
}

/* With the IPC namespace of the server it is the right memory. */
TEST_F (SharedMemoryX11, WorksWithTheNamespaceOfTheServer)
{
  std::string drawn = draw ("with-ipc", false);

  EXPECT_TRUE (std::regex_match (drawn, std::regex ("segment \\d+ 000000\n"))) << drawn;
  EXPECT_EQ (end_victim (), "untouched\n");
}

/* No promise: a program can write any number into its socket, and the X server obeys. The pages say so. */
TEST_F (SharedMemoryX11, IsNotKeptFromWhoeverForgesNumbers)
{
  EXPECT_EQ (draw ("shared", true, { "forge", "0" }), "forged 5a5a5a\n");
  EXPECT_EQ (end_victim (), "overwritten\n");
}

/* A server of its own has no such extension, so that programs do without. The display beside it, as a control, has. */
TEST_F (SharedMemoryX11, IsNotOfferedByANestedServer)
{
  add_profile ("nested", "[Profile]\nInherits=default\n[Context]\nsockets=x11;\nx11=nested\n");
  EXPECT_EQ (draw ("nested", false), "no extension 000000\n");
  EXPECT_EQ (run (Command ({ script (), "draw" })).out.substr (0, 8), "segment ");
}

TEST_F (SharedMemoryX11, IsExplained)
{
  std::string told = sandboxctl ({ "explain", "shared", "--", "true" }).out,
              ipc = sandboxctl ({ "explain", "with-ipc", "--", "true" }).out;

  EXPECT_NE (told.find ("no System V shared memory can be made"), std::string::npos) << told;
  EXPECT_NE (told.find ("any System V memory segment"), std::string::npos) << told;
  EXPECT_EQ (ipc.find ("no System V shared memory can be made"), std::string::npos) << ipc;
  EXPECT_NE (ipc.find ("shares memory and message queues with everything"), std::string::npos) << ipc;
  EXPECT_NE (sandboxctl ({ "explain", "--json", "shared", "--", "true" }).out.find ("\"shmget\""), std::string::npos);
  EXPECT_EQ (sandboxctl ({ "explain", "--json", "with-ipc", "--", "true" }).out.find ("\"shmget\""), std::string::npos);
}

/* A machine whose /tmp has neither displays nor session managers when the application starts. */
class LaterX11 : public WithoutBus {};

TEST_F (LaterX11, IsNotSharedWithTmp)
{
  Argv words = {
    "unshare", "--map-current-user", "--keep-caps", "--mount", places ().source + "/tests/e2e/x11-later.sh", dir ()
  };
  std::set<std::string> kept;

  for (const std::string &path :
       { dir (), places ().source, places ().sandboxctl, places ().sandboxd, places ().keeper, places ().profiles })
    if (path.rfind ("/tmp/", 0) == 0)
      kept.insert (path.substr (0, path.find ('/', 5)));
  words.insert (words.end (), kept.begin (), kept.end ());
  for (const std::string &word :
       { std::string ("--"), places ().sandboxctl, std::string ("tmp"), std::string ("granted") })
    words.push_back (word);
  for (const char *access : { "rw", "ro" }) {
    std::string tmp = "[Profile]\nInherits=default\n[Context]\nfilesystems=/tmp:" + std::string (access) + ";" + dir ()
                      + "/tmp:rw;\n";

    add_profile ("tmp", tmp);
    add_profile ("granted", tmp + "sockets=x11;\n");
    Command command (words);
    command.env["DISPLAY"] = command.env["XAUTHORITY"] = std::nullopt;
    Outcome outcome = run (command);
    ASSERT_TRUE (succeeds (outcome)) << access;
    EXPECT_TRUE (std::regex_match (outcome.out, std::regex ("1777\n1777\noutside\n/tmp/.ICE-unix:\n\n/tmp/.X11-unix:\n"
                                                            "granted\n/tmp/.ICE-unix:\n\n/tmp/.X11-unix:\nX1\\d{9}\n")))
        << access << outcome.out << outcome.err;
    for (const char *name : { "/t", "/tmp/there", "/tmp/go", "/tmp/number", "/tmp/manager" })
      std::filesystem::remove (dir () + name);
  }
}

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
