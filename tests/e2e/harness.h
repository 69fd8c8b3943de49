/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every end-to-end test stands on: a home, a runtime directory and a bus of its own, the programs under test, and
 * the check that nothing is left behind. */
#pragma once

#include <gio/gio.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>

#include "json.h"
#include "process.h"

namespace e2e {

/* LOGIN: that of the user's login session, and with it the real systemd user manager, where one runs. */
enum class Bus { SESSION, NONE, LOGIN };

/* Where the programs under test are: a build tree, or an installed one (SBX_TEST_PREFIX). */
struct Places {
  std::string sandboxctl, sandboxd, keeper, init, dump, open, session, promise_probe, profiles, probe, authority,
      late_end, source;
};
const Places &places ();

/* An ended or running instance as its record says. */
struct Record {
  std::string id, state, culprit, text;
  pid_t pid, init, keeper;
  int wait_status;
};

class SandboxTest : public ::testing::Test {
protected:
  explicit SandboxTest (Bus bus) : bus_ (bus)
  {
  }
  void SetUp () override;
  void TearDown () override;

  /* Before the first use of the bus: options that it gives to the service, which keeps no sandboxes ready unless
   * --prepared= is among them (their processes would come and go where others are counted) … */
  void
  set_service_options (const std::string &options)
  {
    service_options_ = " " + options;
  }
  /* … and what the service gets in its environment. */
  void set_env (const std::string &name, const std::optional<std::string> &value);
  Bus
  bus () const
  {
    return bus_;
  }
  const std::string &
  dir () const
  {
    return dir_;
  }
  std::string
  home () const
  {
    return dir_ + "/home";
  }
  std::string runtime () const;
  std::string
  instances () const
  {
    return runtime () + "/sandbox";
  }
  /* A system bus with an authority that says the same to every question; there is none otherwise. */
  void
  start_authority (bool yes)
  {
    start_authority_that_says (yes ? "yes" : "no");
  }
  /* … or what a word of mock-authority's means. */
  void start_authority_that_says (const std::string &answer);
  /* As an administrator would: PROFILE.profile in the directory that stands for /etc. */
  void add_profile (const std::string &name, const std::string &content);
  void add_user_profile (const std::string &name, const std::string &content);
  std::string admin_profiles () const;
  std::string user_profiles () const;

  /* sandboxctl with @words. */
  Argv ctl (const Argv &words) const;
  Command command (const Argv &words) const;
  Outcome sandboxctl (const Argv &words);
  /* sandboxctl run @options -- @words, to the end. */
  Outcome run_in (const Argv &options, const Argv &words);
  /* The same with --json or without where the output is what matters: fails unless it succeeds. */
  Json json (const Argv &words);
  /* What `top --once` has of the instance @id: the words of its row, ID APP PROFILE CPU
   * MEMORY UNIT TASKS HANDLERS REFUSED, from 0; IN/S and OUT/S, "-" or a number and its unit, and COMMAND follow. */
  std::string top_cell (const std::string &id, size_t column);

  /* `run --detach …`; the instance's id. The test ends it, or the fixture does. */
  std::string launch_detached (const Argv &options, const Argv &words);
  std::vector<Record> records () const;
  Record record (const std::string &id) const;
  /* The only running instance that is not in @known. Waits for it. */
  Record new_instance (const std::set<std::string> &known = {});
  bool wait_for_state (const std::string &id, const std::string &state);
  /* The host's pid of the instance's bwrap that waits in the keeper's place. */
  pid_t bwrap_of (const Record &record);

  /* The services: what runs of ours besides instances. */
  std::vector<pid_t> services ();
  /* SIGKILL to every sandboxd; waits until those are gone. */
  void kill_services ();
  GDBusConnection *connection ();
  void disconnect ();

  /* Which program that is, see below. */
  virtual std::string
  probe_program () const
  {
    return places ().probe;
  }
  /* A probe that can be run in any sandbox, as descriptor @number and command /proc/self/fd/@number. */
  Command probe (const Argv &options, const Argv &words, int number = 200);
  /* The same for other verbs: `@verb @options -- PROBE @words`. */
  Command probe_with (const Argv &verb, const Argv &words, int number = 200);

  /* Reads what the buses and the authority have said so far. A test that asks for hundreds of things does so now and
   * then: a pipe that is full would hold them up. */
  void hear_out ();

  /* Every process below this one except the bus; waits until there is none. Called by TearDown () too. */
  void expect_nothing_left (bool services_may_stay = true);
  std::string marker () const;

private:
  void make_directories ();
  void start_bus ();
  std::unique_ptr<Process> start_dbus (const std::string &name, const std::string &socket);
  bool is_ours (pid_t pid) const; /* a bus or an authority of the test's */

  Bus bus_;
  std::string dir_, service_options_, mounts_before_;
  Environment saved_;
  std::unique_ptr<Process> bus_process_, system_bus_, authority_;
  GDBusConnection *connection_ = nullptr;
  Fd probe_;
};

/* Tests that must hold with a session bus and without one. */
class EitherBus : public SandboxTest, public ::testing::WithParamInterface<Bus> {
protected:
  EitherBus () : SandboxTest (GetParam ())
  {
  }
};

class OnBus : public SandboxTest {
protected:
  OnBus () : SandboxTest (Bus::SESSION)
  {
  }
};

class WithoutBus : public SandboxTest {
protected:
  WithoutBus () : SandboxTest (Bus::NONE)
  {
  }
};

#define EITHER_BUS(suite)                                                                                              \
  INSTANTIATE_TEST_SUITE_P (, suite, ::testing::Values (Bus::SESSION, Bus::NONE),                                      \
                            [] (const auto &info) { return info.param == Bus::SESSION ? "bus" : "nobus"; })

/* Exit status and a message that says @words, on one line and not empty-handed. */
::testing::AssertionResult fails_with (const Outcome &outcome, int status, const std::vector<std::string> &words);
/* The words of `run @options -- @words`. */
Argv run_words (const Argv &options, const Argv &words);
::testing::AssertionResult succeeds (const Outcome &outcome);

}
