/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a sandbox was refused: counted, told in words, kept at the end; and that asking hurts nobody. */
#include "cost.h"
#include "harness.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <unistd.h>

using namespace e2e;

/* A profile of the administrator's, with the probe in it, and @more. */
static std::string
probing (const std::string &more = {})
{
  return "[Profile]\nInherits=default\n[Context]\nfilesystems=" + places ().probe + ":ro;\n" + more;
}

#define UNCOUNTED "[Seccomp]\nallow=seccomp;\n"

class Why : public WithoutBus {
protected:
  void
  TearDown () override
  {
    sandboxctl ({ "stop", "--all", "--grace=0" });
    WithoutBus::TearDown ();
  }
  void
  SetUp () override
  {
    WithoutBus::SetUp ();
    add_profile ("counted", probing ());
    add_profile ("uncounted", probing (UNCOUNTED));
    add_profile ("denying", probing ("[Seccomp]\ndeny=getcwd;getpriority;umask;\n"));
    add_profile ("mute", probing ("[Seccomp]\ndeny=execve;\n"));
  }
  /* `why --json` of it. */
  Json
  why (const std::string &id)
  {
    Outcome outcome = sandboxctl ({ "why", "--json", id });

    EXPECT_TRUE (succeeds (outcome));
    return Json::parse (outcome.out);
  }
  /* How often the call @name was refused, of whatever kind. */
  static long long
  count (const Json &answer, const std::string &name)
  {
    long long sum = 0;

    for (const Json &row : answer["denied"].items ())
      if (row["object"].text () == name)
        sum += row["count"].number ();
    return sum;
  }
  static bool
  advises (const Json &row, const std::string &words)
  {
    std::vector<Json> remedies = row["remedies"].items ();

    return std::any_of (remedies.begin (), remedies.end (),
                        [&words] (const Json &one) { return one["line"].text () == words; });
  }
  /* A probe in a detached sandbox that stays for a while when it is done. */
  std::string
  launch_probe (const std::string &profile, const std::string &words)
  {
    return launch_detached ({ "--profile=" + profile }, { "sh", "-c", places ().probe + " " + words + "; sleep 600" });
  }
};

/* The caller gets the error of the table, and the count, the process and what would allow it are told. */
TEST_F (Why, CallsAreCounted)
{
  std::string id = launch_probe ("counted", "refused 3 tester");

  ASSERT_TRUE (eventually ([&] { return count (why (id), "setns") == 3; })) << why (id).dump ();
  Json answer = why (id);
  EXPECT_TRUE (answer["system-calls-counted"].boolean ());
  for (const Json &row : answer["denied"].items ())
    if (row["object"].text () == "setns") {
      EXPECT_EQ (row["source"].text (), "system-call");
      EXPECT_EQ (row["error"].text (), "EPERM");
      EXPECT_EQ (row["process"].text (), "tester");
      EXPECT_LE (row["first"].number (), row["last"].number ());
      EXPECT_NEAR (static_cast<double> (row["last"].number ()) / 1e6, static_cast<double> (time (nullptr)), 60);
      EXPECT_TRUE (advises (row, "features=userns;")) << row.dump ();
      EXPECT_TRUE (advises (row, "allow=setns;")) << row.dump ();
      for (const Json &remedy : row["remedies"].items ())
        EXPECT_NE (remedy["risk"].text (), "") << row.dump ();
    }
  std::string text;
  /* A service that has just come knows what was written down, until the keeper has told it the rest */
  EXPECT_TRUE (eventually ([&] {
    text = sandboxctl ({ "why", id }).out;
    return text.find ("setns: EPERM (3 times") != std::string::npos;
  })) << text;
  EXPECT_NE (text.find ("first by \"tester\""), std::string::npos) << text;
  EXPECT_NE (text.find ("`run --allow=userns`, would allow it"), std::string::npos) << text;
}

/* The control: what is allowed is not there, and each of what is refused is, with the error that it has uncounted. */
TEST_F (Why, TheErrorIsTheSame)
{
  Outcome counted = run (probe ({}, { "calls" }));
  Outcome without = run (probe ({ "--profile=uncounted" }, { "calls" }));
  ASSERT_TRUE (succeeds (counted));
  ASSERT_TRUE (succeeds (without));
  Json here = Json::parse (counted.out), there = Json::parse (without.out);
  ASSERT_GT (here.members ().size (), 20u);
  for (const std::string &call : here.members ())
    EXPECT_EQ (here[call].dump (), there[call].dump ()) << call;
}

TEST_F (Why, WhereTheProfileLeavesItToTheApplication)
{
  std::string id = launch_probe ("uncounted", "refused 3 tester");
  std::string counted = launch_probe ("counted", "refused 1 tester");

  ASSERT_TRUE (eventually ([&] { return count (why (counted), "setns") == 1; }));
  EXPECT_FALSE (why (id)["system-calls-counted"].boolean ());
  EXPECT_EQ (why (id)["denied"].size (), 0u);
  EXPECT_NE (sandboxctl ({ "why", id }).out.find ("allow=seccomp"), std::string::npos);
}

/* Who would be asked instead of the keeper could let the call through: there is no second one. Filters of the
 * application's own are as ever, and where the profile says so it may be asked itself. */
TEST_F (Why, NobodyElseIsAsked)
{
  Json refused = Json::parse (run (probe ({}, { "listener" })).out);
  Json allowed = Json::parse (run (probe ({ "--profile=uncounted" }, { "listener" })).out);

  EXPECT_EQ (refused["listener"].text (), "EBUSY");
  EXPECT_EQ (refused["filter"].text (), "OK");
  EXPECT_EQ (allowed["listener"].text (), "OK");
}

/* A call that the profile denies, those among them that init makes before and while there is a child. */
TEST_F (Why, WhatTheProfileDenies)
{
  std::string id = launch_detached ({ "--profile=denying" }, { "sleep", "600" });

  ASSERT_TRUE (eventually ([&] { return count (why (id), "getcwd") > 0; })) << why (id).dump ();
  for (const Json &row : why (id)["denied"].items ())
    EXPECT_NE (row["notes"].dump ().find ("deny="), std::string::npos) << row.dump ();
  EXPECT_TRUE (fails_with (run_in ({ "--profile=mute" }, { "true" }), 126, { "true" }));
}

/* Names are chosen inside. */
/* What is not heard of depends on what the sandbox has. */
TEST_F (Why, TheNetworkIsSaidAsItIs)
{
  static const std::pair<const char *, const char *> rows[] = {
    { "", "network: it has none" }, { "private-network", "network: what its private network" }, { "network", nullptr }
  };

  for (const auto &[network, said] : rows) {
    add_profile ("reaching", std::string ("[Context]\nshared=") + network + "\n");
    std::string id = launch_detached ({ "--profile=reaching" }, { "sleep", "1000" });
    std::string out = sandboxctl ({ "why", id }).out;

    EXPECT_NE (out.find ("Not counted here:"), std::string::npos) << out;
    EXPECT_EQ (out.find ("network:") != std::string::npos, said != nullptr) << network << "\n" << out;
    EXPECT_NE (out.find (said ? said : "files:"), std::string::npos) << network << "\n" << out;
  }
}

TEST_F (Why, NamesAreHarmless)
{
  std::string id = launch_probe ("counted", "refused 1 \"$(printf '\\033[31m\\nx\\377')\"");

  ASSERT_TRUE (eventually ([&] { return count (why (id), "setns") == 1; }));
  std::string text = sandboxctl ({ "why", id }).out;
  EXPECT_NE (text.find ("by \"?[31m"), std::string::npos) << text;
  EXPECT_EQ (text.find ('\033'), std::string::npos);
  EXPECT_EQ (text.find ("\nx"), std::string::npos);
}

class WhyLater : public OnBus {
protected:
  void
  SetUp () override
  {
    OnBus::SetUp ();
    add_profile ("counted", probing ());
  }
  void
  TearDown () override
  {
    sandboxctl ({ "stop", "--all", "--grace=0" });
    OnBus::TearDown ();
  }
};

/* What has ended is told of by the service that has seen it, and by one that has not. */
TEST_F (WhyLater, OfOneThatHasEnded)
{
  std::string id = launch_detached ({ "--profile=counted" }, { places ().probe, "refused", "5", "tester" });

  ASSERT_TRUE (wait_for_state (id, "exited"));
  EXPECT_NE (sandboxctl ({ "why", id }).out.find ("setns: EPERM (5 times"), std::string::npos);
  kill_services ();
  std::string text = sandboxctl ({ "why", id }).out;
  EXPECT_NE (text.find ("setns: EPERM (5 times"), std::string::npos) << text;
  EXPECT_NE (text.find ("by \"tester\""), std::string::npos) << text;
}

/* A service that comes later knows what was refused before. */
TEST_F (WhyLater, OfOneThatWentOn)
{
  std::string id =
      launch_detached ({ "--profile=counted" }, { "sh", "-c", places ().probe + " refused 5 tester; sleep 600" });
  auto said = [&] { return sandboxctl ({ "why", id }).out.find ("setns: EPERM (5 times") != std::string::npos; };

  ASSERT_TRUE (eventually (said));
  kill_services ();
  EXPECT_TRUE (eventually (said));
}

TEST_F (WhyLater, Follow)
{
  std::string id = launch_detached ({ "--profile=counted" }, { "sleep", "600" });
  Process following (command ({ "why", "--follow", id }));

  ASSERT_TRUE (eventually ([&] { return !sandboxctl ({ "why", id }).out.empty (); }));
  EXPECT_TRUE (succeeds (run (command ({ "exec", id, "--", places ().probe, "refused", "2", "late" }))));
  EXPECT_TRUE (following.expect ("setns: EPERM (2 times")) << following.out ();
  EXPECT_TRUE (succeeds (run (command ({ "exec", id, "--", places ().probe, "refused", "2", "later" }))));
  EXPECT_TRUE (following.expect ("setns: EPERM (4 times")) << following.out ();
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
  EXPECT_EQ (following.wait ().status, 0);
}

/* Signals do not change the answer, where they begin calls anew. */
TEST_F (Why, SignalsChangeNothing)
{
  Json answer = Json::parse (run (probe ({}, { "refused-under-signals", "4000" })).out);

  EXPECT_GT (answer["signals"].number (), 10) << answer.dump ();
  EXPECT_EQ (answer["others"].number (), 0) << answer.dump ();
}

using WhyFaults = Why;

/* Four threads that are refused as fast as they can, in more kinds than are kept, for some seconds. */
TEST_F (WhyFaults, AStorm)
{
  std::string id = launch_detached ({ "--profile=counted" }, { places ().probe, "storm" });

  ASSERT_TRUE (eventually ([&] { return sandboxctl ({ "why", id }).out.find ("keyctl") != std::string::npos; }));
  Cost keeper (record (id).keeper);
  sleep (5);
  EXPECT_TRUE (keeper.is_within ("a storm", 0.05));
  EXPECT_LE (keeper.grown_kib (), 64);
  Json answer = Json::parse (sandboxctl ({ "why", "--json", id }).out);
  EXPECT_LE (answer["denied"].size (), 32u);
  EXPECT_GT (answer["more"].number (), 0);
  /* Neither its keeper nor another one is busy with it */
  EXPECT_TRUE (succeeds (run_in ({}, { "true" })));
  Json other = Json::parse (run (probe ({ "--profile=counted" }, { "refused", "1000" })).out);
  EXPECT_EQ (other["error"].text (), "EPERM");
  EXPECT_TRUE (keeper.is_within ("the same, while others are refused things", 0.05));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
}

/* What is not refused costs what it did, and what is, some microseconds. */
TEST_F (WhyFaults, WhatItCosts)
{
  double with = 1e9, without = 1e9;

  for (int i = 0; i < 5; i++) {
    Json counted = Json::parse (run (probe ({}, { "refused", "1000" })).out);
    Json plain = Json::parse (run (probe ({ "--profile=uncounted" }, { "refused", "1000" })).out);

    EXPECT_EQ (counted["error"].text (), plain["error"].text ());
    with = std::min (with, strtod (counted["refused"].dump ().c_str (), nullptr));
    without = std::min (without, strtod (plain["refused"].dump ().c_str (), nullptr));
  }
  RecordProperty ("refused_us", std::to_string (with));
  RecordProperty ("uncounted_us", std::to_string (without));
  std::printf ("a refused call: %.2f us, uncounted %.2f us\n", with, without);
  EXPECT_LE (with - without, 200); /* under load, on any machine; 10 on an idle one (docs/benchmarks.md) */
}

/* A keeper that is stopped holds up who is refused, who can be killed all the same, and nobody else; when it goes on,
 * so does everybody. */
TEST_F (WhyFaults, AStoppedKeeper)
{
  std::string id =
      launch_detached ({ "--profile=counted" }, { "sh", "-c", places ().probe + " storm & while :; do :; done" });
  Record running = record (id);
  pid_t aside = running.pid, storm = 0;
  auto find_storm = [&] {
    for (const ProcessInfo &p : descendants (aside))
      if (p.name == "probe")
        storm = p.pid;
    return storm > 0;
  };

  ASSERT_TRUE (eventually (find_storm));
  ASSERT_TRUE (eventually ([&] { return sandboxctl ({ "why", id }).out.find ("keyctl") != std::string::npos; }));
  ASSERT_EQ (kill (running.keeper, SIGSTOP), 0);
  usleep (100000); /* whoever was on the way waits now */
  double held = processor_of (storm), before = processor_of (aside);
  EXPECT_TRUE (eventually ([&] { return processor_of (aside) > before + 0.2; }));
  EXPECT_LE (processor_of (storm), held);
  ASSERT_EQ (kill (running.keeper, SIGCONT), 0);
  EXPECT_TRUE (eventually ([&] { return processor_of (storm) > held; }));
  ASSERT_EQ (kill (running.keeper, SIGSTOP), 0);
  ASSERT_EQ (kill (storm, SIGKILL), 0);
  EXPECT_TRUE (eventually ([&] { return !process_exists (storm); }));
  ASSERT_EQ (kill (running.keeper, SIGCONT), 0);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
}

/* A keeper that is killed in a storm leaves nobody who waits for it. */
TEST_F (WhyFaults, AKilledKeeper)
{
  std::string id = launch_detached ({ "--profile=counted" }, { places ().probe, "storm" });
  Record before = record (id);

  ASSERT_TRUE (eventually ([&] { return sandboxctl ({ "why", id }).out.find ("keyctl") != std::string::npos; }));
  ASSERT_EQ (kill (before.keeper, SIGKILL), 0);
  EXPECT_TRUE (eventually ([&] { return kill (before.pid, 0) < 0; }));
  EXPECT_NE (sandboxctl ({ "why", id }).out.find ("would allow it"),
             std::string::npos); /* what was told before stays */
  expect_nothing_left ();
}
