/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What README.md shows under "Five minutes" is run, line by line, and prints what the text says. A line that is not in
 * the table here fails the test. */
#include <algorithm>
#include <filesystem>
#include <regex>
#include <sstream>

#include "harness.h"

using namespace e2e;

namespace {

struct Row {
  const char *line;      /* as in the text, without its remark */
  const char *from, *to; /* what a test cannot have (a server, a person at the keyboard), and what stands for it */
  const char *prints;    /* a regular expression of what is printed, on either stream */
  int status = 0;
};

/* Those that need what only another test has: it has to be there. */
struct Elsewhere {
  const char *line, *file, *text;
};

const Row rows[] = {
  { "sandboxctl run -- ls -la ~", "", "", "total 0|total 4" },
  { "sandboxctl run -- cat /proc/net/dev", "", "", "^[^:]*\\n *lo:[^:]*$" },
  { "sandboxctl run --profile=devel -- git clone https://example.org/project.git",
    "clone https://example.org/project.git", "init project", "Initialized empty Git repository" },
  { "sandboxctl run --share=network -- curl -sI https://example.org", "curl -sI https://example.org",
    "cat /proc/net/dev", "lo:" },
  { "sandboxctl run --filesystem=~/Documents:ro -- grep -ril invoice ~/Documents", "", "", "/Documents/bill\\n" },
  { "curl -s https://example.org/untrusted.tar.gz | sandboxctl run --profile=strict -- tar tz | head",
    "curl -s https://example.org/untrusted.tar.gz", "tar cz -C ~/Documents bill", "^bill\\n" },
  { "sandboxctl run --tty -- bash -i", "sandboxctl run --tty -- bash -i",
    "script -qec 'sandboxctl run --tty -- bash -ic \"test -t 0 && echo a terminal\"' /dev/null", "a terminal" },
  { "id=$(sandboxctl run --detach -- sleep 1000)", "", "", "" },
  { "sandboxctl ps", "", "", "sleep 1000" },
  { "sandboxctl top", "top", "top --once", "CPU %.*\\n.*sleep 1000" },
  { "sandboxctl show $id", "", "", "sleep 1000" },
  { "sandboxctl exec $id -- ps ax", "", "", "sleep 1000.*\\n.*ps ax" },
  { "sandboxctl stop $id", "", "", "" },
  { "sandboxctl explain browser", "", "", "! " },
  { "sandboxctl profile list", "", "", "browser" },
  { "sandboxctl profile score browser", "", "", "7\\.2.of 10 \\(MEDIUM\\)" },
  { "sandboxctl desktop list", "", "", "" },
  { "sandboxctl crashes", "", "", "" },
  { "sandboxctl doctor", "", "", "bubblewrap|bwrap" },
};

const Elsewhere elsewhere[] = {
  { "sandboxctl run --profile=browser --app-id=org.chromium.Chromium -- chromium", "test-browsers.cc", "chromium" },
  { "sandboxctl run --socket=x11 --x11=nested -- xterm", "test-nested-x11.cc", "x11=nested" },
  { "sandboxctl desktop install firefox", "apps-table.h", "firefox-esr.desktop" },
  { "sandboxctl attach $id", "test-attach.cc", "attach" },
  { "sandboxctl run --on-crash=dumper -- ./unstable", "test-crash.cc", "on-crash=dumper" },
};

class Readme : public SandboxTest {
protected:
  Readme () : SandboxTest (Bus::SESSION)
  {
  }
  void
  SetUp () override
  {
    SandboxTest::SetUp ();
    start_authority (true);
    std::filesystem::create_directory (home () + "/Documents");
    write_file (home () + "/Documents/bill", "an Invoice\n");
  }
  /* The commands of the block below "## Five minutes", without remarks. */
  static std::vector<std::string>
  lines ()
  {
    std::string text = read_file (places ().source + "/README.md");
    size_t begin = text.find ("```sh\n", text.find ("## Five minutes")) + 6;
    std::istringstream block (text.substr (begin, text.find ("```", begin) - begin));
    std::vector<std::string> result;

    for (std::string line; std::getline (block, line);) {
      line = std::regex_replace (line, std::regex ("(^|  +)# .*|\\s+$"), "");
      if (!line.empty ())
        result.push_back (line);
    }
    return result;
  }
  Outcome
  shell (const std::string &script)
  {
    Command words = command ({});
    std::string directory = std::filesystem::path (words.argv.at (0)).parent_path ();

    words.argv = { "bash", "-c", "PATH=" + directory + ":$PATH; id=" + id_ + "; " + script };
    return run (words);
  }
  std::string id_;
};

void
replace (std::string &text, const std::string &from, const std::string &to)
{
  size_t at = text.find (from);

  if (!from.empty () && at != std::string::npos)
    text.replace (at, from.size (), to);
}

} // namespace

TEST_F (Readme, EachCommandDoesWhatTheTextSays)
{
  std::vector<std::string> all = lines ();

  ASSERT_GT (all.size (), 20u);
  for (const std::string &line : all) {
    auto row = std::find_if (std::begin (rows), std::end (rows), [&] (const Row &r) { return r.line == line; });

    if (row == std::end (rows))
      continue;
    std::string script = line;
    replace (script, row->from, row->to);
    bool names = line.rfind ("id=", 0) == 0;
    Outcome outcome = shell (script + (names ? "; echo $id" : ""));
    EXPECT_EQ (outcome.status, row->status) << script << "\n" << outcome.err;
    EXPECT_TRUE (std::regex_search (outcome.out + outcome.err, std::regex (row->prints))) << script << "\n"
                                                                                          << outcome.out << outcome.err;
    if (names)
      id_ = outcome.out.substr (0, 16);
  }
  EXPECT_TRUE (std::filesystem::exists (home () + "/Documents/bill"));
}

/* A line that nobody tests is a fault, and so is a row for a line that is not there any more. */
TEST_F (Readme, EachCommandIsTested)
{
  std::vector<std::string> all = lines ();
  size_t known = 0;

  for (const std::string &line : all) {
    bool here = std::any_of (std::begin (rows), std::end (rows), [&] (const Row &r) { return r.line == line; });
    bool there =
        std::any_of (std::begin (elsewhere), std::end (elsewhere), [&] (const Elsewhere &e) { return e.line == line; });

    EXPECT_TRUE (here || there) << "README.md has a command that no test runs: " << line;
    known += here || there;
  }
  EXPECT_EQ (known, std::size (rows) + std::size (elsewhere));
  for (const Elsewhere &e : elsewhere)
    EXPECT_NE (read_file (places ().source + "/tests/e2e/" + e.file).find (e.text), std::string::npos) << e.line;
}
