/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tutorials say what is true: their profiles are taken out of the text and do what the text promises. */
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "harness.h"

using namespace e2e;

class Tutorials : public SandboxTest {
protected:
  Tutorials () : SandboxTest (Bus::SESSION)
  {
  }

  static std::string
  read (const std::string &name)
  {
    std::ifstream file (places ().source + "/docs/tutorials/" + name);
    std::ostringstream text;

    text << file.rdbuf ();
    return text.str ();
  }

  /* The block number @number of those that begin with ```@kind. */
  static std::string
  block (const std::string &text, const std::string &kind, int number)
  {
    std::string fence = "\n```" + kind + "\n";
    size_t begin = text.find (fence), end;

    for (; number > 0 && begin != std::string::npos; number--)
      begin = text.find (fence, begin + 1);
    if (begin == std::string::npos)
      throw std::runtime_error ("the tutorial has no such block: " + kind);
    begin += fence.size ();
    end = text.find ("\n```", begin);
    return text.substr (begin, end + 1 - begin);
  }

  Outcome
  shell_in (const std::string &profile, const std::string &code)
  {
    return run_in ({ "--profile=" + profile }, { "bash", "-c", code });
  }
};

TEST_F (Tutorials, TheProfileSaysWhatTheTextSays)
{
  std::string text = read ("profile.md"), profile = block (text, "ini", 0), path = dir () + "/fetch.profile", line;
  std::ofstream (path) << profile;
  EXPECT_TRUE (succeeds (sandboxctl ({ "profile", "check", path })));
  size_t at = profile.find ("shared=");
  ASSERT_NE (at, std::string::npos);
  std::ofstream (path) << profile.replace (at, 6, "shraed");
  EXPECT_TRUE (fails_with (sandboxctl ({ "profile", "check", path }), 125,
                           { "fetch.profile:7:1: unknown key \"shraed\", did you mean \"shared\"?" }));

  add_profile ("fetch", block (text, "ini", 0));
  std::string said = sandboxctl ({ "explain", "fetch" }).out;
  for (size_t space; (space = said.find ("\u00a0")) != std::string::npos;) /* between a number and its unit */
    said.replace (space, 2, " ");
  size_t begin = text.find ("```\n  ! reads,");
  ASSERT_NE (begin, std::string::npos);
  std::istringstream lines (text.substr (begin + 4, text.find ("```", begin + 4) - begin - 4));
  while (std::getline (lines, line))
    EXPECT_NE (said.find (line + "\n"), std::string::npos) << line << "\n" << said;
  EXPECT_NE (sandboxctl ({ "profile", "score", "fetch" }).out.find (" 3.9 of 10"), std::string::npos);
}

TEST_F (Tutorials, TheProfileHoldsInBothDirections)
{
  add_profile ("fetch", block (read ("profile.md"), "ini", 0));
  std::ofstream (home () + "/.bashrc") << "private\n";

  EXPECT_EQ (shell_in ("fetch", "echo hello >~/Incoming/note; ls -A ~").out, "Incoming\n");
  EXPECT_TRUE (std::filesystem::exists (home () + "/Incoming/note"));
  EXPECT_TRUE (fails_with (shell_in ("fetch", "cat ~/.bashrc"), 1, { "No such file or directory" }));
  EXPECT_NE (shell_in ("fetch", ": </dev/tcp/127.0.0.1/80").err.find ("Permission denied"), std::string::npos);
  EXPECT_EQ (shell_in ("fetch", ": </dev/tcp/127.0.0.1/443").err.find ("Permission denied"), std::string::npos);
}

/* The packager's profile opens up the document that is handed over as in the desktop entry, and nothing else. */
TEST_F (Tutorials, ThePackagersProfileAndLauncher)
{
  std::string text = read ("packagers.md"), entry = block (text, "ini", 1), document = home () + "/100% of it.txt";
  std::string file = dir () + "/org.example.Paperweight.desktop";
  add_profile ("paperweight", block (text, "ini", 0));
  std::ofstream (document) << "read me\n";
  std::ofstream (home () + "/other.txt") << "not me\n";
  std::ofstream (file) << entry;

  EXPECT_TRUE (succeeds (run (Command ({ "desktop-file-validate", file }))));
  EXPECT_TRUE (succeeds (sandboxctl ({ "explain", "--json", "paperweight" })));
  size_t begin = entry.find ("Exec=sandboxctl run "), end = entry.find (" -- paperweight @@u %U @@\n");
  ASSERT_NE (begin, std::string::npos);
  ASSERT_NE (end, std::string::npos);
  std::istringstream words (entry.substr (begin + 16, end - begin - 16));
  Argv argv;
  for (std::string word; words >> word;)
    argv.push_back (word);
  Argv tail = {
    "--",
    "sh",
    "-c",
    "f=$(printf %s \"${1#file://}\" | sed 's/%20/ /g; s/%25/%/g'); cat \"$f\"; cat ~/other.txt; echo >>\"$f\"",
    "sh",
    "@@u",
    "file://" + home () + "/100%25%20of%20it.txt",
    "@@"
  };
  argv.insert (argv.end (), tail.begin (), tail.end ());

  Outcome outcome = sandboxctl (argv);
  EXPECT_EQ (outcome.out, "read me\n") << outcome.err;
  EXPECT_NE (outcome.err.find ("other.txt: No such file"), std::string::npos) << outcome.err;
  EXPECT_NE (outcome.err.find ("Read-only file system"), std::string::npos) << outcome.err;
}
