/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pidns=session: no call tells the number of a neighbour, of its sandbox-init, of sandbox-session or of a handler from
 * one that nobody has. */
#include <sys/syscall.h>
#include <unistd.h>

#include "json.h"
#include "pid-stage.h"

using namespace e2e;

namespace {

constexpr const char *nobody = "3999999"; /* below pid_max of 64-bit machines, and of nobody */

/* Whatever number it is */
constexpr const char *refused_to_all[] = { "perf", "futex", "setown_ex", "fiosetown", "clone3" };

using Answers = std::map<std::string, std::string>;

Answers
answers_about (const Json &seen, const std::string &number)
{
  Answers found;

  for (const std::string &call : seen[number].members ())
    found[call] = seen[number][call].text ();
  return found;
}

/* That somebody has the number is to be told by nothing. */
void
expect_nobody (const Json &seen, const std::string &number, const std::string &who)
{
  Answers expected = answers_about (seen, nobody);

  EXPECT_GT (expected.size (), 60u);
  for (const auto &[call, outcome] : answers_about (seen, number))
    EXPECT_EQ (outcome, expected[call]) << call << " of " << who;
}

/* The calls that answer about @number otherwise than about a number that nobody has. */
std::set<std::string>
told_apart (const Json &seen, const std::string &number)
{
  Answers expected = answers_about (seen, nobody);
  std::set<std::string> found;

  for (const auto &[call, outcome] : answers_about (seen, number))
    if (outcome != expected[call])
      found.insert (call);
  return found;
}

}

class PidNumbers : public PidStage {
protected:
  static Argv
  words_for (const Argv &numbers)
  {
    Argv words = { "numbers" };

    words.insert (words.end (), numbers.begin (), numbers.end ());
    words.emplace_back (nobody);
    return words;
  }
  static Json
  parse (const Outcome &outcome)
  {
    EXPECT_TRUE (succeeds (outcome));
    return Json::parse (outcome.out);
  }
  /* What a probe in a sandbox of its own, in a running one, and in a handler of one says of @numbers. */
  Json
  ask (const Argv &with, const Argv &numbers)
  {
    return parse (run (probe (with, words_for (numbers))));
  }
  Json
  ask_in (const std::string &id, const Argv &numbers)
  {
    return parse (run (probe_with ({ "exec", id }, words_for (numbers))));
  }
  Json
  ask_handler (const std::string &id, const Argv &numbers)
  {
    return parse (run (probe_with ({ "attach", id, "--profile=debugger" }, words_for (numbers))));
  }
};

/* All calls of the probe, in the sandbox and outside of every sandbox, where another process of the same user stands
 * for the neighbour. The control: there almost all tell it from nobody. And inside those about a process of one's own
 * work. */
TEST_F (PidNumbers, TheSameAnswerForNeighbourSupervisorAndNobody)
{
  std::string neighbour = launch ();
  std::string application = number_inside (record (neighbour).pid), init = number_inside (record (neighbour).init);
  Json seen = ask (options (), { application, init, "1" });
  Process other (Command ({ "sleep", "1000" }));
  ASSERT_TRUE (eventually ([&] { return process_info (other.pid ())->name == "sleep"; })) << "it is executed";
  Json outside = parse (run (Argv ({ places ().probe, "numbers", std::to_string (other.pid ()), nobody })));
  std::set<std::string> differ = told_apart (outside, std::to_string (other.pid ()));
  std::set<std::string> own = told_apart (seen, std::to_string (seen["number"].number ()));

  expect_nobody (seen, application, "the neighbour");
  expect_nobody (seen, init, "the neighbour's init");
  expect_nobody (seen, "1", "sandbox-session");
  for (const char *refused : refused_to_all) {
    EXPECT_EQ (own.count (refused), 0u) << refused;
    differ.erase (refused);
  }
  EXPECT_EQ (testing::PrintToString (differ), testing::PrintToString (own));
  stop (neighbour);
}

/* … nor of a handler that is attached to it, in which the neighbour and sandbox-session are nobody, too, and the target
 * is somebody. */
TEST_F (PidNumbers, TheSameAnswerForHandlersAndByThem)
{
  std::string neighbour = launch (), id = launch ();
  Process handler (command ({ "attach", id, "--profile=debugger", "--", "sh", "-c", "echo up $$; exec sleep 1000" }));

  ASSERT_TRUE (handler.expect ("\n")) << handler.err ();
  std::string number = handler.out ().substr (3, handler.out ().find ('\n') - 3);
  std::string theirs = number_inside (record (neighbour).pid), target = number_inside (record (id).pid);
  Json inside = ask_in (id, { number, theirs, "1" });
  Json by_handler = ask_handler (id, { theirs, "1", target, number });

  expect_nobody (inside, number, "the handler");
  expect_nobody (inside, theirs, "the neighbour");
  expect_nobody (inside, "1", "sandbox-session");
  EXPECT_GT (told_apart (inside, std::to_string (inside["number"].number ())).size (), 30u) << "one's own";
  expect_nobody (by_handler, theirs, "the neighbour, to the handler");
  expect_nobody (by_handler, "1", "sandbox-session, to the handler");
  EXPECT_GT (told_apart (by_handler, target).size (), 20u) << "the target, to the handler";
  handler.kill (SIGTERM);
  handler.wait ();
  stop (id);
  stop (neighbour);
}

/* What has been given to kill (-1) is what could be reached by it: its own, and not its init. The same as in a pid
 * namespace of one's own. */
TEST_F (PidNumbers, KillingAllOfOnesOwnIsNoBreakdown)
{
  const char script[] = "sleep 1000 & setsid sleep 1000 & sleep 0.1; kill -KILL -1; wait; echo here; exit 6";
  std::string neighbour = launch ();

  for (const Argv &with : { options (), Argv () }) {
    Outcome outcome = run_in (with, { "sh", "-c", script });

    EXPECT_EQ (outcome.status, 6) << outcome.err;
    EXPECT_EQ (outcome.out, "here\n");
  }
  EXPECT_EQ (record (neighbour).state, "running");
  EXPECT_EQ (together_with (record (neighbour).pid).size (), 2u);
  /* And it serves what comes after that */
  std::string id = launch ({ "sh", "-c", "trap '' TERM; kill -KILL -1; while :; do sleep 1; done" });
  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "echo", "served" }).out, "served\n");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
  EXPECT_TRUE (wait_for_state (id, "exited"));
  stop (neighbour);
}

/* The answers are the keeper's: who waits for one is killed all the same, and none is waited for when it is gone. */
TEST_F (PidNumbers, NobodyHangsWhenTheKeeperIsStoppedOrKilled)
{
  std::string id = launch ({ "python3", "-c",
                             "import os,time\n"
                             "while True:\n"
                             "  try: os.getpgid (os.getpid ())\n"
                             "  except OSError: pass\n"
                             "  time.sleep (0.01)\n" });
  Record asked = record (id);

  ::kill (asked.keeper, SIGSTOP);
  EXPECT_TRUE (eventually ([&] {
    return read_file ("/proc/" + std::to_string (asked.pid) + "/wchan").find ("seccomp") != std::string::npos
           || read_file ("/proc/" + std::to_string (asked.pid) + "/syscall").find (std::to_string (SYS_getpgid) + " ")
                  == 0;
  }));
  ::kill (asked.keeper, SIGCONT);
  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "echo", "served" }).out, "served\n");
  ::kill (asked.keeper, SIGSTOP);
  ::kill (asked.pid, SIGKILL);
  EXPECT_TRUE (eventually ([&] { return !process_exists (asked.pid); })) << "who waits can be killed";
  ::kill (asked.keeper, SIGCONT);
  EXPECT_TRUE (wait_for_state (id, "exited"));
  id = launch ({ "python3", "-c", "import os\nwhile True: os.getpgid (os.getpid ())" });
  asked = record (id);
  ::kill (asked.keeper, SIGKILL);
  EXPECT_TRUE (eventually ([&] { return !process_exists (asked.pid); }));
  EXPECT_TRUE (wait_for_state (id, "exited"));
  EXPECT_EQ (record (id).culprit, "keeper");
}
