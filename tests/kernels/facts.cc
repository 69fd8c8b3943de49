/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "facts.h"

#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <sys/syscall.h>
#include <unistd.h>

namespace e2e {

static constexpr long LANDLOCK_CREATE_RULESET = 444; /* the same on every architecture */

static Facts
find_out ()
{
  Facts found;
  long abi = syscall (LANDLOCK_CREATE_RULESET, nullptr, 0, 1 /* its version */);
  std::string yama = read_file ("/proc/sys/kernel/yama/ptrace_scope");

  found.abi = abi < 0 ? 0 : static_cast<int> (abi);
  found.yama = yama.empty () ? -1 : atoi (yama.c_str ());
  return found;
}

static Facts
read_facts (const char *text)
{
  Facts told;
  std::istringstream words (text);
  std::string word;

  told.told = true;
  while (words >> word) {
    std::string key = word.substr (0, word.find ('=')), value = word.substr (word.find ('=') + 1);

    if (key == "abi")
      told.abi = atoi (value.c_str ());
    else if (key == "yama")
      told.yama = atoi (value.c_str ());
    else if (key == "pidns")
      told.pidns = value == "1";
    else if (key == "userns")
      told.userns = value;
    else
      throw std::runtime_error ("SBX_KERNEL_FACTS: what is " + word);
  }
  return told;
}

const Facts &
facts ()
{
  static const Facts known = getenv ("SBX_KERNEL_FACTS") ? read_facts (getenv ("SBX_KERNEL_FACTS")) : find_out ();

  return known;
}

std::string
number_inside (pid_t pid)
{
  std::istringstream lines (read_file ("/proc/" + std::to_string (pid) + "/status"));
  std::string line;

  while (std::getline (lines, line))
    if (line.compare (0, 6, "NSpid:") == 0)
      return line.substr (line.rfind ('\t') + 1);
  throw std::runtime_error ("no NSpid of " + std::to_string (pid));
}

void
KernelTest::SetUp ()
{
  SandboxTest::SetUp ();
  add_profile ("lenient", "[Profile]\nName=lenient\nInherits=default\n[Context]\nfeatures=no-landlock;\n");
  add_profile ("lenient-browser",
               "[Profile]\nName=lenient-browser\nInherits=browser\n[Context]\nfeatures=no-landlock;\n");
}

}
