/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sandboxctl loads: little for what starts a process, and all of it for the rest, which is the same program to
 * people. */
#include <cstring>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <unistd.h>

#include "harness.h"

using namespace e2e;
namespace fs = std::filesystem;

static constexpr size_t FEW = 6; /* the linker itself, libc, GLib, and what GLib needs: libm and PCRE in Debian 12 */

class Lean : public OnBus {
protected:
  /* The libraries that the dynamic linker has loaded for @words, as it says itself (ld.so(8), LD_DEBUG), whatever the
   * programs that it becomes or starts outside; what runs inside does not get the variable. */
  std::set<std::string>
  libraries (const Argv &words, Outcome *outcome)
  {
    std::string log = dir () + "/loaded";
    std::set<std::string> found;

    set_env ("LD_DEBUG", "files");
    set_env ("LD_DEBUG_OUTPUT", log + "/of");
    fs::remove_all (log);
    fs::create_directory (log);
    *outcome = sandboxctl (words);
    set_env ("LD_DEBUG", std::nullopt);
    set_env ("LD_DEBUG_OUTPUT", std::nullopt);
    for (const auto &entry : fs::directory_iterator (log)) {
      std::istringstream lines (read_file (entry.path ()));

      for (std::string line; std::getline (lines, line);)
        if (size_t at = line.find ("calling init: "); at != std::string::npos)
          if (std::string path = line.substr (at + strlen ("calling init: ")); path.find (".so") != std::string::npos)
            found.insert (fs::path (path).filename ());
    }
    return found;
  }
  static std::string
  join (const std::set<std::string> &names)
  {
    std::string text;

    for (const std::string &name : names)
      text += name + " ";
    return text;
  }
  /* Those of @words, which succeed, are few, and GIO is not among them. */
  void
  expect_few (const Argv &words, const std::string &out)
  {
    Outcome outcome;
    std::set<std::string> found = libraries (words, &outcome);

    EXPECT_TRUE (succeeds (outcome));
    EXPECT_EQ (outcome.out, out);
    EXPECT_GE (found.size (), 2u) << join (found);
    EXPECT_LE (found.size (), FEW) << join (found);
    for (const std::string &name : found)
      EXPECT_TRUE (name.rfind ("libgio", 0) == std::string::npos && name.rfind ("libgobject", 0) == std::string::npos)
          << name;
  }
};

TEST_F (Lean, WhatStartsAProcessLoadsLittle)
{
  EXPECT_TRUE (succeeds (sandboxctl ({ "ps" }))); /* the service runs */
  expect_few ({ "run", "--", "echo", "x" }, "x\n");
  expect_few ({ "run", "--profile=strict", "--env=A=b", "--cwd=/", "--", "sh", "-c", "echo $A" }, "b\n");
  Outcome outcome = sandboxctl ({ "run", "--detach", "--", "sleep", "1000" });
  std::string id = outcome.out.substr (0, outcome.out.find ('\n'));

  ASSERT_TRUE (succeeds (outcome));
  expect_few ({ "exec", id, "--", "echo", "x" }, "x\n");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
}

/* That the count would show more. */
TEST_F (Lean, TheOthersLoadMore)
{
  Outcome outcome;
  std::set<std::string> found = libraries ({ "ps" }, &outcome);

  EXPECT_TRUE (succeeds (outcome));
  EXPECT_GT (found.size (), FEW) << join (found);
  EXPECT_EQ (found.count ("libgio-2.0.so.0"), 1u) << join (found);
}

/* What is wrong is said as before, by whichever of both. */
TEST_F (Lean, IsOneProgramToPeople)
{
  const struct {
    Argv words;
    int status;
    std::string out, err;
  } rows[] = {
    { { "--version" }, 0, "sandboxctl ", "" },
    { { "--help" }, 0, "Usage: sandboxctl VERB", "" },
    { { "help", "run" }, 0, "sandboxctl run", "" },
    { { "run", "--help" }, 0, "sandboxctl run", "" },
    { {}, 125, "", "Usage: sandboxctl VERB" },
    { { "rum" }, 125, "", "there is no verb \"rum\"" },
    { { "run" }, 125, "", "a command is missing" },
    { { "run", "--detatch", "--", "true" }, 125, "", "--detach" },
    { { "run", "--profile=defualt", "--", "true" }, 125, "", "did you mean \"default\"?" },
    { { "run", "--", "/no/such" }, 127, "", "/no/such" },
    { { "exec", "0123456789abcdef", "--", "true" }, 125, "", "0123456789abcdef" },
    { { "stop", "0123456789abcdef" }, 125, "", "0123456789abcdef" },
  };

  for (const auto &row : rows) {
    Outcome outcome = sandboxctl (row.words);

    EXPECT_EQ (outcome.status, row.status) << (row.words.empty () ? "" : row.words[0]) << outcome.err;
    EXPECT_NE (outcome.out.find (row.out), std::string::npos) << outcome.out;
    EXPECT_NE (outcome.err.find (row.err), std::string::npos) << outcome.err;
    EXPECT_EQ ((outcome.out + outcome.err).find ("sandboxctl-verbs"), std::string::npos) << outcome.out << outcome.err;
  }
}
