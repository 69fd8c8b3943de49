/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* X11: the user's display where the policy says so, by socket and cookie. */
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include "x11-stage.h"

using namespace e2e;

static bool
is_own_number (const std::string &display)
{
  return std::regex_match (display, std::regex (":1\\d{9}\n"));
}

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

/* What programs have among themselves is there, with numbers that are nobody else's: the server refuses them. */
TEST_F (SharedMemoryX11, WithAKeyIsForProgramsAmongThemselves)
{
  EXPECT_EQ (draw ("shared", true, { "keyed" }), "keyed far two error\n");
  EXPECT_EQ (end_victim (), "untouched\n");
}

/* The control: with the numbers that the kernel gives by itself. */
TEST_F (SharedMemoryX11, WithAKeyWouldBeTakenForAnothers)
{
  EXPECT_EQ (draw ("lifted", true, { "keyed" }), "keyed near two 5a5a5a\n");
  EXPECT_EQ (end_victim (), "overwritten\n");
}

/* Where the keeper cannot be asked there are none. */
TEST_F (SharedMemoryX11, WithAKeyNeedsTheKeeper)
{
  add_profile ("developing", "[Profile]\nInherits=shared\n[Context]\nfeatures=devel;\n");
  EXPECT_EQ (draw ("developing", true, { "keyed" }), "no segment " + std::to_string (ENOSYS) + "\n");
  EXPECT_EQ (end_victim (), "untouched\n");
}

/* In an IPC namespace that an application has made inside, it is one of that. */
TEST_F (SharedMemoryX11, WithAKeyIsOfTheNamespaceOfWhoAsks)
{
  add_profile ("nesting", "[Profile]\nInherits=shared\n[Context]\nfeatures=userns;\n");
  Outcome outcome = run_in ({ "--profile=nesting" },
                            { "sh", "-c",
                              "inner=$(unshare --user --map-current-user --ipc python3 -c \"$0\" keyed) || exit; "
                              "echo \"$inner\"; ipcs -m | grep -c 0x5342580",
                              read_file (script ()) });
  EXPECT_EQ (outcome.out, "keyed far two error\n0\n") << outcome.err;
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
