/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The battery: probes that are refused in a sandbox, each beside a control in which the same probe succeeds because the
 * protection is not there. A probe whose control does not succeed says nothing, and is a failure. */
#pragma once

#include "e2e/harness.h"

namespace hostile {

using namespace e2e;

/* Who starts the sandboxes: a user whom polkit lets do everything, without a bus; one whom it lets launch and nothing
 * else, on a bus; root. */
enum class Who { USER, LAUNCHER, ROOT };

/* A way to run the probe: its words in, the command out. */
using Way = std::function<Command (const Argv &words)>;

class Battery : public SandboxTest, public ::testing::WithParamInterface<Who> {
protected:
  explicit Battery (Bus bus = GetParam () == Who::LAUNCHER ? Bus::SESSION : Bus::NONE) : SandboxTest (bus)
  {
  }
  /* A home with everything where it usually is: ~/.config, ~/.local/share, ~/.local/state. */
  void SetUp () override;
  void TearDown () override;

  std::string probe_program () const override;

  /* A word KEY=VALUE for every probe from now on. */
  void give (const std::string &key, const std::string &value);
  /* What the authority says from now on: yes, no or launch. */
  void say (const std::string &answer);

  /* In a sandbox of the profile @name, which is `default` and @groups. All have the same application id. */
  Way inside (const std::string &groups, const Argv &options = {}, const std::string &name = "battery");
  /* As another program of the user's, by way of @wrapper. */
  Way outside (const Argv &wrapper = {});
  /* In the running instance @id, or as a handler of it with @profile. */
  Way beside (const std::string &id);
  Way attached (const std::string &id, const std::string &profile);

  /* Each of @probes is refused in the @held way and succeeds in the way of the @control. @more words are for the first
   * only. */
  void hold (const Argv &probes, const Way &held, const Way &control, const Argv &more = {});
  /* The same for one that no program of its own can judge: @held and @control say what was possible, "" if nothing was.
   */
  void hold (const std::string &name, const std::string &held, const std::string &control);
  /* On a kernel with less of Landlock than @abi: whether that is so. A sandbox of @groups is refused there then. */
  bool refused_below (int abi, const std::string &groups);

  /* Somebody of the user's outside, who is told to the probes as "targets", and whose abstract socket is "abstract". */
  void need_bystander ();
  /* An instance whose application is such a bystander; its id. */
  std::string launch_bystander (const std::string &groups);
  /* Stops an instance, whoever may. */
  void end (const std::string &id);
  /* Starts the probe as @words, waits for "ready …", and returns what follows that. It ends with the test. */
  std::string start (const Argv &words);

private:
  std::map<std::string, std::string> lines (const Way &way, const Argv &words, const Argv &probes);

  Argv words_;
  std::vector<std::unique_ptr<Process> > helpers_;
};

/* A socket of IPv4 at 127.0.0.1, at a port that is free. */
Fd listen_at_port (int type, int &port);

#define AS_EVERYBODY(suite)                                                                                            \
  INSTANTIATE_TEST_SUITE_P (, suite, ::testing::Values (Who::USER, Who::LAUNCHER, Who::ROOT), hostile::name_of)
#define AS_USER_AND_ROOT(suite)                                                                                        \
  INSTANTIATE_TEST_SUITE_P (, suite, ::testing::Values (Who::USER, Who::ROOT), hostile::name_of)
#define AS_USERS(suite)                                                                                                \
  INSTANTIATE_TEST_SUITE_P (, suite, ::testing::Values (Who::USER, Who::LAUNCHER), hostile::name_of)
#define AS_ROOT(suite) INSTANTIATE_TEST_SUITE_P (, suite, ::testing::Values (Who::ROOT), hostile::name_of)

std::string name_of (const ::testing::TestParamInfo<Who> &info);

}
