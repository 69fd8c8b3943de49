/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs that are killed at any moment, machines that lack something: what goes on goes on, what ends leaves nothing.
 */
#include <algorithm>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <sstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "dice.h"
#include "harness.h"

using namespace e2e;

static void
pause_for (Dice &dice, unsigned most_us)
{
  std::this_thread::sleep_for (std::chrono::microseconds (dice.upto (most_us)));
}

/* Whoever is killed cannot clean up: a service does when it looks, once a record is too old to be one in the making. */
template <typename Fixture> class Swept : public Fixture {
protected:
  void
  expect_records_to_end ()
  {
    EXPECT_TRUE (eventually ([this] {
      EXPECT_TRUE (succeeds (this->sandboxctl ({ "ps" })));
      g_usleep (200000);
      std::vector<Record> all = this->records ();
      return std::all_of (all.begin (), all.end (), [] (const Record &r) { return r.state == "exited"; });
    })) << "records of the dead stay";
    this->expect_nothing_left ();
  }
};

class ServiceKilled : public Swept<OnBus> {};

/* Either the application ran, and then everything about it is right, or it did not, and then somebody says so. */
TEST_F (ServiceKilled, AtAnyMomentOfALaunch)
{
  Dice dice;
  int ran = 0, refused = 0;

  for (int i = 0; i < rounds (60); i++) {
    /* One that is up already, and one that is only just being started by the bus */
    if (i % 2 == 0) {
      ASSERT_TRUE (succeeds (sandboxctl ({ "ps" })));
    }
    Process process (command ({ "run", "--", "sh", "-c", "echo ran; exit 7" }));
    pause_for (dice, 25000);
    for (pid_t pid : services ())
      ::kill (pid, SIGKILL);
    Outcome outcome = process.wait ();
    if (outcome.status == 7) {
      EXPECT_EQ (outcome.out, "ran\n");
      ran++;
    } else {
      EXPECT_EQ (outcome.status, 125) << outcome.err;
      EXPECT_EQ (outcome.out, "") << "it ran, but the status is lost: " << outcome.err;
      EXPECT_FALSE (outcome.err.empty ());
      refused++;
    }
  }
  printf ("%d ran, %d refused\n", ran, refused);
  EXPECT_GT (ran, 0);
  expect_records_to_end ();
  /* And the next service has nothing to be ashamed of */
  EXPECT_EQ (run_in ({}, { "sh", "-c", "exit 3" }).status, 3);
  for (const Json &item : json ({ "ps", "--json" }).items ())
    ADD_FAILURE () << "still listed: " << item.dump ();
}

TEST_F (ServiceKilled, RunningApplicationsGoOn)
{
  Dice dice;
  Command waiting = command ({ "run", "--", "sh", "-c", "echo ready; read line; echo got $line; exit 9" });

  waiting.keep_input = true;
  Process running (waiting);
  ASSERT_TRUE (running.expect ("ready\n")) << running.err ();
  Record before = new_instance ();
  for (int i = 0; i < 5; i++) {
    kill_services ();
    EXPECT_TRUE (process_exists (before.pid));
    ASSERT_EQ (json ({ "show", "--json", before.id })["state"].text (), "running");
    pause_for (dice, 5000);
  }
  kill_services ();
  running.write ("this\n");
  EXPECT_TRUE (running.expect ("got this\n"));
  EXPECT_EQ (running.wait ().status, 9) << running.err ();
}

TEST_F (ServiceKilled, SignalsStillArrive)
{
  Process process (probe ({}, { "signals" }));

  ASSERT_TRUE (process.expect ("ready\n")) << process.err ();
  kill_services ();
  process.kill (SIGUSR1);
  EXPECT_TRUE (process.expect ("SIGUSR1\n")) << process.err ();
  process.kill (SIGTERM);
  process.kill (SIGTERM);
  ASSERT_TRUE (process.expect ("SIGTERM\n"));
  process.kill (SIGTERM);
  EXPECT_EQ (process.wait ().status, 33);
}

TEST_F (ServiceKilled, ACallerKilledWhileThereIsNoServiceStillEndsItsApplication)
{
  Process process (command ({ "run", "--", "sh", "-c", "echo ready; exec sleep 1000" }));

  ASSERT_TRUE (process.expect ("ready\n")) << process.err ();
  kill_services ();
  process.kill (SIGKILL);
  process.wait ();
  expect_nothing_left ();
}

class Killed : public Swept<EitherBus> {
protected:
  Process
  start ()
  {
    Process process (command ({ "run", "--", "sh", "-c", "echo ready; sleep 1000 & exec sleep 1000" }));

    EXPECT_TRUE (process.expect ("ready\n")) << process.err ();
    return process;
  }
  void
  expect_culprit (Process &process, const std::string &id, const std::string &culprit)
  {
    Outcome outcome = process.wait ();

    EXPECT_TRUE (fails_with (outcome, 125, { culprit }));
    /* The caller may have learned it before the service */
    EXPECT_TRUE (eventually ([&] { return json ({ "show", "--json", id })["state"].text () == "exited"; }));
    Json about = json ({ "show", "--json", id });
    EXPECT_EQ (about["result"]["culprit"].text (), culprit);
    for (const auto &p : descendants (getpid ()))
      EXPECT_NE (p.name, "sleep");
  }
};
EITHER_BUS (Killed);

TEST_P (Killed, Keeper)
{
  Process process = start ();
  Record running = new_instance ();

  ::kill (running.keeper, SIGKILL);
  expect_culprit (process, running.id, "keeper");
}

TEST_P (Killed, Bwrap)
{
  Process process = start ();
  Record running = new_instance ();

  ::kill (bwrap_of (running), SIGKILL);
  expect_culprit (process, running.id, "bwrap");
}

TEST_P (Killed, Init)
{
  Process process = start ();
  Record running = new_instance ();

  ::kill (running.init, SIGKILL);
  expect_culprit (process, running.id, "init");
}

TEST_P (Killed, ApplicationFromTheHost)
{
  Process process = start ();
  Record running = new_instance ();

  ::kill (running.pid, SIGKILL);
  EXPECT_EQ (process.wait ().status, 128 + SIGKILL);
  EXPECT_EQ (record (running.id).culprit, "application");
}

static long
processor_ticks (pid_t pid)
{
  std::string text = read_file ("/proc/" + std::to_string (pid) + "/stat"); /* utime and stime: proc(5) */
  std::istringstream fields (text.substr (text.rfind (')') + 1));
  std::string skipped;
  long user = 0, system = 0;

  for (int i = 3; i < 14; i++)
    fields >> skipped;
  fields >> user >> system;
  return user + system;
}

/* Its PID 1 has ended and bwrap does not come to an end: the keeper waits for it, and does not ask again and again. */
TEST_P (Killed, TheKeeperWaitsWithoutWork)
{
  Process process = start ();
  Record running = new_instance ();
  pid_t bwrap = bwrap_of (running);

  ::kill (bwrap, SIGSTOP);
  ::kill (running.init, SIGKILL);
  ASSERT_TRUE (eventually ([&] { return !process_exists (running.init); })); /* it is a zombie */
  long before = processor_ticks (running.keeper);
  usleep (400000);
  EXPECT_LE (processor_ticks (running.keeper) - before, 5);
  ::kill (bwrap, SIGCONT);
  expect_culprit (process, running.id, "init");
}

/* The detached ones, of which nobody waits for the end. */
TEST_P (Killed, KeeperOfADetachedInstance)
{
  std::string id = launch_detached ({}, { "sleep", "1000" });

  ::kill (record (id).keeper, SIGKILL);
  ASSERT_TRUE (eventually ([&] { return json ({ "show", "--json", id })["state"].text () == "exited"; }));
  EXPECT_EQ (json ({ "show", "--json", id })["result"]["culprit"].text (), "keeper");
  EXPECT_TRUE (eventually ([] {
    reap_strays ();
    for (const auto &p : descendants (getpid ()))
      if (p.name == "sleep" || p.name == "bwrap" || p.name == "sandbox-init")
        return false;
    return true;
  })) << describe (descendants (getpid ()));
}

/* The whole chain, at any moment of a launch, whoever it hits. */
TEST_P (Killed, AnythingAtAnyMomentOfALaunch)
{
  Dice dice;
  static const char *const names[] = { "sandbox-keeper", "bwrap", "sandbox-init", "sandboxctl" };

  for (int i = 0; i < rounds (48); i++) {
    std::string victim = names[i % 4];
    Process process (command ({ "run", "--", "sh", "-c", "echo ran; exit 7" }));

    pause_for (dice, 20000);
    for (const auto &p : descendants (getpid ()))
      if (p.name.compare (0, 15, victim.substr (0, 15)) == 0)
        ::kill (p.pid, SIGKILL);
    Outcome outcome = process.wait ();
    if (victim == "sandboxctl")
      EXPECT_TRUE (outcome.status == 7 || outcome.status == 128 + SIGKILL) << outcome.status << outcome.err;
    else
      EXPECT_TRUE (outcome.status == 7 || (outcome.status == 125 && !outcome.err.empty ()))
          << victim << " " << outcome.status << outcome.err;
  }
  expect_records_to_end ();
}

class Lacking : public EitherBus {
protected:
  std::string
  fake (const std::string &name, const std::string &script, mode_t mode = 0755)
  {
    std::string path = dir () + "/cache/" + name;

    write_file (path, "#!/bin/sh\n" + script, mode);
    return path;
  }
  /* Every launch gets the same clear answer; nothing is left behind, not even a record. */
  void
  expect_refused (const std::vector<std::string> &words)
  {
    EXPECT_TRUE (fails_with (run_in ({}, { "true" }), 125, words));
    EXPECT_EQ (records ().size (), 0u);
    expect_nothing_left ();
  }
};
EITHER_BUS (Lacking);

TEST_P (Lacking, BwrapIsNotThere)
{
  set_env ("SANDBOX_BWRAP", dir () + "/no-such-bwrap");
  expect_refused ({ "no-such-bwrap", "bubblewrap" });
}

TEST_P (Lacking, BwrapCannotBeExecuted)
{
  set_env ("SANDBOX_BWRAP", fake ("bwrap", "exit 0\n", 0644));
  expect_refused ({ "bwrap" });
}

TEST_P (Lacking, BwrapIsTooOld)
{
  set_env ("SANDBOX_BWRAP", fake ("bwrap", "echo bubblewrap 0.4.1\n"));
  expect_refused ({ "0.4", "0.8", "bubblewrap" });
}

TEST_P (Lacking, BwrapIsSomethingElse)
{
  set_env ("SANDBOX_BWRAP", fake ("bwrap", "echo hello\n"));
  expect_refused ({ "bwrap" });
}

TEST_P (Lacking, BwrapFails)
{
  set_env ("SANDBOX_BWRAP", fake ("bwrap", "[ \"$1\" = --version ] && exec bwrap --version\n"
                                           "echo 'bwrap: the reason given' >&2\nexit 1\n"));
  expect_refused ({ "the reason given" });
}

/* A child of bwrap waits for its parent before it asks to die with it (bubblewrap.c, child_wait_fd): if both are killed
 * then, it waits for ever. */
TEST_P (Lacking, KeeperIsKilledWhileBwrapBegins)
{
  set_env ("SANDBOX_BWRAP", fake ("bwrap", "[ \"$1\" = --version ] && exec bwrap --version\n"
                                           "sleep 1000 &\nkill -KILL $PPID\nwait\n"));
  expect_refused ({ "keeper" });
}

TEST_P (Lacking, KeeperIsNotThere)
{
  set_env ("SANDBOX_LIBEXECDIR", dir () + "/services");
  Outcome outcome = run_in ({}, { "true" });
  EXPECT_EQ (outcome.status, 125) << outcome.err;
  EXPECT_NE (outcome.err.find ("sandbox"), std::string::npos);
  EXPECT_EQ (records ().size (), 0u);
}

class NoRuntimeDirectory : public EitherBus {};
EITHER_BUS (NoRuntimeDirectory);

TEST_P (NoRuntimeDirectory, Unset)
{
  set_env ("XDG_RUNTIME_DIR", std::nullopt);
  EXPECT_TRUE (fails_with (run_in ({}, { "true" }), 125, { "XDG_RUNTIME_DIR" }));
}

TEST_P (NoRuntimeDirectory, NotThere)
{
  set_env ("XDG_RUNTIME_DIR", dir () + "/no-such-runtime");
  EXPECT_TRUE (fails_with (run_in ({}, { "true" }), 125, { "no-such-runtime" }));
}

TEST_P (NoRuntimeDirectory, NotAbsolute)
{
  set_env ("XDG_RUNTIME_DIR", "run");
  EXPECT_TRUE (fails_with (run_in ({}, { "true" }), 125, { "XDG_RUNTIME_DIR" }));
}

TEST_P (NoRuntimeDirectory, OpenToOthers)
{
  chmod (runtime ().c_str (), 0777);
  EXPECT_TRUE (fails_with (run_in ({}, { "true" }), 125, { runtime () }));
  chmod (runtime ().c_str (), 0700);
}

TEST_P (NoRuntimeDirectory, AFileWhereTheDirectoryShouldBe)
{
  write_file (instances (), "");
  EXPECT_TRUE (fails_with (run_in ({}, { "true" }), 125, { instances () }));
  unlink (instances ().c_str ());
}

TEST_P (NoRuntimeDirectory, ALinkWhereTheDirectoryShouldBe)
{
  ASSERT_EQ (symlink ((dir () + "/cache").c_str (), instances ().c_str ()), 0);
  EXPECT_TRUE (fails_with (run_in ({}, { "true" }), 125, { instances () }));
  EXPECT_TRUE (std::filesystem::is_empty (dir () + "/cache"));
  unlink (instances ().c_str ());
}

/* A bus that is not there: the private service does. */
TEST_P (NoRuntimeDirectory, NoBusAtTheAddress)
{
  set_env ("SANDBOX_BUS", std::nullopt);
  Command here = command ({ "run", "--", "sh", "-c", "exit 4" });
  here.env["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=" + dir () + "/no-bus";
  EXPECT_EQ (run (here).status, 4);
  here.env["DBUS_SESSION_BUS_ADDRESS"] = std::nullopt;
  here.env["XDG_RUNTIME_DIR"] = runtime ();
  EXPECT_EQ (run (here).status, 4);
}
