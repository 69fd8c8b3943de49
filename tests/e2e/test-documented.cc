/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An option is known to the program, to its --help, to the shells' completion and to its manual, or to none of them. */
#include <iterator>
#include <regex>
#include <sstream>

#include "harness.h"

using namespace e2e;

using Words = std::set<std::string>;

/* "--app-id=" with a value, "--detach" without, "-d". */
struct Options {
  Words with_value, names, letters;
};

static bool
is_about_help (const std::string &name)
{
  return name.rfind ("--help", 0) == 0;
}

/* Of all groups; the options that print help are left out. */
static Options
options_of_help (const Argv &program)
{
  static const std::regex row ("^ +(?:(-[a-zA-Z0-9]), )?(--[a-z0-9-]+)(=?).*");
  Argv words = program;
  words.push_back ("--help-all");
  Outcome help = run (words);
  std::istringstream stream (help.out);
  std::string line;
  std::smatch part;
  Options options;

  EXPECT_TRUE (succeeds (help)) << shell_quote (words);
  while (std::getline (stream, line)) {
    if (!std::regex_match (line, part, row) || is_about_help (part[2]))
      continue;
    options.names.insert (part[2]);
    options.with_value.insert (part[2].str () + part[3].str ());
    if (part[1].matched)
      options.letters.insert (part[1]);
  }
  return options;
}

/* The words that begin with "-" in the manual of section 1, without what makes them bold or italic. */
static Options
options_of_manual (const std::string &program)
{
  std::string text = read_file (places ().source + "/docs/man/" + program + ".1");
  static const std::regex dash ("\\\\-"), font ("\\\\f[A-Z]"), word ("[A-Za-z0-9-]+");
  Options options;

  text = std::regex_replace (std::regex_replace (text, font, " "), dash, "-");
  for (std::sregex_iterator at (text.begin (), text.end (), word), end; at != end; ++at) {
    const std::string found = at->str ();

    if (found.size () == 2 && found[0] == '-' && found[1] != '-')
      options.letters.insert (found);
    else if (found.size () > 2 && found.rfind ("--", 0) == 0 && !is_about_help (found))
      options.names.insert (found);
  }
  return options;
}

static void
expect_described (const Options &real, const std::string &program)
{
  Options manual = options_of_manual (program);

  EXPECT_FALSE (real.names.empty ()) << program;
  EXPECT_EQ (manual.names, real.names) << program << ".1 and --help";
  for (const std::string &letter : real.letters)
    EXPECT_TRUE (manual.letters.count (letter)) << program << ".1 has no " << letter;
}

class Documented : public WithoutBus {
protected:
  Words
  said (const std::string &what)
  {
    Outcome outcome = sandboxctl ({ "complete", what });
    std::istringstream stream (outcome.out);

    EXPECT_TRUE (succeeds (outcome)) << what;
    return { std::istream_iterator<std::string> (stream), {} };
  }
};

TEST_F (Documented, SandboxctlsOptions)
{
  Options all = { {}, { "--version" }, {} };
  Words verbs = said ("verbs");

  EXPECT_GE (verbs.size (), 14u);
  for (const std::string &verb : verbs) {
    Options real = options_of_help (ctl ({ verb }));
    Words completed = said ("options=" + verb);

    EXPECT_EQ (completed.erase ("--help"), 1u) << verb;
    EXPECT_EQ (completed, real.with_value) << "completion and --help of " << verb;
    all.names.insert (real.names.begin (), real.names.end ());
    all.letters.insert (real.letters.begin (), real.letters.end ());
  }
  expect_described (all, "sandboxctl");
}

/* What sandboxctl offers as verbs is what its help and its manual have. */
TEST_F (Documented, SandboxctlsVerbs)
{
  static const std::regex row ("^  ([a-z]+) .*");
  std::istringstream help (sandboxctl ({ "--help" }).out);
  std::string manual = read_file (places ().source + "/docs/man/sandboxctl.1"), line;
  std::smatch part;
  Words listed;

  while (std::getline (help, line))
    if (std::regex_match (line, part, row))
      listed.insert (part[1]);
  EXPECT_EQ (listed, said ("verbs"));
  for (const std::string &verb : listed)
    EXPECT_NE (manual.find ("\n.B sandboxctl " + verb + "\n"), std::string::npos) << verb;
}

TEST_F (Documented, TheOtherPrograms)
{
  expect_described (options_of_help ({ places ().sandboxd }), "sandboxd");
  expect_described (options_of_help ({ places ().dump }), "sandbox-dump");
}
