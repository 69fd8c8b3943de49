/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of single facilities have in common: a profile that is `default` and one thing more, and the same
 * script with that thing and without it. */
#pragma once

#include "harness.h"

namespace e2e {

class Facility : public SandboxTest {
protected:
  explicit Facility (Bus bus = Bus::NONE) : SandboxTest (bus)
  {
  }
  /* Puts `default` and @groups into the profile "tested". */
  void define (const std::string &groups);
  /* Runs @script under that. */
  Outcome under (const std::string &groups, const std::string &script, const Argv &options = {});
  /* The script's output with the facility and without it. */
  void expect_both (const std::string &groups, const std::string &script, const std::string &with,
                    const std::string &without);
  /* A directory of the user's, with a file in it. Returns its path. */
  std::string make_directory (const std::string &name);
};

/* A socket that listens at @path. */
Fd listen_at (const std::string &path);
/* Words of a shell that say "connected" or "refused". */
std::string connect_at (const std::string &path);

}
