/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The applications that a profile is shipped for, from a click on their launcher to their window. */
#include <filesystem>

#include "display.h"

using namespace e2e;
namespace fs = std::filesystem;

struct App {
  const char *name, *launcher; /* of Debian's package */
  const char *profile;
  const char *document; /* what it is opened with, or "" */
  const char *window;   /* in the title or the class of its window */
};

static const App apps[] = {
  { "Firefox", "firefox-esr.desktop", "firefox", "page.html", "A page.*Mozilla Firefox" },
  { "Chromium", "chromium.desktop", "chromium", "page.html", "A page.*Chromium" },
  { "Thunderbird", "thunderbird.desktop", "thunderbird", "", "Thunderbird" },
  { "LibreOffice", "libreoffice-writer.desktop", "libreoffice", "text.rtf", "text.rtf.*LibreOffice" },
  { "Evince", "org.gnome.Evince.desktop", "evince", "document.pdf", "document.pdf" },
  { "Mpv", "mpv.desktop", "mpv", "picture.png", "picture.png - mpv" },
  { "Gimp", "gimp.desktop", "gimp", "picture.png", "picture.*GIMP" },
  { "Terminal", "debian-xterm.desktop", "terminal", "", "xterm" },
};

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
};

class Terminal : public Apps {};

INSTANTIATE_TEST_SUITE_P (, Terminal, ::testing::Values (apps[7]));
INSTANTIATE_TEST_SUITE_P (, Apps, ::testing::ValuesIn (apps), [] (const auto &info) { return info.param.name; });

TEST_P (Apps, StartsFromItsLauncher)
{
  const App &app = GetParam ();
  std::string document = *app.document ? home () + "/open/" + app.document : "";

  ASSERT_TRUE (succeeds (sandboxctl ({ "desktop", "install", "--no-portal", app.launcher })));
  Argv click = { "gio", "launch", dir () + "/data/applications/" + app.launcher };
  if (!document.empty ())
    click.push_back (document);
  Process starter ((Command (click)));
  Record instance = new_instance ();
  ASSERT_TRUE (shows (app.window)) << starter.err () << describe (descendants (instance.keeper));

  /* It is where it should be, and reaches what it was given */
  Json about = json ({ "show", "--json", instance.id });
  EXPECT_EQ (about["profile"].text (), app.profile);
  EXPECT_TRUE (about["enforced"]["inferiors-only"].boolean ());
  Outcome reached = sandboxctl ({ "exec", instance.id, "--", "sh", "-c",
                                  "cat \"$1\" \"$2\" 2>/dev/null; test -z \"$3\" || test -r \"$3\"", "sh",
                                  home () + "/open/beside", home () + "/secret", document });
  EXPECT_TRUE (succeeds (reached)) << "its document";
  EXPECT_EQ (reached.out, "") << "what was not opened with it";
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=1", instance.id })));
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
  size_t
  running ()
  {
    size_t n = 0;

    for (const Record &r : records ())
      n += r.state == "running";
    return n;
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
