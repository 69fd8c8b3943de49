/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tutorials say what is true: their profiles are taken out of the text and do what the text promises. */
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
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

namespace {

struct Row {
  const char *page, *line; /* as in the text, without its remark */
  const char *from, *to;   /* what a test cannot have, and what stands for it */
  const char *prints;      /* a regular expression of what is printed, on either stream */
  int status = 0;
};

const Row rows[] = {
  { "profile.md", "sandboxctl run -- curl -sSO https://example.org/", "curl -sSO https://example.org/",
    "getent hosts example.org", "^$", 2 },
  { "profile.md", "sandboxctl explain default", "", "", "sees no processes but its own" },
  { "profile.md", "sandboxctl explain fetch", "", "", "! reads, changes and deletes the files in ~/Incoming" },
  { "profile.md", "sandboxctl profile diff default fetch", "", "", "\\+ .*network" },
  { "profile.md", "sandboxctl profile show fetch", "", "", "fetch\\.profile:[0-9]+" },
  { "profile.md", "sandboxctl profile score fetch", "", "", "3\\.9.* of 10" },
  { "profile.md", "sandboxctl run --profile=fetch -- sh -c 'echo hello >~/Incoming/note; ls -A ~'", "", "",
    "^Incoming\n$" },
  { "profile.md", "sandboxctl run --profile=fetch -- sh -c 'cat ~/.bashrc'", "", "", "No such file or directory", 1 },
  { "profile.md", "sandboxctl run --profile=fetch -- bash -c ': </dev/tcp/127.0.0.1/80'", "", "", "Permission denied",
    1 },
  { "profile.md", "sandboxctl run --profile=fetch -- ps ax", "", "", "^[^\n]*PID[^\n]*\n([^\n]*\n){1,2}$" },
  { "profile.md", "sandboxctl learn --app-id=org.example.Letters -- letters ~/Documents/first.txt",
    "-- letters ~/Documents/first.txt", "--write -- ls ~/debian", "\\[Context\\] filesystems=~/debian:ro", 2 },
  { "profile.md", "sandboxctl learn --app-id=org.example.Letters --replay -- letters ~/Documents/first.txt",
    "letters ~/Documents/first.txt", "ls ~/debian", "suffices" },
  { "desktop.md", "sandboxctl desktop install evince", "", "",
    "^org.gnome.Evince.desktop: starts in a sandbox, under the profile evince\n  launcher " },
  { "desktop.md", "mkdir -p ~/.config/sandbox/profiles/evince.profile.d", "", "", "^$" },
  { "desktop.md", "printf '[Context]\\nforward=rw\\n' >~/.config/sandbox/profiles/evince.profile.d/save.conf", "", "",
    "^$" },
  { "desktop.md", "sandboxctl explain strict", "", "", "sees no processes but its own" },
  { "desktop.md", "sandboxctl desktop install --profile=offline org.gnome.Evince.desktop", "", "",
    "under the profile offline" },
  { "desktop.md", "sandboxctl desktop remove evince", "", "", "" },
  { "packagers.md", "sandboxctl profile check debian/paperweight.profile", "", "", "good" },
  { "packagers.md", "sandboxctl explain --json paperweight >/dev/null", "", "", "^$" },
  { "packagers.md", "! sandboxctl run --profile=paperweight -- sh -c 'cat ~/.ssh/*'", "", "",
    "No such file or directory" },
};

/* The commands of all blocks of shell in @text, without remarks. */
std::vector<std::string>
commands (const std::string &text)
{
  static const std::string fence = "```sh\n";
  std::vector<std::string> result;

  for (size_t at = text.find (fence); at != std::string::npos; at = text.find (fence, at + 1)) {
    size_t begin = at + fence.size ();
    std::istringstream block (text.substr (begin, text.find ("```", begin) - begin));

    for (std::string line; std::getline (block, line);) {
      line = std::regex_replace (line, std::regex ("(^|  +)# .*|\\s+$"), "");
      if (!line.empty ())
        result.push_back (line);
    }
  }
  return result;
}

}

/* Each command of the three pages is run and prints what the text says; one that is not in the table is a fault. */
class TutorialCommands : public Tutorials {
protected:
  void
  SetUp () override
  {
    Tutorials::SetUp ();
    const std::string share = dir () + "/share/applications";

    start_authority (true);
    add_profile ("fetch", block (read ("profile.md"), "ini", 0));
    add_profile ("paperweight", block (read ("packagers.md"), "ini", 0));
    std::filesystem::create_directories (home () + "/debian");
    std::filesystem::create_directories (share);
    std::filesystem::create_directories (home () + "/.ssh");
    write_file (home () + "/.ssh/id", "private\n");
    write_file (home () + "/.bashrc", "private\n");
    write_file (home () + "/debian/paperweight.profile", block (read ("packagers.md"), "ini", 0));
    write_file (share + "/org.gnome.Evince.desktop",
                "[Desktop Entry]\nType=Application\nName=Viewer\nExec=true %U\nMimeType=application/pdf;\n");
    set_env ("XDG_DATA_DIRS", dir () + "/share");
  }
  Outcome
  shell (const std::string &script)
  {
    Command words = command ({});
    std::string directory = std::filesystem::path (words.argv.at (0)).parent_path ();

    words.argv = { "bash", "-c", "cd; PATH=" + directory + ":$PATH; " + script };
    return run (words);
  }
};

TEST_F (TutorialCommands, EachDoesWhatTheTextSays)
{
  size_t known = 0;

  for (const char *page : { "profile.md", "desktop.md", "packagers.md" })
    for (const std::string &line : commands (read (page))) {
      auto row = std::find_if (std::begin (rows), std::end (rows),
                               [&] (const Row &r) { return page == std::string (r.page) && r.line == line; });
      std::string script = line;

      ASSERT_NE (row, std::end (rows)) << page << " has a command that no test runs: " << line;
      known++;
      if (*row->from)
        script.replace (script.find (row->from), std::string (row->from).size (), row->to);
      Outcome outcome = shell (script);
      EXPECT_EQ (outcome.status, row->status) << script << "\n" << outcome.err;
      EXPECT_TRUE (std::regex_search (outcome.out + outcome.err, std::regex (row->prints)))
          << script << "\n"
          << outcome.out << outcome.err;
    }
  EXPECT_EQ (known, std::size (rows)) << "a row is of no page any more";
}
