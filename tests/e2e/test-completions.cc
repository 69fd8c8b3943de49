/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What bash, zsh and fish offer when Tab is pressed, asked of the shells themselves, with the service's live data. */
#include <filesystem>
#include <iterator>
#include <sstream>

#include "harness.h"

using namespace e2e;

struct Shell {
  const char *name, *file;
};

class Completions : public SandboxTest, public ::testing::WithParamInterface<Shell> {
protected:
  Completions () : SandboxTest (Bus::SESSION)
  {
  }

  std::set<std::string>
  offered (const std::string &line)
  {
    const std::string &source = places ().source;
    Command command (
        { source + "/tests/e2e/complete-" + GetParam ().name, source + "/data/completions/" + GetParam ().file, line });
    std::string programs = std::filesystem::path (places ().sandboxctl).parent_path ();
    command.env["PATH"] = programs + ":/usr/local/bin:/usr/bin:/bin";
    Outcome outcome = run (command);
    std::istringstream stream (outcome.out);
    std::set<std::string> words;
    std::string word;

    EXPECT_EQ (outcome.status, 0) << outcome.err;
    while (std::getline (stream, word))
      words.insert (without_option (word));
    return words;
  }

  /* The words of `sandboxctl complete @what`. */
  std::set<std::string>
  said (const std::string &what)
  {
    std::istringstream stream (sandboxctl ({ "complete", what }).out);
    return { std::istream_iterator<std::string> (stream), {} };
  }

  /* Whether one of @words ends in @end; shells offer more or less of what is before, and a "/" behind directories. */
  static bool
  ends_with_one (const std::set<std::string> &words, const std::string &end)
  {
    for (std::string word : words) {
      if (!word.empty () && word.back () == '/')
        word.pop_back ();
      if (word.size () >= end.size () && word.compare (word.size () - end.size (), end.size (), end) == 0)
        return true;
    }
    return false;
  }

private:
  /* fish offers the option with the value, the others the value alone; and zsh the option with its "=". */
  static std::string
  without_option (const std::string &word)
  {
    size_t equals = word.find ('=');

    if (word.rfind ("--", 0) != 0 || equals == std::string::npos)
      return word;
    return equals + 1 == word.size () ? word.substr (0, equals) : word.substr (equals + 1);
  }
};

using Words = std::set<std::string>;

TEST_P (Completions, Verbs)
{
  Words all = offered ("sandboxctl ");

  for (const char *verb : { "run", "exec", "attach", "ps", "top", "show", "stop", "kill", "wait", "explain", "profile",
                            "desktop", "crashes", "doctor", "procfs", "identify" })
    EXPECT_TRUE (all.count (verb)) << verb;
  EXPECT_FALSE (all.count ("complete")) << "is not for people";
  EXPECT_EQ (offered ("sandboxctl sho"), Words ({ "show" }));
  EXPECT_EQ (offered ("sandboxctl crashes sho"), Words ({ "show" }));
  EXPECT_EQ (offered ("sandboxctl desktop inst"), Words ({ "install" }));
  EXPECT_EQ (offered ("sandboxctl profile sco"), Words ({ "score" }));
}

TEST_P (Completions, Profiles)
{
  add_profile ("weaver-of-baskets", "[Profile]\nName=weaver\n");
  for (const char *line :
       { "run --profile=weav", "run --profile weav", "run -p weav", "run --on-crash=weav", "attach --profile=weav",
         "explain weav", "profile show weav", "profile diff default weav", "desktop install -p weav" })
    EXPECT_EQ (offered ("sandboxctl " + std::string (line)), Words ({ "weaver-of-baskets" })) << line;
}

TEST_P (Completions, RunningSandboxesAndNoOthers)
{
  std::string ended = launch_detached ({ "--app-id=org.example.Ended" }, { "true" });
  ASSERT_TRUE (wait_for_state (ended, "exited"));
  EXPECT_EQ (offered ("sandboxctl show ").count (ended), 0u);
  std::string id = launch_detached ({ "--app-id=org.example.Live" }, { "sleep", "1000" });

  for (const char *verb : { "show", "stop", "kill", "wait", "exec", "attach", "procfs" }) {
    Words words = offered ("sandboxctl " + std::string (verb) + " ");

    EXPECT_TRUE (words.count (id)) << verb;
    EXPECT_TRUE (words.count ("org.example.Live")) << verb;
    EXPECT_FALSE (words.count (ended)) << verb;
    EXPECT_EQ (offered ("sandboxctl " + std::string (verb) + " " + id.substr (0, 8)), Words ({ id })) << verb;
  }
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

TEST_P (Completions, Crashes)
{
  std::filesystem::create_directories (dir () + "/state/sandbox/crashes/00f00f00f00f00f0");
  EXPECT_EQ (offered ("sandboxctl crashes remove 00f0"), Words ({ "00f00f00f00f00f0" }));
}

TEST_P (Completions, OptionsAndTheirValues)
{
  EXPECT_EQ (offered ("sandboxctl run --file-f"), Words ({ "--file-forwarding" }));
  EXPECT_EQ (offered ("sandboxctl ps --tr"), Words ({ "--tree" }));
  std::filesystem::create_directories (dir () + "/marked-place");
  EXPECT_TRUE (ends_with_one (offered ("sandboxctl run --filesystem=/srv/x:cr"), "create"));
  EXPECT_TRUE (ends_with_one (offered ("sandboxctl run --filesystem=" + dir () + "/mark"), "marked-place"));
  EXPECT_TRUE (ends_with_one (offered ("sandboxctl run --filesystem=/srv/x:ro@" + dir () + "/mark"), "marked-place"));
  EXPECT_EQ (offered ("sandboxctl run --socket=wayl"), Words ({ "wayland" }));
  EXPECT_EQ (offered ("sandboxctl top --sort=mem"), Words ({ "memory" }));
  EXPECT_EQ (offered ("sandboxctl top -s mem"), Words ({ "memory" }));
  EXPECT_EQ (offered ("sandboxctl procfs --hidepid=inv"), Words ({ "invisible" }));
  EXPECT_EQ (offered ("sandboxctl identify --se"), Words ({ "--self" }));
  EXPECT_EQ (offered ("sandboxctl kill -s USR"), Words ({ "USR1", "USR2" }));
}

/* Of every option that knows its values, also when no "=" is before them. */
TEST_P (Completions, EachKnownValue)
{
  Words options = said ("options=run");
  size_t known = 0;

  for (const std::string &option : options) {
    Words values = option.back () == '=' ? said ("values=" + option.substr (2, option.size () - 3)) : Words ();

    if (values.empty ())
      continue;
    known++;
    EXPECT_EQ (offered ("sandboxctl run " + option.substr (0, option.size () - 1) + " "), values) << option;
  }
  EXPECT_GE (known, 11u);
}

/* A command in a sandbox is completed as one outside. */
TEST_P (Completions, Commands)
{
  EXPECT_TRUE (offered ("sandboxctl run xdg-dbus-pro").count ("xdg-dbus-proxy"));
  EXPECT_TRUE (offered ("sandboxctl run -- xdg-dbus-pro").count ("xdg-dbus-proxy"));
}

INSTANTIATE_TEST_SUITE_P (, Completions,
                          ::testing::Values (Shell{ "bash", "sandboxctl.bash" }, Shell{ "zsh", "_sandboxctl" },
                                             Shell{ "fish", "sandboxctl.fish" }),
                          [] (const auto &info) { return info.param.name; });
