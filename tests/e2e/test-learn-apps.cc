/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ten applications of Debian are learned under `desktop`: with what was learned they show their window and work,
 * nothing more is refused, and no more is open than under the profile that is shipped for them. */
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "display.h"

using namespace e2e;
namespace fs = std::filesystem;

struct App {
  const char *name, *program;
  const char *id;       /* under which it owns a name on the bus */
  const char *shipped;  /* its profile, or "desktop": there is none */
  const char *document; /* what it is opened with, or "" */
  const char *window;   /* in the title or the class of its window */
};

static const App apps[] = {
  { "Mousepad", "mousepad", "org.xfce.mousepad", "desktop", "letter.txt", "letter.txt" },
  { "Evince", "evince", "org.gnome.Evince", "evince", "document.pdf", "document.pdf" },
  { "Mpv", "mpv", "io.mpv.Mpv", "mpv", "picture.png", "picture.png - mpv" },
  { "Gimp", "gimp", "org.gimp.GIMP", "gimp", "picture.png", "picture.*GIMP" },
  { "LibreOffice", "libreoffice", "org.libreoffice.LibreOffice", "libreoffice", "text.rtf", "text.rtf.*LibreOffice" },
  { "Geany", "geany", "org.geany.Geany", "desktop", "letter.txt", "letter.txt" },
  { "Atril", "atril", "org.mate.Atril", "desktop", "document.pdf", "document.pdf" },
  { "Ristretto", "ristretto", "org.xfce.ristretto", "desktop", "picture.png", "picture.png" },
  { "Galculator", "galculator", "org.example.Galculator", "desktop", "", "galculator" },
  { "Terminal", "xterm", "org.example.Terminal", "terminal", "", "xterm" },
};

class LearnApps : public OnDisplay, public ::testing::WithParamInterface<App> {
protected:
  void
  SetUp () override
  {
    OnDisplay::SetUp ();
    start_authority (true);
    set_env ("XDG_DATA_DIRS", "/usr/share");
    fs::create_directories (home () + "/open");
    for (const auto &entry : fs::directory_iterator (places ().source + "/tests/e2e/documents"))
      fs::copy_file (entry.path (), home () + "/open/" + entry.path ().filename ().string ());
    write_file (home () + "/open/letter.txt", "as it was\n");
  }
  static std::string
  id ()
  {
    return GetParam ().id;
  }
  /* What is behind the "--" of `learn` and `run`. */
  Argv
  words () const
  {
    const App &app = GetParam ();

    if (!*app.document)
      return { app.program };
    /* A picture is shown for as long as nobody closes it */
    if (std::string (app.program) == "mpv")
      return { app.program, "--image-display-duration=inf", "@@", home () + "/open/" + app.document, "@@" };
    /* Half of its start is fonts and brushes of the system's */
    if (std::string (app.program) == "gimp")
      return { app.program, "--no-fonts", "--no-data", "@@", home () + "/open/" + app.document, "@@" };
    return { app.program, "@@", home () + "/open/" + app.document, "@@" };
  }
  /* Starts it by @verb, waits for its window, and stops its sandbox. */
  Outcome
  use (const Argv &verb)
  {
    std::set<std::string> known;
    Argv all = verb;

    for (const Record &record : records ())
      known.insert (record.id);
    all.insert (all.end (), { "--file-forwarding", "--app-id=" + id (), "--" });
    for (const std::string &word : words ())
      all.push_back (word);
    Process process (command (all));
    Record instance = new_instance (known);
    EXPECT_TRUE (shows (GetParam ().window)) << process.err () << describe (descendants (instance.keeper));
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=1", instance.id })));
    return process.wait ();
  }
  /* In tenths. */
  long
  exposure (const std::string &profile)
  {
    Json answer = json ({ "profile", "score", "--json", profile });

    return lround (strtod (answer.items ()[0]["score"].dump ().c_str (), nullptr) * 10);
  }
};

INSTANTIATE_TEST_SUITE_P (, LearnApps, ::testing::ValuesIn (apps), [] (const auto &info) { return info.param.name; });

TEST_P (LearnApps, LearnedUnderDesktop)
{
  Outcome learned = use ({ "learn", "--profile=desktop", "--write" });
  std::string profile = user_profiles () + "/" + id () + ".profile";
  ASSERT_TRUE (fs::exists (profile)) << learned.out << learned.err;
  EXPECT_TRUE (succeeds (sandboxctl ({ "profile", "check", profile }))) << read_file (profile);

  Outcome again = use ({ "learn", "--replay" });
  EXPECT_NE (again.out.find ("The profile " + id () + " suffices"), std::string::npos) << again.out << again.err;

  use ({ "run", "--profile=" + id (), "--new-instance" });
  EXPECT_LE (exposure (id ()), exposure (GetParam ().shipped)) << read_file (profile) << learned.out;
}
