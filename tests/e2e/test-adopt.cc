/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The next service takes over what the last one left. */
#include <csignal>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

using namespace e2e;

class Adopt : public EitherBus {};
EITHER_BUS (Adopt);

TEST_P (Adopt, EveryInstance)
{
  std::map<std::string, pid_t> running;

  for (int i = 0; i < 8; i++) {
    std::string id =
        launch_detached ({ "--app-id=org.example.App" + std::to_string (i) }, { "sleep", std::to_string (1000 + i) });
    running[id] = record (id).pid;
  }
  kill_services ();
  Json listed = json ({ "ps", "--json" });
  EXPECT_EQ (listed.size (), running.size ());
  for (const Json &item : listed.items ()) {
    std::string number = item["command"][1].text ().substr (3);
    EXPECT_EQ (item["state"].text (), "running");
    EXPECT_EQ (item["pid"].number (), running.at (item["id"].text ()));
    EXPECT_EQ (item["app-id"].text (), "org.example.App" + number);
    EXPECT_EQ (item["profile"].text (), "default");
  }
  for (const auto &[id, pid] : running)
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
  for (const auto &[id, pid] : running)
    EXPECT_TRUE (wait_for_state (id, "exited"));
}

/* The status is the keeper's to keep. */
TEST_P (Adopt, OneThatEndedWhileThereWasNoService)
{
  std::string id = launch_detached ({}, { "sh", "-c", "trap 'exit 29' USR1; while :; do sleep 0.05; done" });
  Record running = record (id);

  ASSERT_TRUE (catches (running.pid, SIGUSR1));
  kill_services ();
  ASSERT_EQ (::kill (running.pid, SIGUSR1), 0);
  EXPECT_TRUE (wait_for_state (id, "exited"));
  EXPECT_EQ (sandboxctl ({ "wait", id }).status, 29);
  Json about = json ({ "show", "--json", id });
  EXPECT_EQ (about["state"].text (), "exited");
  EXPECT_EQ (about["result"]["code"].number (), 29);
}

TEST_P (Adopt, OneWhoseKeeperDiedMeanwhile)
{
  std::string id = launch_detached ({}, { "sleep", "1000" });
  Record running = record (id);

  kill_services ();
  ::kill (running.keeper, SIGKILL);
  Json about = json ({ "show", "--json", id });
  EXPECT_EQ (about["state"].text (), "exited");
  EXPECT_EQ (about["result"]["culprit"].text (), "keeper");
  EXPECT_TRUE (eventually ([&] { return !process_exists (running.pid) && !process_exists (running.init); }));
}

TEST_P (Adopt, ExecAfterwards)
{
  std::string id = launch_detached ({}, { "sleep", "1000" });

  kill_services ();
  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "sh", "-c", "pgrep -x sleep && exit 31" }).status, 31);
  EXPECT_TRUE (succeeds (sandboxctl ({ "kill", "-s", "KILL", id })));
  EXPECT_EQ (sandboxctl ({ "wait", id }).status, 128 + SIGKILL);
}

TEST_P (Adopt, WhatIsThereTwiceIsTheSame)
{
  std::string id = launch_detached ({ "--app-id=org.example.Same" }, { "sleep", "1000" });
  Json before = json ({ "show", "--json", id });

  kill_services ();
  EXPECT_EQ (json ({ "show", "--json", id }).dump (), before.dump ());
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

/* Also where each launch has a service of its own, which begins with that launch. */
TEST_P (Adopt, ALaunchIsEnoughToRemoveWhatEndedLongAgo)
{
  ASSERT_TRUE (succeeds (run_in ({}, { "true" })));
  ASSERT_EQ (records ().size (), 1u);
  const std::string id = records ()[0].id, file = instances () + "/" + id + "/status", key = "ExitTime=";
  std::string status = read_file (file);
  size_t at = status.find (key) + key.size ();
  int64_t ended = std::stoll (status.substr (at));

  kill_services ();
  EXPECT_TRUE (succeeds (run_in ({}, { "true" })));
  EXPECT_EQ (records ().size (), 2u) << "one that has just ended is kept";
  write_file (file, status.replace (at, std::to_string (ended).size (), std::to_string (ended - 400000000)));
  kill_services ();
  EXPECT_TRUE (succeeds (run_in ({}, { "true" })));
  EXPECT_TRUE (eventually ([&] { return !std::filesystem::exists (instances () + "/" + id); })) << "400 s ago";
}

/* Rubbish in the directory is no reason to fail, and nothing that is not ours is touched. */
TEST_P (Adopt, RubbishBesideIt)
{
  std::string id = launch_detached ({}, { "sleep", "1000" });

  std::filesystem::create_directory (instances () + "/0123456789abcdef");
  write_file (instances () + "/0123456789abcdef/status", "[Status]\nState=running\nKeeperPid=1\nPid=1\n");
  std::filesystem::create_directory (instances () + "/fedcba9876543210");
  write_file (instances () + "/fedcba9876543210/info", std::string (1000, '\xff'));
  write_file (instances () + "/a-file", "");
  std::filesystem::create_directory (instances () + "/not-an-id");
  kill_services ();
  EXPECT_EQ (json ({ "show", "--json", id })["state"].text (), "running");
  EXPECT_EQ (run_in ({}, { "sh", "-c", "exit 3" }).status, 3);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
  EXPECT_TRUE (wait_for_state (id, "exited"));
  EXPECT_TRUE (std::filesystem::exists (instances () + "/not-an-id"));
  EXPECT_TRUE (std::filesystem::exists (instances () + "/a-file"));
  for (const char *name : { "not-an-id", "a-file", "0123456789abcdef", "fedcba9876543210" })
    std::filesystem::remove_all (instances () + "/" + name);
}

class AdoptOnBus : public OnBus {};

/* `wait` and `run` see the service die under them, and still tell the truth. */
TEST_F (AdoptOnBus, WaitersSurvive)
{
  std::string id = launch_detached ({}, { "sh", "-c", "trap 'exit 37' USR1; while :; do sleep 0.05; done" });
  Process waiting (command ({ "wait", id }));
  Record running = record (id);

  ASSERT_TRUE (catches (running.pid, SIGUSR1));
  EXPECT_TRUE (waiting.running ());
  kill_services ();
  EXPECT_TRUE (succeeds (sandboxctl ({ "kill", "-s", "USR1", id })));
  EXPECT_EQ (waiting.wait ().status, 37) << waiting.err ();
}

/* Two services at once (one on the bus, one private) see the same. */
TEST_F (AdoptOnBus, APrivateServiceBesideIt)
{
  std::string id = launch_detached ({}, { "sleep", "1000" });
  Command other = command ({ "show", "--json", id });

  other.env["SANDBOX_BUS"] = "none";
  EXPECT_EQ (Json::parse (run (other).out)["state"].text (), "running");
  other.argv = ctl ({ "stop", id });
  EXPECT_TRUE (succeeds (run (other)));
  EXPECT_TRUE (wait_for_state (id, "exited"));
  EXPECT_EQ (json ({ "show", "--json", id })["state"].text (), "exited");
}

/* Nothing to do: it goes, and the bus starts it again. */
TEST_F (AdoptOnBus, AnIdleServiceEnds)
{
  set_service_options ("--idle-timeout=1");
  EXPECT_EQ (run_in ({}, { "true" }).status, 0);
  EXPECT_EQ (services ().size (), 1u);
  EXPECT_TRUE (eventually ([this] { return services ().empty (); })) << "it stays";
  EXPECT_EQ (run_in ({}, { "sh", "-c", "exit 3" }).status, 3);
}
