/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instances that are changed while they run, and some files for them. */
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "harness.h"

using namespace e2e;
namespace fs = std::filesystem;

inline void
make_file (const std::string &path, const std::string &text)
{
  fs::create_directories (fs::path (path).parent_path ());
  std::ofstream (path) << text;
}

class Live : public OnBus {
protected:
  virtual bool
  is_approved () const
  {
    return true;
  }
  void
  SetUp () override
  {
    OnBus::SetUp ();
    if (is_approved ())
      start_authority (true);
    make_file (home () + "/doc/file", "secret");
    make_file (home () + "/doc/sub/file", "deeper");
    make_file (home () + "/other/file", "other");
  }
  void
  TearDown () override
  {
    for (const Record &r : records ())
      if (r.state == "running") {
        EXPECT_TRUE (succeeds (sandboxctl ({ "stop", r.id, "--grace=0" })));
      }
    OnBus::TearDown ();
  }
  std::string
  start (const Argv &options)
  {
    Argv all = { "--profile=devel", "--allow=weak-covers" };

    all.insert (all.end (), options.begin (), options.end ());
    return launch_detached (all, { "sleep", "1000" });
  }
  /* What @script says inside. */
  std::string
  say (const std::string &id, const std::string &script)
  {
    Outcome outcome = sandboxctl ({ "exec", id, "--", "sh", "-c", script });

    return outcome.out;
  }
  bool
  works (const std::string &id, const std::string &script)
  {
    return sandboxctl ({ "exec", id, "--", "sh", "-c", script }).status == 0;
  }
  bool
  reads (const std::string &id, const std::string &path)
  {
    return works (id, "cat " + path);
  }
  bool
  writes (const std::string &id, const std::string &directory)
  {
    return works (id, "echo x > " + directory + "/written");
  }
};

/* Waits until @script says @text inside. */
#define EXPECT_SOON(id, script, text)                                                                                  \
  do {                                                                                                                 \
    std::string said;                                                                                                  \
    for (int tries = 0; tries < 100 && said != (text); tries++) {                                                      \
      said = say (id, script);                                                                                         \
      std::this_thread::sleep_for (std::chrono::milliseconds (20));                                                    \
    }                                                                                                                  \
    EXPECT_EQ (said, text) << script;                                                                                  \
  } while (0)
