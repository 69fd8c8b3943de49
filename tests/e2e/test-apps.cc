/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The applications that a profile is shipped for, from a click on their launcher to their window. */
#include <filesystem>
#include <sstream>

#include "apps-table.h"
#include "display.h"

using namespace e2e;
namespace fs = std::filesystem;

class Apps : public OnDisplay, public ::testing::WithParamInterface<App> {
protected:
  void
  SetUp () override
  {
    OnDisplay::SetUp ();
    set_env ("XDG_DATA_DIRS", "/usr/share");
    fs::create_directories (home () + "/open");
    for (const auto &entry : fs::directory_iterator (places ().source + "/tests/e2e/documents"))
      fs::copy_file (entry.path (), home () + "/open/" + entry.path ().filename ().string ());
    write_file (home () + "/open/beside", "nobody's business");
    write_file (home () + "/secret", "nobody's business");
  }
  /* "" is none. */
  std::string
  path_of (const std::string &document)
  {
    return document.empty () ? "" : home () + "/open/" + document;
  }
  /* Another one of the same kind. */
  std::string
  second_of (const std::string &document)
  {
    std::string path = path_of ("second" + fs::path (document).extension ().string ());

    std::string content = read_file (path_of (document));
    size_t title = content.find ("A page");

    write_file (path, title == std::string::npos ? content : content.replace (title, 6, "Another page"));
    return path;
  }
  void
  click (const std::string &path)
  {
    Argv words = { "sh", "-c", "exec gio launch \"$@\" >/dev/null 2>&1", "gio",
                   dir () + "/data/applications/" + GetParam ().launcher };

    if (!path.empty ())
      words.push_back (path);
    EXPECT_TRUE (succeeds (run (Command (words))));
  }
  /* Of all windows that can be seen. */
  std::string
  titles ()
  {
    return run (Command (
                    { "sh", "-c", "for w in $(xdotool search --onlyvisible .); do xdotool getwindowname $w; done" }))
        .out;
  }
  std::string
  describe_all (const Record &instance)
  {
    return titles () + describe (descendants (instance.keeper)) + sandboxctl ({ "logs", instance.id }).out;
  }
  /* Presses @words, one after the other. */
  static Argv
  keys (const std::string &words)
  {
    std::istringstream all (words);
    Argv argv = { "xdotool", "key", "--clearmodifiers" };

    for (std::string word; all >> word;)
      argv.push_back (word);
    return argv;
  }
  /* It is where it should be, and reaches what it was given. */
  void
  expect_confined (const Record &instance)
  {
    Json about = json ({ "show", "--json", instance.id });

    EXPECT_EQ (about["profile"].text (), GetParam ().profile);
    EXPECT_TRUE (about["enforced"]["inferiors-only"].boolean ());
    Outcome reached = sandboxctl ({ "exec", instance.id, "--", "sh", "-c",
                                    "cat \"$1\" \"$2\" 2>/dev/null; test -z \"$3\" || test -r \"$3\"", "sh",
                                    home () + "/open/beside", home () + "/secret", path_of (GetParam ().document) });
    EXPECT_TRUE (succeeds (reached)) << "its document";
    EXPECT_EQ (reached.out, "") << "what was not opened with it";
  }
  /* Keys for the window of that title or class. */
  void
  press (const std::string &window, const Argv &keys)
  {
    Argv words = { "xdotool", "search", "--onlyvisible", window, "windowfocus", "--sync" };

    words.insert (words.end (), keys.begin (), keys.end ());
    (void) run (Command (words));
  }
  /* What is typed into its document, whose window is there, is in the file of that name outside. */
  void
  type_and_save ()
  {
    const App &app = GetParam ();
    std::string path = path_of (app.document);

    EXPECT_TRUE (eventually ([&] {
      press (app.window, { "key", "--clearmodifiers", "ctrl+Home", "type", app.types });
      (void) run (Command (keys (app.saves)));
      return read_file (path).find ("new ") != std::string::npos;
    })) << path
        << ": " << read_file (path) << titles ();
  }
  /* By itself, where the row says how; a window that is closed may have others below it. */
  void
  end (const Record &instance)
  {
    if (!*GetParam ().quits) {
      EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=1", instance.id })));
      return;
    }
    EXPECT_TRUE (eventually ([&] {
      press (".", { "key", "--clearmodifiers", "Escape" });
      (void) run (Command (keys (GetParam ().quits)));
      return running () == 0;
    })) << describe_all (instance);
  }
};

class Terminal : public Apps {};

INSTANTIATE_TEST_SUITE_P (, Terminal, ::testing::Values (apps[7]));
INSTANTIATE_TEST_SUITE_P (, Apps, ::testing::ValuesIn (apps), [] (const auto &info) { return info.param.name; });

TEST_P (Apps, StartsFromItsLauncher)
{
  const App &app = GetParam ();

  ASSERT_TRUE (succeeds (sandboxctl ({ "desktop", "install", "--no-portal", app.launcher })));
  click (*app.empty ? "" : path_of (app.document));
  Record instance = new_instance ();
  ASSERT_TRUE (shows (*app.empty ? app.empty : app.window)) << describe_all (instance);
  if (*app.empty) { /* … and with its document while it runs */
    click (path_of (app.document));
    ASSERT_TRUE (shows (app.window)) << describe_all (instance);
  }
  expect_confined (instance);
  if (*app.saves)
    type_and_save ();
  if (*app.second) {
    click (second_of (app.document));
    EXPECT_TRUE (shows (app.second)) << describe_all (instance);
  }
  EXPECT_EQ (running (), 1u) << "one sandbox";
  end (instance);
}

TEST_P (Terminal, RunsWhatIsTyped)
{
  ASSERT_TRUE (succeeds (sandboxctl ({ "desktop", "install", "--no-portal", GetParam ().launcher })));
  Process starter (Command ({ "gio", "launch", dir () + "/data/applications/" + GetParam ().launcher }));
  Record instance = new_instance ();

  ASSERT_TRUE (shows ("xterm")) << starter.err ();
  EXPECT_TRUE (eventually ([&] {
    (void) run (Command ({ "xdotool", "search", "--onlyvisible", "--class", "xterm", "windowfocus", "type",
                           "ps ax >~/seen; cat " + home () + "/secret >~/read\n" }));
    return sandboxctl ({ "exec", instance.id, "--", "sh", "-c", "test -s ~/seen" }).status == 0;
  }));
  Outcome outcome = sandboxctl ({ "exec", instance.id, "--", "sh", "-c", "cat ~/read ~/seen" });
  EXPECT_EQ (outcome.out.find ("nobody's business"), std::string::npos);
  EXPECT_NE (outcome.out.find ("xterm"), std::string::npos) << outcome.out;
  EXPECT_EQ (outcome.out.find ("Xvfb"), std::string::npos) << outcome.out;
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=1", instance.id })));
}

/* An application whose id is no name of the bus's has the names that its program says: of a program of the system's,
 * and not of one that anybody may have written. Without its name it ends. */
class NamesOfPrograms : public OnDisplay {};

TEST_F (NamesOfPrograms, AreTheApplications)
{
  std::string copy = home () + "/mousepad";

  start_authority (true);
  fs::copy_file ("/usr/bin/mousepad", copy);
  auto start = [&] (const std::string &program) {
    return Argv{ "run", "--profile=desktop", "--app-id=mousepad", "--filesystem=" + copy + ":ro", "--", program };
  };
  Outcome without = sandboxctl (start (copy));
  EXPECT_EQ (without.status, 1);
  EXPECT_NE (without.err.find ("RequestName of org.xfce.mousepad"), std::string::npos) << without.err;

  Process started (command (start ("/usr/bin/mousepad")));
  EXPECT_TRUE (shows ("Mousepad")) << started.err ();
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=1", "--all" })));
}

/* A browser without the user namespaces that its own sandbox takes says little, and the launcher which profile has
 * them: starting it with less of a sandbox is nobody's to choose but the user's. */
class WithoutUserNamespaces : public OnBus {};

TEST_F (WithoutUserNamespaces, ChromiumsProfileIsNamed)
{
  const Argv words = { "chromium", "--headless", "--dump-dom", "about:blank" };

  start_authority (true);
  Outcome failed = run_in ({ "--profile=desktop" }, words);
  EXPECT_NE (failed.status, 0);
  EXPECT_NE (failed.err.find ("user namespaces"), std::string::npos) << failed.err;
  EXPECT_NE (failed.err.find ("--profile=chromium"), std::string::npos) << failed.err;

  Outcome outcome = run_in ({ "--profile=chromium" }, words);
  EXPECT_NE (outcome.out.find ("<html"), std::string::npos) << outcome.err;
  EXPECT_EQ (outcome.err.find ("user namespaces"), std::string::npos) << outcome.err;
}

/* A GApplication, whose second start hands its file to the first window and ends. */
class Editor : public OnDisplay {
protected:
  void
  SetUp () override
  {
    OnDisplay::SetUp ();
    start_authority (true);
    set_env ("XDG_DATA_DIRS", "/usr/share");
    fs::create_directories (home () + "/letters");
    for (const char *name : { "first.txt", "second.txt" })
      write_file (home () + "/letters/" + name, "as it was\n");
    ASSERT_TRUE (succeeds (sandboxctl ({ "desktop", "install", "--no-portal", "mousepad" })));
  }
  void
  click (const std::string &name)
  {
    ASSERT_TRUE (succeeds (run (Command (
        { "gio", "launch", dir () + "/data/applications/org.xfce.mousepad.desktop", home () + "/letters/" + name }))));
  }
  /* Types into the window that shows @name, and saves. */
  void
  write_and_save (const std::string &name)
  {
    EXPECT_TRUE (eventually ([&] {
      (void) run (Command ({ "xdotool", "search", "--onlyvisible", "--name", name, "windowfocus", "--sync", "key",
                             "--clearmodifiers", "ctrl+Home", "type", "new " }));
      (void) run (Command ({ "xdotool", "key", "--clearmodifiers", "ctrl+s" }));
      return read_file (home () + "/letters/" + name).find ("new ") != std::string::npos;
    })) << name
        << read_file (home () + "/letters/" + name);
  }
};

TEST_F (Editor, ASecondClickReachesTheFirstWindow)
{
  click ("first.txt");
  Record instance = new_instance ();
  ASSERT_TRUE (shows ("first.txt"));
  write_and_save ("first.txt");

  click ("second.txt");
  ASSERT_TRUE (shows ("second.txt")) << sandboxctl ({ "logs", instance.id }).out;
  EXPECT_EQ (running (), 1u) << "one sandbox";
  write_and_save ("second.txt");
  EXPECT_TRUE (eventually ([&] {
    return sandboxctl ({ "exec", instance.id, "--", "pgrep", "-c", "mousepad" }).out == "1\n";
  })) << "one process of it";
  /* Other letters stay closed to it */
  write_file (home () + "/letters/third.txt", "nobody's business\n");
  EXPECT_NE (sandboxctl ({ "exec", instance.id, "--", "cat", home () + "/letters/third.txt" }).status, 0);
  EXPECT_EQ (sandboxctl ({ "exec", instance.id, "--", "cat", home () + "/letters/second.txt" }).status, 0);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=1", instance.id })));
}
