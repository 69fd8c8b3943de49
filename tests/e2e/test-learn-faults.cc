/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Learning what does its worst: names without number, names that are more than names, whoever is killed or stopped, no
 * room on the disk; and what cannot be learned, which is said. */
#include "learn-stage.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <unistd.h>

using namespace e2e;
namespace fs = std::filesystem;

class LearnFaults : public LearnStage {
protected:
  void
  SetUp () override
  {
    LearnStage::SetUp ();
    add_profile ("seen", "[Profile]\nInherits=default\n[Context]\nfilesystems=" + places ().probe + ":ro;\n");
    add_profile ("own", "[Profile]\nInherits=seen\n[Context]\nfeatures=devel;\n");
  }
  /* Waits for it: it is there before the first call that it is asked about, and we may come before that. */
  pid_t
  wait_for_learner (const Record &instance)
  {
    pid_t pid = 0;

    EXPECT_TRUE (eventually ([&] {
      pid = find_learner (instance);
      return pid > 0;
    }));
    return pid;
  }
  /* Of /proc/PID/status: KiB. */
  static long
  most_kib (pid_t pid)
  {
    std::string status = read_file ("/proc/" + std::to_string (pid) + "/status");

    return std::stol (status.substr (status.find ("VmHWM:") + 6));
  }
  /* In ticks of the clock: utime and stime, fields 14 and 15. */
  static long
  processor (pid_t pid)
  {
    std::string stat = read_file ("/proc/" + std::to_string (pid) + "/stat");
    long user = 0, system = 0;

    std::sscanf (stat.c_str () + stat.rfind (')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user,
                 &system);
    return user + system;
  }
  Outcome
  own_filter (const std::string &how)
  {
    return learn ({ "--profile=seen", "--app-id=org.example.Filters" }, { places ().probe, "own-filter", how });
  }
};

/* A million questions about far more names than there is room for: the memory of learner and keeper is bounded, the
 * keeper has nothing to do with them, and the rest is said. */
TEST_F (LearnFaults, AMillionCalls)
{
  Command storm = command ({ "learn", "--profile=seen", "--app-id=org.example.Storm", "--", "sh", "-c",
                             places ().probe + " names 1000000 10000; echo done; read x" });
  storm.keep_input = true;
  Process learner (storm);
  Record instance = new_instance ();
  const long most = getenv ("SBX_TEST_SANITIZED") ? 16384 : 4096; /* sanitizers take some for themselves */

  ASSERT_TRUE (learner.expect ("begun"));
  pid_t pid = wait_for_learner (instance);
  /* Another one is learned meanwhile, and another one runs */
  EXPECT_TRUE (succeeds (learn_script ({ "--profile=default", "--app-id=org.example.Other" }, "test -e ~/x; exit 0")));
  EXPECT_TRUE (succeeds (run_in ({}, { "true" })));
  ASSERT_TRUE (learner.expect ("done") || learner.expect ("done") || learner.expect ("done")) << learner.out ();
  HAS (learner.out (), "found 0 of 1000000");
  EXPECT_LT (most_kib (pid), most) << "names: 1 MiB, slots: 256 KiB, and the program";
  EXPECT_LT (most_kib (instance.keeper), most);
  EXPECT_LE (processor (instance.keeper), processor (pid) / 20 + 5) << "the control: the learner had the work";
  learner.close_input ();
  learner.wait ();
  HAS (learner.out (), "more than there is room for");
}

/* A learner that stands still holds up who asks it, and nobody else. */
TEST_F (LearnFaults, AStoppedLearner)
{
  Process learner (command ({ "learn", "--profile=default", "--app-id=org.example.Stopped", "--", "sh", "-c",
                              "while ! test -e ~/go; do sleep 0.01; done; echo went on" }));
  Record instance = new_instance ();
  pid_t pid = wait_for_learner (instance);

  ASSERT_EQ (kill (pid, SIGSTOP), 0);
  EXPECT_TRUE (succeeds (run_in ({}, { "true" })));
  Outcome other =
      learn ({ "--profile=default", "--app-id=org.example.Other", "--write" }, { "cat", home () + "/Documents/a.odt" });
  EXPECT_EQ (other.status, 1);
  HAS (profile ("org.example.Other"), "~/Documents/a.odt:ro");
  /* Its own keeper answers, too */
  EXPECT_TRUE (succeeds (sandboxctl ({ "why", instance.id })));
  EXPECT_EQ (learner.out ().find ("went on"), std::string::npos);
  ASSERT_EQ (kill (pid, SIGCONT), 0);
  EXPECT_TRUE (succeeds (sandboxctl ({ "exec", instance.id, "--", "sh", "-c", ": >~/go" })));
  EXPECT_TRUE (succeeds (learner.wait ()));
  HAS (learner.out (), "went on");
}

/* A learner that is killed holds nobody up, leaves nothing, and that something is missing is said. */
TEST_F (LearnFaults, TheLearnerIsKilled)
{
  Process learner (
      command ({ "learn", "--profile=default", "--app-id=org.example.Killed", "--", "sh", "-c",
                 "while ! test -e ~/go; do sleep 0.01; done; cat /etc/hostname >/dev/null; echo went on" }));
  Record instance = new_instance ();
  pid_t pid = 0;

  ASSERT_TRUE (eventually ([&] {
    pid = find_learner (instance);
    return pid > 0;
  }));
  ASSERT_EQ (kill (pid, SIGKILL), 0);
  EXPECT_TRUE (succeeds (sandboxctl ({ "exec", instance.id, "--", "sh", "-c", ": >~/go" })));
  EXPECT_TRUE (succeeds (learner.wait ()));
  HAS (learner.out (), "went on");
  HAS (learner.out (), "Who took it down was killed");
  expect_nothing_left ();
}

/* With the keeper the learner ends, and the sandbox. */
TEST_F (LearnFaults, TheKeeperIsKilled)
{
  Process learner (command ({ "learn", "--profile=default", "--app-id=org.example.Left", "--", "sleep", "600" }));
  Record instance = new_instance ();
  pid_t pid = wait_for_learner (instance);

  ASSERT_EQ (kill (instance.keeper, SIGKILL), 0);
  EXPECT_NE (learner.wait ().status, 0);
  EXPECT_TRUE (eventually ([&] { return !process_exists (pid); }));
  expect_nothing_left ();
}

/* Without room for a new profile there is none, and nothing half of one. */
TEST_F (LearnFaults, NoRoomForANewOne)
{
  const std::string profiles = user_profiles ();
  const std::string setup = "mount -t tmpfs -o size=4k,mode=0700 tmpfs " + profiles + "; dd if=/dev/zero of=" + profiles
                            + "/fill bs=4k 2>/dev/null || :";
  Argv words = { "unshare",
                 "--map-current-user",
                 "--keep-caps",
                 "--mount",
                 "sh",
                 "-c",
                 "set -e; " + setup + "; setpriv --ambient-caps=-all --inh-caps=-all -- \"$@\" || status=$?; ls -A "
                     + profiles + " >~/listed; exit ${status:-0}",
                 "sh" };

  fs::create_directories (profiles);
  for (const std::string &word : ctl ({ "learn", "--profile=default", "--app-id=org.example.None", "--write", "--",
                                        "sh", "-c", "cat \"$1\"; exit 0", "sh", home () + "/Documents/b.odt" }))
    words.push_back (word);
  Outcome outcome = e2e::run (Command (words));
  EXPECT_TRUE (fails_with (outcome, 125, { "No space left" })) << outcome.out;
  EXPECT_EQ (read_file (home () + "/listed"), "fill\n");
  /* The control: with room there is one */
  EXPECT_EQ (
      learn ({ "--profile=default", "--app-id=org.example.None", "--write" }, { "cat", home () + "/Documents/b.odt" })
          .status,
      1);
  HAS (profile ("org.example.None"), "~/Documents/b.odt:ro");
}

/* On a terminal, with everything accepted: no name is more than a name, neither there nor in the file. */
TEST_F (LearnFaults, HostileNamesOnATerminal)
{
  const std::string names[] = {
    "esc\033[31m", std::string ("csi\xc2\x9b") + "31m",  std::string ("turn\xe2\x80\xae") + "txt", "bell\a",
    "back\b\b\b",  "line\n[Context]\nfilesystems=host;", "return\r+ [Context] devices=all"
  };

  for (const std::string &name : names)
    write_file (home () + "/" + name, "x");
  Argv words = { "learn",
                 "--profile=default",
                 "--app-id=org.example.Odd",
                 "--",
                 "sh",
                 "-c",
                 "cat \"$@\" ~/Projects/one/file 2>/dev/null; exit 0",
                 "sh" };
  for (const std::string &name : names)
    words.push_back (home () + "/" + name);
  Command asking = command (words);
  asking.terminal = true;
  Process learner (asking);

  ASSERT_TRUE (learner.expect ("filesystems=~/Projects:ro? (y/N)")) << learner.out ();
  learner.write ("y\n");
  EXPECT_EQ (learner.wait ().status, 0);
  for (const char *harm : { "\033[31m", "\xc2\x9b", "\xe2\x80\xae", "\a", "\b", "devices=all" }) {
    LACKS (learner.out (), harm);
    LACKS (profile ("org.example.Odd"), harm);
  }
  HAS (learner.out (), "characters that no profile can have");
  HAS (profile ("org.example.Odd"), "filesystems=~/Projects:ro;");
  LACKS (profile ("org.example.Odd"), "host");
}

/* What a program's own filter refuses never comes to us, and who wants to be asked itself cannot be: both are said. */
TEST_F (LearnFaults, FiltersOfItsOwn)
{
  for (const char *how : { "prctl", "seccomp" }) {
    Outcome outcome = own_filter (how);

    EXPECT_TRUE (succeeds (outcome));
    HAS (outcome.out, "OK\n");
    HAS (outcome.out, "filters its own system calls");
    LACKS (outcome.out, "to be asked");
  }
  Outcome plain = own_filter ("none");
  LACKS (plain.out, "filters its own system calls");
  LACKS (plain.out, "to be asked");
}

TEST_F (LearnFaults, ThoseThatWantToBeAsked)
{
  Outcome outcome = own_filter ("listener");

  HAS (outcome.out, "EBUSY\n");
  HAS (outcome.out, "to be asked about system calls itself");
  LACKS (outcome.out, "filters its own system calls");
  /* Where it could be if it were not learned */
  Outcome could = run_in ({ "--profile=own" }, { places ().probe, "own-filter", "listener" });
  EXPECT_EQ (could.out, "OK\n") << could.err;
  Outcome learned =
      learn ({ "--profile=own", "--app-id=org.example.Asks" }, { places ().probe, "own-filter", "listener" });
  HAS (learned.out, "EBUSY\n");
  HAS (learned.out, "to be asked about system calls itself");
}
