/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an application leaves behind when it ends: it is told, has time to write down what it knows, and is ended; and
 * the person who has started it hears what would let it go on. */
#include <chrono>
#include <sys/stat.h>

#include "harness.h"

using namespace e2e;

static const char mark[] = "--allow=background";

class Ending : public EitherBus {
protected:
  void
  SetUp () override
  {
    EitherBus::SetUp ();
    ASSERT_EQ (mkdir ((home () + "/out").c_str (), 0700), 0);
    add_profile ("ending", "[Profile]\nInherits=default\n[Context]\nfilesystems=" + home () + "/out:rw;\n");
    add_profile ("lasting", "[Profile]\nInherits=ending\n[Context]\nfeatures=background;\n");
  }
  /* "sh -c SCRIPT", which may write in ~/out. */
  Outcome
  start (const std::string &script, const char *profile = "ending")
  {
    return run_in ({ std::string ("--profile=") + profile },
                   { "sh", "-c", "cd " + home () + "/out || exit 9; " + script });
  }
  std::string
  written (const std::string &name)
  {
    return read_file (home () + "/out/" + name);
  }
  static double
  seconds (const std::function<void ()> &what)
  {
    auto before = std::chrono::steady_clock::now ();

    what ();
    return std::chrono::duration<double> (std::chrono::steady_clock::now () - before).count ();
  }
  /* What takes as long as it can; on this machine, with all that it has to do now. */
  double
  seconds_of_stubborn ()
  {
    return seconds ([&] { start ("trap '' TERM; sleep 1000 & exit 3"); });
  }
};
EITHER_BUS (Ending);

/* Starts a second process that writes when it is told to end, and waits until it can hear that. */
static const char daemon_script[] = "sh -c 'trap \"sleep 0.3; echo flushed >log; exit\" TERM; echo >ready; while :; do "
                                    "sleep 0.05; done' & while ! test "
                                    "-e ready; do sleep 0.02; done; ";

TEST_P (Ending, WhatIsLeftMayWriteFirst)
{
  Outcome outcome = start (std::string (daemon_script) + "exit 7");

  EXPECT_EQ (outcome.status, 7) << "the application's own: " << outcome.err;
  EXPECT_EQ (written ("log"), "flushed\n");
  EXPECT_NE (outcome.err.find (mark), std::string::npos) << outcome.err;
  expect_nothing_left ();
}

/* As gvim: the program that is started forks and ends, and its window would go on. */
TEST_P (Ending, AForkerGoesOnInTheBackground)
{
  const char *const script = "(sleep 0.6; echo done >log) & exit 0";

  Outcome ended = start (script);
  EXPECT_EQ (ended.status, 0);
  EXPECT_NE (ended.err.find (mark), std::string::npos) << ended.err;
  EXPECT_NE (access ((home () + "/out/log").c_str (), F_OK), 0);
  Outcome kept = start (script, "lasting");
  EXPECT_EQ (kept.status, 0);
  EXPECT_EQ (kept.err, "");
  EXPECT_EQ (written ("log"), "done\n");
}

TEST_P (Ending, WhoIsAloneIsNotTalkedAbout)
{
  for (const char *script : { "exit 3", "sleep 0.01 & exit 3", "true | true; exit 3" }) {
    Outcome outcome;

    EXPECT_LT (seconds ([&] { outcome = start (script); }), seconds_of_stubborn ()) << script;
    EXPECT_EQ (outcome.status, 3);
    EXPECT_EQ (outcome.err.find (mark), std::string::npos) << script << outcome.err;
  }
}

TEST_P (Ending, StubbornAndStoppedProcessesAreEnded)
{
  Outcome stubborn, stopped;

  EXPECT_GE (seconds ([&] { stubborn = start ("trap '' TERM; sleep 1000 & exit 3"); }), 2);
  EXPECT_EQ (stubborn.status, 3);
  stopped = start ("sh -c 'trap \"echo heard >heard; exit\" TERM; kill -STOP $$; while :; do sleep 0.05; done' & "
                   "while ! grep -q '^State:.T' /proc/$!/status; do sleep 0.02; done; exit 3");
  EXPECT_EQ (stopped.status, 3);
  EXPECT_EQ (written ("heard"), "heard\n") << "it stays stopped until it is killed";
  EXPECT_NE (stubborn.err.find (mark), std::string::npos) << stubborn.err;
  expect_nothing_left ();
}

/* `stop` decides how long it takes, also then. */
TEST_P (Ending, StopDoesNotWaitForThem)
{
  std::string id = launch_detached ({}, { "sh", "-c", "trap '' TERM; sleep 1000 & exec sleep 0.3" });

  EXPECT_LT (seconds ([&] {
               EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
             }),
             seconds_of_stubborn ());
  expect_nothing_left ();
}

TEST_P (Ending, AKilledKeeperTakesThemAlong)
{
  Process process (command ({ "run", "--", "sh", "-c", "trap '' TERM; sleep 1000 & echo ready; exec sh -c 'exit 0'" }));

  ASSERT_TRUE (process.expect ("ready\n")) << process.err ();
  Record running = new_instance ();
  kill (running.keeper, SIGKILL);
  EXPECT_EQ (process.wait ().out, "ready\n");
  expect_nothing_left ();
}
