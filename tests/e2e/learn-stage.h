/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A home with what is the user's in it, and programs that are learned there. */
#pragma once

#include "harness.h"

#include <filesystem>
#include <string>

#define HAS(text, words) EXPECT_NE ((text).find (words), std::string::npos) << (text)
#define LACKS(text, words) EXPECT_EQ ((text).find (words), std::string::npos) << (text)

namespace e2e {

class LearnStage : public WithoutBus {
protected:
  void
  SetUp () override
  {
    WithoutBus::SetUp ();
    start_authority (true);
    for (const char *name : { "/Documents", "/Projects/one", "/.ssh", "/.mozilla", "/.config/tool" })
      std::filesystem::create_directories (home () + name);
    write_file (home () + "/Documents/a.odt", "a letter\n");
    write_file (home () + "/Documents/b.odt", "another\n");
    write_file (home () + "/Projects/one/file", "work\n");
    write_file (home () + "/.ssh/id_ed25519", "secret\n");
    write_file (home () + "/.bashrc", "# shell\n");
    write_file (home () + "/.mozilla/cookies", "secret\n");
    write_file (home () + "/.config/tool/x", "a setting\n");
  }
  void
  TearDown () override
  {
    sandboxctl ({ "stop", "--all", "--grace=0" });
    WithoutBus::TearDown ();
  }
  Outcome
  learn (const Argv &options, const Argv &words)
  {
    Argv all = { "learn" };

    all.insert (all.end (), options.begin (), options.end ());
    all.push_back ("--");
    all.insert (all.end (), words.begin (), words.end ());
    return sandboxctl (all);
  }
  /* `learn @options -- sh -c @script` */
  Outcome
  learn_script (const Argv &options, const std::string &script)
  {
    return learn (options, { "sh", "-c", script });
  }
  /* The learner of that instance; 0: there is none. */
  static pid_t
  find_learner (const Record &instance)
  {
    for (const ProcessInfo &one : descendants (instance.keeper))
      if (one.name == "sandbox-learner")
        return one.pid;
    return 0;
  }
  std::string
  profile (const std::string &name) const
  {
    return read_file (user_profiles () + "/" + name + ".profile");
  }
};

} // namespace e2e
