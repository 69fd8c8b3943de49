/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A probe that no test names would never be tried. */
#include <filesystem>
#include <sstream>

#include "battery.h"

using namespace hostile;

TEST (Coverage, EveryProbeIsNamedByATest)
{
  std::string sources, program = std::string (getenv ("SBX_TEST_BUILD")) + "/tests/hostile/hostile-probe";
  std::istringstream names (run (Command ({ program, "--list" })).out);
  int n = 0;

  for (const auto &entry : std::filesystem::directory_iterator (places ().source + "/tests/hostile"))
    if (entry.path ().extension () == ".cc")
      sources += read_file (entry.path ());
  for (std::string name; std::getline (names, name); n++)
    EXPECT_NE (sources.find ("\"" + name + "\""), std::string::npos) << name;
  EXPECT_GT (n, 100);
}
