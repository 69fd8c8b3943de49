/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pidns=session: what applications of one session share and what not, beside their pid namespace. */
#include <unistd.h>

#include "json.h"
#include "pid-stage.h"

using namespace e2e;

namespace {

constexpr const char *marks[] = { "shm", "sem", "msg", "mqueue", "dev-shm", "tmp", "abstract" };

}

class PidShared : public PidStage {
protected:
  static Argv
  script (const Argv &words)
  {
    Argv argv = { "python3", "-c", read_file (places ().source + "/tests/e2e/shared-marks.py") };

    argv.insert (argv.end (), words.begin (), words.end ());
    return argv;
  }
  Command
  started (const Argv &with, const Argv &words)
  {
    Command started = command (run_words (with, script (words)));

    started.keep_input = true;
    return started;
  }
  static Json
  parse (const Outcome &outcome)
  {
    EXPECT_TRUE (succeeds (outcome));
    return Json::parse (outcome.out);
  }
  Argv
  exec_words (const std::string &id, const Argv &words)
  {
    Argv argv = { "exec", id, "--" }, more = script (words);

    argv.insert (argv.end (), more.begin (), more.end ());
    return argv;
  }
};

/* System V and POSIX IPC, abstract sockets, /tmp and /dev/shm are each sandbox's own, with a network of its own and
 * with the host's. The control: from inside the same sandbox each mark is found. POSIX queues are on a file system that
 * no path leads to, so that Landlock's rights for files close them; without those, for sandboxes inside, they are
 * there. */
TEST_F (PidShared, IpcSocketsAndTemporaryFilesAreNot)
{
  add_profile ("online", "[Profile]\nInherits=shared\n[Context]\nshared=network;\n");
  add_profile ("nesting", "[Profile]\nInherits=shared\n[Context]\nfeatures=userns;\n");
  for (const std::string profile : { "shared", "online", "nesting" }) {
    Argv with = { "--profile=" + profile };
    std::set<std::string> known;
    for (const Record &r : records ())
      known.insert (r.id);
    Process maker (started (with, { "make" }));

    ASSERT_TRUE (maker.expect ("}\n")) << maker.out () << maker.err ();
    Json made = Json::parse (maker.out ());
    Json neighbour = parse (run_in (with, script ({ "look" })));
    Json itself = parse (sandboxctl (exec_words (new_instance (known).id, { "look" })));
    for (const std::string mark : marks) {
      bool there = mark != "mqueue" || profile == "nesting";

      EXPECT_EQ (made[mark].text () == "OK", there) << profile << ": " << mark << ": " << made[mark].text ();
      EXPECT_EQ (itself[mark].text () == "OK", there) << profile << ": " << mark << ", the control";
      EXPECT_NE (neighbour[mark].text (), "OK") << profile << ": " << mark;
    }
    maker.close_input ();
    EXPECT_EQ (maker.wait ().status, 0);
  }
}

/* The kernel's keyrings have no namespaces of that kind: nobody has them. */
TEST_F (PidShared, KeyringsAreNobodys)
{
  EXPECT_EQ (run_in (options (), script ({ "keys" })).out, "EPERM\n");
  EXPECT_EQ (run (Command (script ({ "keys" }))).out, "OK\n") << "the control: outside";
}

/* Who watches the system's files hears that somebody opens them, whoever it is, as with pidns=private: they are the
 * same files. Of what is each one's own nothing is heard. */
TEST_F (PidShared, AWatchOnTheSystemsFilesIsHeardByAll)
{
  std::string neighbour = launch ();

  for (const auto &[path, heard] : std::map<std::string, bool>{ { "/usr/bin/false", true }, { "/tmp", false } }) {
    Process watcher (started (options (), { "watch", path }));

    ASSERT_TRUE (watcher.expect ("watching\n")) << watcher.err ();
    for (const char *opened : { "/usr/bin/false", "/tmp" })
      EXPECT_TRUE (succeeds (sandboxctl ({ "exec", neighbour, "--", "sh", "-c", "exec 3<\"$0\"; exec true", opened })));
    if (heard) {
      EXPECT_TRUE (watcher.expect ("seen\n")) << path;
    }
    watcher.close_input ();
    EXPECT_NE (watcher.wait ().out.find (heard ? "seen" : "quiet"), std::string::npos) << path;
  }
  stop (neighbour);
}

/* What the machine is and does, both see, as with pidns=private; subset=pid has no such files. */
TEST_F (PidShared, TheMachinesMarksAreForAll)
{
  const Argv read = { "sh", "-c", "cat /proc/sys/kernel/random/boot_id; cut -d' ' -f4 /proc/loadavg" };
  std::string neighbour = launch ();
  Outcome here = run_in (options (), read), there = sandboxctl ({ "exec", neighbour, "--", "sh", "-c", read[2] });

  EXPECT_EQ (here.out.substr (0, 37), there.out.substr (0, 37));
  EXPECT_EQ (here.out.substr (0, 36), read_file ("/proc/sys/kernel/random/boot_id").substr (0, 36));
  EXPECT_NE (here.out.find ('/', 37), std::string::npos) << "running and all threads of the machine";
  add_profile ("narrow", "[Profile]\nInherits=shared\n[Procfs]\nsubset=pid\n");
  EXPECT_NE (run_in ({ "--profile=narrow" }, read).status, 0);
  stop (neighbour);
}

/* Numbers are given out in order, to all of them: the gap between two of one's own is what the others have started,
 * each of which is at least one. In a pid namespace of its own it is 1, whatever they do. */
TEST_F (PidShared, NumbersTellHowManyWereStarted)
{
  std::string neighbour = launch ();
  const Argv starts_twenty = {
    "exec", neighbour, "--", "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do (:); (:); done"
  };

  for (const Argv &with : { options (), Argv () }) {
    Process counter (started (with, { "count" }));

    ASSERT_TRUE (counter.expect ("begun\n")) << counter.err ();
    EXPECT_TRUE (succeeds (sandboxctl (starts_twenty)));
    counter.write ("\n");
    ASSERT_TRUE (counter.expect ("gap ") && counter.expect ("\n")) << counter.err ();
    counter.close_input ();
    std::string out = counter.wait ().out;
    long gap = atol (out.c_str () + out.find ("gap ") + 4);
    if (with.empty ()) {
      EXPECT_EQ (gap, 1) << "pidns=private";
    } else {
      EXPECT_GE (gap, 21) << "pidns=session";
    }
  }
  stop (neighbour);
}

/* What one procfs has is not another one's: all that can be said of one, in sandboxes that run at the same time. What
 * says that processes are hidden and has no procfs of its own to hide them in is refused, in both pid namespaces; and
 * what would show the neighbours. */
TEST_F (PidShared, EachProcHasItsOwnOptions)
{
  std::map<std::string, std::string> expected; /* by instance: what its /proc/self/mounts says */

  for (const std::string instance : { "private", "none" })
    for (const std::string hidepid : { "ptraceable", "invisible", "off" })
      for (const std::string subset : { "all", "pid" })
        for (const std::string pidns : { "private", "session" }) {
          std::string text = "[Procfs]\ninstance=";
          text.append (instance).append ("\nhidepid=").append (hidepid);
          text.append ("\nsubset=").append (subset).append ("\npidns=").append (pidns).append ("\n");
          bool possible = instance == "private" ? pidns == "private" || hidepid == "ptraceable"
                                                : hidepid == "off" && subset == "all" && pidns == "private";

          add_profile ("combined", "[Profile]\nInherits=default\n" + text);
          if (!possible) {
            EXPECT_TRUE (fails_with (run_in ({ "--profile=combined" }, { "true" }), 125, { "instance=" })) << text;
            continue;
          }
          std::string id = launch_detached ({ "--profile=combined" }, { "sleep", "1000" });
          expected[id] = (hidepid == "off" || instance == "none" ? "" : ",hidepid=" + hidepid)
                         + (subset == "pid" && instance == "private" ? ",subset=pid" : "");
        }
  EXPECT_EQ (expected.size (), 9u);
  for (int round = 0; round < 2; round++)
    for (const auto &[id, wanted] : expected) {
      std::string line = sandboxctl ({ "exec", id, "--", "grep", "-m1", "^proc /proc proc ", "/proc/self/mounts" }).out;

      for (const char *option : { ",hidepid=ptraceable", ",hidepid=invisible", ",subset=pid" })
        EXPECT_EQ (line.find (option) != std::string::npos, wanted.find (option) != std::string::npos)
            << option << ": " << line;
    }
  for (const auto &[id, wanted] : expected)
    stop (id);
}
