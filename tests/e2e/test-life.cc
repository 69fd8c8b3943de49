/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of an instance: signals, detaching, ps, show, stop, kill, wait, exec. */
#include <csignal>
#include <stdexcept>
#include <sys/wait.h>

#include "harness.h"

using namespace e2e;

class Life : public EitherBus {
protected:
  /* The entry of `ps --json` for @id. */
  Json
  entry (const std::string &id)
  {
    for (const Json &item : json ({ "ps", "--json" }).items ())
      if (item["id"].text () == id)
        return item;
    throw std::runtime_error ("ps does not list " + id);
  }
  void
  stop (const std::string &id)
  {
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
    EXPECT_TRUE (wait_for_state (id, "exited"));
  }
};
EITHER_BUS (Life);

TEST_P (Life, SignalsReachTheApplication)
{
  Process process (probe ({}, { "signals" }));

  ASSERT_TRUE (process.expect ("ready\n")) << process.err ();
  for (auto [signo, name] : std::map<int, std::string>{ { SIGINT, "SIGINT" },
                                                        { SIGHUP, "SIGHUP" },
                                                        { SIGQUIT, "SIGQUIT" },
                                                        { SIGUSR1, "SIGUSR1" },
                                                        { SIGUSR2, "SIGUSR2" },
                                                        { SIGWINCH, "SIGWINCH" },
                                                        { SIGTERM, "SIGTERM" } }) {
    process.kill (signo);
    EXPECT_TRUE (process.expect (name + "\n")) << name << ": " << process.out () << process.err ();
  }
  process.kill (SIGTERM);
  Outcome outcome = process.wait ();
  EXPECT_EQ (outcome.status, 33) << outcome.err;
  EXPECT_EQ (outcome.out, "ready\nSIGHUP\nSIGINT\nSIGQUIT\nSIGUSR1\nSIGUSR2\nSIGTERM\nSIGWINCH\nSIGTERM\n");
}

TEST_P (Life, AnApplicationThatDiesOfTheSignal)
{
  for (int signo : { SIGINT, SIGTERM, SIGHUP, SIGUSR1 }) {
    Process process (command ({ "run", "--", "sh", "-c", "echo ready; exec sleep 1000" }));

    ASSERT_TRUE (process.expect ("ready\n")) << process.err ();
    ASSERT_TRUE (eventually ([&] {
      auto info = process_info (new_instance ().pid);
      return info && info->name == "sleep";
    }));
    process.kill (signo);
    EXPECT_EQ (process.wait ().status, 128 + signo);
  }
}

TEST_P (Life, KilledCallerEndsTheApplication)
{
  Process process (command ({ "run", "--", "sh", "-c", "echo ready; sleep 1000 & exec sleep 1000" }));

  ASSERT_TRUE (process.expect ("ready\n")) << process.err ();
  Record running = new_instance ();
  process.kill (SIGKILL);
  EXPECT_EQ (process.wait ().status, 128 + SIGKILL);
  EXPECT_TRUE (wait_for_state (running.id, "exited"));
  EXPECT_EQ (record (running.id).culprit, "caller");
  expect_nothing_left ();
}

/* One that ignores SIGTERM is ended all the same. */
TEST_P (Life, KilledCallerEndsAStubbornApplication)
{
  Process process (command ({ "run", "--", "sh", "-c", "trap '' TERM HUP; echo ready; while :; do sleep 0.1; done" }));

  ASSERT_TRUE (process.expect ("ready\n")) << process.err ();
  process.kill (SIGKILL);
  process.wait ();
  expect_nothing_left ();
}

TEST_P (Life, ChildrenDoNotOutliveTheApplication)
{
  Outcome outcome = run_in ({}, { "sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & (sleep 1000 &) & exit 5" });

  EXPECT_EQ (outcome.status, 5);
  expect_nothing_left ();
}

TEST_P (Life, DetachedOutlivesItsCaller)
{
  Command detach = command ({ "run", "--detach", "--", "sh", "-c", "sleep 1000; exit 4" });
  Outcome outcome = run (detach);

  ASSERT_TRUE (succeeds (outcome));
  Record running = new_instance ();
  EXPECT_NE (outcome.out.find (running.id), std::string::npos) << "the id is not printed: " << outcome.out;
  EXPECT_TRUE (process_exists (running.pid));
  EXPECT_EQ (entry (running.id)["state"].text (), "running");
  stop (running.id);
  expect_nothing_left ();
}

TEST_P (Life, PsOfNothing)
{
  EXPECT_EQ (json ({ "ps", "--json" }).size (), 0u);
  EXPECT_TRUE (succeeds (sandboxctl ({ "ps" })));
}

TEST_P (Life, PsAndShow)
{
  std::string id = launch_detached ({ "--app-id=org.example.Sleeper" }, { "sleep", "1000" });
  Record running = record (id);
  Outcome text = sandboxctl ({ "ps" });

  ASSERT_TRUE (succeeds (text));
  EXPECT_NE (text.out.find (id), std::string::npos) << text.out;
  EXPECT_NE (text.out.find ("org.example.Sleeper"), std::string::npos) << text.out;
  for (const Json &about : { entry (id), json ({ "show", "--json", id }) }) {
    EXPECT_EQ (about["id"].text (), id);
    EXPECT_EQ (about["pid"].number (), running.pid);
    EXPECT_EQ (about["state"].text (), "running");
    EXPECT_EQ (about["app-id"].text (), "org.example.Sleeper");
    EXPECT_EQ (about["profile"].text (), "default");
    EXPECT_EQ (about["command"][0].text (), "sleep");
    EXPECT_EQ (about["command"][1].text (), "1000");
  }
  Outcome shown = sandboxctl ({ "show", id });
  ASSERT_TRUE (succeeds (shown));
  EXPECT_NE (shown.out.find ("sleep 1000"), std::string::npos) << shown.out;
  stop (id);
}

TEST_P (Life, AnInstanceHasManyNames)
{
  std::string id = launch_detached ({ "--app-id=org.example.Named" }, { "sleep", "1000" });

  for (const std::string &name :
       { id, id.substr (0, 15), std::string ("org.example.Named"), std::to_string (record (id).pid) })
    EXPECT_EQ (json ({ "show", "--json", name })["id"].text (), id) << name;
  EXPECT_TRUE (fails_with (sandboxctl ({ "show", "ffffffffffffffff0" }), 125, { "ffffffffffffffff0" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "show", "org.example.Nobody" }), 125, { "org.example.Nobody" }));
  stop (id);
}

TEST_P (Life, IdsAreSixteenHexDigitsAndNeverTheSame)
{
  std::set<std::string> ids;

  for (int i = 0; i < 20; i++)
    EXPECT_EQ (run_in ({}, { "true" }).status, 0);
  for (int i = 0; i < 3; i++)
    ids.insert (launch_detached ({}, { "sleep", "1000" }));
  EXPECT_EQ (ids.size (), 3u);
  for (const std::string &id : ids) {
    EXPECT_EQ (id.size (), 16u);
    EXPECT_EQ (id.find_first_not_of ("0123456789abcdef"), std::string::npos) << id;
    stop (id);
  }
}

TEST_P (Life, StopAsksFirst)
{
  std::string id = launch_detached ({}, { "sh", "-c", "trap 'exit 21' TERM; while :; do sleep 0.05; done" });
  Record running = record (id);

  /* The shell must have come to its trap */
  ASSERT_TRUE (catches (running.pid, SIGTERM));
  stop (id);
  EXPECT_EQ (WEXITSTATUS (record (id).wait_status), 21);
  EXPECT_EQ (record (id).culprit, "stopped");
}

TEST_P (Life, StopKillsWhatDoesNotListen)
{
  std::string id = launch_detached ({}, { "sh", "-c", "trap : TERM; while :; do sleep 0.05; done" });

  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0.3", id })));
  EXPECT_TRUE (wait_for_state (id, "exited"));
  EXPECT_EQ (WTERMSIG (record (id).wait_status), SIGKILL);
  expect_nothing_left ();
}

TEST_P (Life, KillSendsTheSignalAskedFor)
{
  for (auto [options, signo] : std::map<Argv, int>{ { { "kill" }, SIGTERM },
                                                    { { "kill", "-s", "USR1" }, SIGUSR1 },
                                                    { { "kill", "-s", "SIGINT" }, SIGINT },
                                                    { { "kill", "-s", "9" }, SIGKILL } }) {
    std::string id = launch_detached ({}, { "sleep", "1000" });
    Argv words = options;

    words.push_back (id);
    EXPECT_TRUE (succeeds (sandboxctl (words)));
    EXPECT_TRUE (wait_for_state (id, "exited"));
    EXPECT_TRUE (WIFSIGNALED (record (id).wait_status));
    EXPECT_EQ (WTERMSIG (record (id).wait_status), signo);
  }
}

TEST_P (Life, KillWithASignalThatDoesNotExist)
{
  std::string id = launch_detached ({}, { "sleep", "1000" });

  EXPECT_TRUE (fails_with (sandboxctl ({ "kill", "-s", "NOSUCH", id }), 125, { "NOSUCH" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "kill", "-s", "65", id }), 125, { "65" }));
  EXPECT_EQ (record (id).state, "running");
  stop (id);
}

TEST_P (Life, WaitGivesTheExitStatus)
{
  std::string id = launch_detached ({}, { "sh", "-c", "trap 'exit 17' USR1; while :; do sleep 0.05; done" });
  Process waiting (command ({ "wait", id }));
  Record running = record (id);

  ASSERT_TRUE (catches (running.pid, SIGUSR1));
  EXPECT_TRUE (waiting.running ()) << waiting.err ();
  EXPECT_TRUE (succeeds (sandboxctl ({ "kill", "-s", "USR1", id })));
  EXPECT_EQ (waiting.wait ().status, 17);
  EXPECT_EQ (sandboxctl ({ "wait", id }).status, 17) << "late";
}

TEST_P (Life, WaitRunsOutOfTime)
{
  std::string id = launch_detached ({}, { "sleep", "1000" });

  EXPECT_TRUE (fails_with (sandboxctl ({ "wait", "--timeout=0.2", id }), 124, {}));
  EXPECT_EQ (record (id).state, "running");
  stop (id);
}

TEST_P (Life, WaitForSeveral)
{
  std::string first = launch_detached ({}, { "sh", "-c", "exit 5" });
  std::string second = launch_detached ({}, { "sh", "-c", "trap 'exit 17' USR1; while :; do sleep 0.05; done" });
  Process waiting (command ({ "wait", second, first })), other (command ({ "wait", first, second }));

  ASSERT_TRUE (catches (record (second).pid, SIGUSR1));
  EXPECT_TRUE (fails_with (sandboxctl ({ "wait", "--timeout=0.2", first, second }), 124, { second }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "wait", first, "no-such-one" }), 125, { "no-such-one" }));
  EXPECT_TRUE (waiting.running ()) << waiting.err ();
  EXPECT_TRUE (other.running ()) << other.err ();
  EXPECT_TRUE (succeeds (sandboxctl ({ "kill", "-s", "USR1", second })));
  EXPECT_EQ (waiting.wait ().status, 5);
  EXPECT_EQ (other.wait ().status, 17);
  EXPECT_TRUE (fails_with (sandboxctl ({ "wait" }), 125, { "sandboxctl ps" }));
}

/* One that does not end by SIGTERM does not keep the others waiting for theirs; nothing is done if one is not there. */
TEST_P (Life, StopSeveral)
{
  std::string first = launch_detached ({}, { "sh", "-c", "trap : TERM; while :; do sleep 0.05; done" });
  std::string second = launch_detached ({}, { "sleep", "1000" });

  ASSERT_TRUE (catches (record (first).pid, SIGTERM));
  EXPECT_TRUE (fails_with (sandboxctl ({ "stop", first, second, "no-such-one" }), 125, { "no-such-one" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "kill", first, second, "no-such-one" }), 125, { "no-such-one" }));
  EXPECT_EQ (record (second).state, "running");
  Process stopping (command ({ "stop", "--grace=3600", first, second }));
  EXPECT_TRUE (wait_for_state (second, "exited"));
  EXPECT_EQ (record (first).state, "running");
  EXPECT_TRUE (succeeds (sandboxctl ({ "kill", "-s", "KILL", first })));
  EXPECT_EQ (stopping.wait ().status, 0);
}

TEST_P (Life, WaitOfASignal)
{
  std::string id = launch_detached ({}, { "sleep", "1000" });

  EXPECT_TRUE (succeeds (sandboxctl ({ "kill", "-s", "KILL", id })));
  EXPECT_EQ (sandboxctl ({ "wait", id }).status, 128 + SIGKILL);
}

TEST_P (Life, ExecRunsAPeer)
{
  std::string id = launch_detached ({}, { "sleep", "987654" });
  Outcome outcome = sandboxctl ({ "exec", id, "--", "sh", "-c", "ps -eo args; echo to-err >&2; exit 9" });

  EXPECT_EQ (outcome.status, 9) << outcome.err;
  EXPECT_NE (outcome.out.find ("sleep 987654"), std::string::npos) << outcome.out;
  EXPECT_EQ (outcome.err, "to-err\n");
  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "sh", "-c", "kill -9 $$" }).status, 128 + SIGKILL);
  EXPECT_TRUE (fails_with (sandboxctl ({ "exec", id, "--", "no-such-command-here" }), 127, { "no-such-command-here" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "exec", id, "--", "/etc/passwd" }), 126, { "/etc/passwd" }));
  EXPECT_EQ (record (id).state, "running");
  stop (id);
}

TEST_P (Life, ExecPipelineAndSignals)
{
  std::string id = launch_detached ({}, { "sleep", "1000" });
  Command cat = command ({ "exec", id, "--", "cat" });

  cat.input = std::string (200000, 'x');
  EXPECT_EQ (run (cat).out.size (), 200000u);
  Process process (
      command ({ "exec", id, "--", "sh", "-c", "trap 'exit 12' INT; echo ready; while :; do sleep 0.05; done" }));
  ASSERT_TRUE (process.expect ("ready\n")) << process.err ();
  process.kill (SIGINT);
  EXPECT_EQ (process.wait ().status, 12);
  stop (id);
}

TEST_P (Life, KilledExecCallerEndsTheProcess)
{
  std::string id = launch_detached ({}, { "sleep", "1000" });
  Process process (command ({ "exec", id, "--", "sh", "-c", "echo ready; exec sleep 123123" }));

  ASSERT_TRUE (process.expect ("ready\n")) << process.err ();
  process.kill (SIGKILL);
  process.wait ();
  EXPECT_TRUE (eventually ([&] {
    for (const auto &p : descendants (record (id).keeper))
      if (p.command.find ("sleep 123123") != std::string::npos)
        return false;
    return true;
  }));
  EXPECT_EQ (record (id).state, "running");
  stop (id);
}

TEST_P (Life, ExecInAnEndedInstance)
{
  std::string id = launch_detached ({}, { "sleep", "1000" });

  stop (id);
  EXPECT_TRUE (fails_with (sandboxctl ({ "exec", id, "--", "true" }), 125, { id }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "kill", id }), 125, { id }));
}

TEST_P (Life, ShowAfterTheEnd)
{
  std::string id = launch_detached ({}, { "sh", "-c", "exit 11" });

  EXPECT_TRUE (wait_for_state (id, "exited"));
  Json about = json ({ "show", "--json", id });
  EXPECT_EQ (about["state"].text (), "exited");
  EXPECT_EQ (about["result"]["code"].number (), 11);
}

/* What a person sees must say how far the promise of the sandbox holds. */
TEST_P (Life, ShowSaysWhatIsEnforced)
{
  std::string id = launch_detached ({}, { "sleep", "1000" });
  Json enforced = json ({ "show", "--json", id })["enforced"];

  for (const char *what : { "inferiors-only", "instance-domain", "app-domain", "private-procfs", "scopes", "seccomp" })
    EXPECT_TRUE (enforced[what].boolean ()) << what;
  stop (id);
}

class LifeOnBus : public OnBus {};

/* Two callers, one service. */
TEST_F (LifeOnBus, AnInstanceIsSeenByEveryClient)
{
  Process process (command ({ "run", "--", "sh", "-c", "echo ready; exec sleep 1000" }));

  ASSERT_TRUE (process.expect ("ready\n")) << process.err ();
  std::string id = new_instance ().id;
  EXPECT_EQ (json ({ "show", "--json", id })["state"].text (), "running");
  EXPECT_EQ (services ().size (), 1u);
  EXPECT_TRUE (succeeds (sandboxctl ({ "kill", "-s", "USR2", id })));
  EXPECT_EQ (process.wait ().status, 128 + SIGUSR2);
}

class LifeWithoutBus : public WithoutBus {};

TEST_F (LifeWithoutBus, ThePrivateServiceEndsWithItsCaller)
{
  EXPECT_EQ (run_in ({}, { "true" }).status, 0);
  expect_nothing_left (false);
  std::string id = launch_detached ({}, { "sleep", "1000" });
  EXPECT_TRUE (eventually ([this] { return services ().empty (); }));
  EXPECT_EQ (record (id).state, "running");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
  EXPECT_TRUE (wait_for_state (id, "exited"));
}

/* What it leaves running keeps no pipe of the caller's open, also not the one for complaints. */
TEST_P (Life, DetachedLetsGoOfTheCallersPipes)
{
  Argv detach = ctl ({ "run", "--detach", "--", "sleep", "1000" });
  Command words = command ({});

  words.argv = { "sh", "-c", shell_quote (detach) + " 2>&1 | cat" };
  Outcome outcome = run (words); /* ends when nobody has the pipe any more */
  ASSERT_EQ (outcome.out.size (), 17u) << outcome.out;
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", outcome.out.substr (0, 16) })));
}
