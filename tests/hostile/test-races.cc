/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names that change between the look at them and their use: one application swaps them as fast as it can while another
 * is started that is granted them. 2,000 times for each kind: 250 starts, each with eight names. */
#include <csignal>
#include <filesystem>

#include "trees.h"

using namespace hostile;

namespace fs = std::filesystem;

static constexpr int STARTS = 250, NAMES = 8, AT_ONCE = 10;

/* Each "%" stands for the number of a name in a directory, of which each has another in NUMBER.other. */
struct Race {
  const char *name;
  const char *place;       /* the directory, which the application that swaps may write … */
  const char *swaps;       /* … by this policy */
  Argv right, other;       /* acts that make the two */
  const char *list, *rule; /* the policy of the application that is started: a list, and its words */
  Argv wanted;             /* what it reads */
};

class Renames : public Trees {
protected:
  /* On a bus: a start is one call there, and no process of its own. */
  Renames () : Trees (Bus::SESSION)
  {
  }
  void race (const Race &race);

private:
  void start_one (const char *profile, const Argv &argv);
  std::string got ();
};
INSTANTIATE_TEST_SUITE_P (, Renames, ::testing::Values (Who::USER), name_of);

static std::string
numbered (const std::string &text, int number)
{
  std::string result;

  for (char c : text)
    result += c == '%' ? std::to_string (number) : std::string (1, c);
  return result;
}

void
Renames::start_one (const char *profile, const Argv &argv)
{
  std::vector<const char *> words;

  for (const std::string &word : argv)
    words.push_back (word.c_str ());
  words.push_back (nullptr);
  /* That it is refused is as good as that it finds nothing */
  g_autoptr (GVariant) answer = g_dbus_connection_call_sync (
      connection (), "org.example.Sandbox", "/org/example/Sandbox", "org.example.Sandbox", "Launch",
      g_variant_new ("(s@aay@a{sv})", profile, g_variant_new_bytestring_array (words.data (), -1),
                     g_variant_parse (G_VARIANT_TYPE_VARDICT, "{}", nullptr, nullptr, nullptr)),
      nullptr, G_DBUS_CALL_FLAGS_NONE, patience_ms (), nullptr, nullptr);
}

std::string
Renames::got ()
{
  std::string content = read_file (at ("~/out/got"));

  fs::remove (at ("~/out/got"));
  return content.find ("secret") != std::string::npos     ? "it has read the secret"
         : content.find ("harmless") != std::string::npos ? ""
                                                          : "it has never been there";
}

void
Renames::race (const Race &race)
{
  std::string script = "cat", rules;
  Argv makes, flicker = { "--do", "flicker", at (race.place), std::to_string (NAMES) };

  for (int i = 0; i < NAMES; i++) {
    for (const Argv &acts : { race.right, race.other })
      for (const std::string &word : acts)
        makes.push_back (numbered (word, i));
    for (const std::string &name : race.wanted)
      script += " '" + numbered (at (name), i) + "'";
    rules += numbered (race.rule, i);
  }
  script += " >>'" + at ("~/out/got") + "'";

  auto begin = [&] (const Way &way) {
    lay_out (false);
    fs::create_directory (at ("~/out"));
    EXPECT_EQ (act (way, makes).out, "");
  };

  std::string control;
  begin (outside ());
  {
    Process flickering (outside () (flicker));
    ASSERT_TRUE (flickering.expect ("ready"));
    for (int i = 0; i < STARTS && control != "it has read the secret"; i++) {
      run (Command ({ "sh", "-c", script }));
      control = got ();
    }
  }
  ASSERT_EQ (control, "it has read the secret");
  begin (inside (race.swaps));
  /* With the same application id: a home that is kept is that of both */
  add_profile ("raced",
               "[Profile]\nInherits=default\nAppId=org.example.Battery\n[Context]\n" + (race.list + rules) + "\n");
  Process flickering (inside (race.swaps) (flicker));
  ASSERT_TRUE (flickering.expect ("ready")) << flickering.err ();
  for (int i = 0; i < STARTS; i++) {
    start_one ("raced", { "sh", "-c", "echo harmless >>'" + at ("~/out/got") + "'; " + script });
    if (i % AT_ONCE == AT_ONCE - 1)
      eventually ([this] {
        int running = 0;
        for (const Record &one : records ())
          running += one.state != "exited" && !one.state.empty ();
        return running <= 1;
      });
  }
  EXPECT_TRUE (flickering.running ());
  flickering.kill (SIGTERM);
  flickering.wait ();
  /* How many of the starts are refused depends on the machine: a slow one never finds all names right. It starts what
   * names none of them. */
  add_profile ("calm", "[Profile]\nName=calm\nInherits=default\n[Context]\nfilesystems=~/out;\n");
  start_one ("calm", { "sh", "-c", "echo harmless >>'" + at ("~/out/got") + "'" });
  EXPECT_TRUE (eventually ([this] { return read_file (at ("~/out/got")).find ("harmless") != std::string::npos; }));
  hold (race.name, got (), control);
}

TEST_P (Renames, OfADirectory)
{
  race ({ "renames/directory",
          "~/w",
          "[Context]\nfilesystems=~/w;\n",
          { "mkdir", "~/w/%", "write", "~/w/%/note" },
          { "link", "~/secret", "~/w/%.other" },
          "filesystems=~/out;",
          "~/w/%:ro;",
          { "~/w/%/id" } });
}

TEST_P (Renames, OfADirectoryAbove)
{
  race ({ "renames/directory-above",
          "~/w",
          "[Context]\nfilesystems=~/w;\n",
          { "mkdir", "~/w/%/b" },
          { "link", "~/secret", "~/w/%.other" },
          "filesystems=~/out;",
          "~/w/%/b:ro;",
          { "~/w/%/b/id" } });
}

TEST_P (Renames, OfAFile)
{
  race ({ "renames/file",
          "~/w",
          "[Context]\nfilesystems=~/w;\n",
          { "touch", "~/w/%" },
          { "link", "~/secret/id", "~/w/%.other" },
          "filesystems=~/out;",
          "~/w/%:ro;",
          { "~/w/%" } });
}

/* What is closed lies behind the one name or the other. */
TEST_P (Renames, OfWhatIsClosed)
{
  race ({ "renames/closed",
          "~/w",
          "[Context]\nfilesystems=~/w;\n",
          { "mkdir", "~/w/%/priv", "write", "~/w/%/priv/id" },
          { "mkdir", "~/w/%.other/priv" },
          "filesystems=~/out;",
          "~/w;~/w/%/priv:none;~/w/%.other/priv:none;",
          { "~/w/%/priv/id", "~/w/%.other/priv/id" } });
}

/* In a home that is kept for both. */
TEST_P (Renames, OfWhatIsKept)
{
  race ({ "renames/kept",
          "~",
          "[Context]\npersistent=.;\n",
          { "mkdir", "~/%", "write", "~/%/note" },
          { "link", at ("~/secret"), "~/%.other" },
          "filesystems=~/out;\npersistent=",
          "%;",
          { "~/%/id" } });
}

/* What is saved is looked at outside while the application makes it something else. */
TEST_P (Renames, OfWhatIsSaved)
{
  std::string file = at ("~/docs/letter"), secret = at ("~/secret/id");
  auto attempt = [&] (const Command &command) -> std::string {
    std::string said;

    lay_out (false);
    fs::create_directory (at ("~/docs"));
    write_file (file, "harmless\n");
    Process swapping (command);
    while (swapping.running ())
      if (said.empty () && read_file (file).find ("secret") != std::string::npos)
        said = "the secret is there";
    Outcome outcome = swapping.wait ();
    EXPECT_EQ (outcome.out, "swapped\n") << outcome.err;
    return said;
  };
  Argv words = { "--do", "swap", file, secret, "2000" };
  std::string control = attempt (outside () (words));

  words = { "--do", "swap", "@@", file, "@@", secret, "2000" };
  std::string held = attempt (inside ("[Context]\npersistent=.;\nforward=rw\n", { "--file-forwarding" }) (words));
  EXPECT_EQ (read_file (file).substr (0, 5), "mine ");
  EXPECT_TRUE (fs::is_regular_file (fs::symlink_status (file)));
  EXPECT_EQ (read_file (secret), "the bystander's secret");
  int left = 0;
  for (const auto &entry : fs::directory_iterator (at ("~/docs")))
    left += entry.path () != file;
  EXPECT_EQ (left, 0) << "files on their way";
  hold ("renames/saved", held, control);
}
