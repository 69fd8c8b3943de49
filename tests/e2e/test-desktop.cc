/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Applications started from the desktop: launchers, commands, D-Bus activation. */
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "harness.h"
#include "odd-names.h"

using namespace e2e;
namespace fs = std::filesystem;

class Desktop : public EitherBus {
protected:
  std::string
  applications () const
  {
    return dir () + "/data/applications";
  }
  void
  add_application (const std::string &id, const std::string &exec, const std::string &more = "")
  {
    fs::create_directories (dir () + "/system/applications");
    write_file (dir () + "/system/applications/" + id,
                "[Desktop Entry]\nType=Application\nName=App\nExec=" + exec + "\n" + more);
    set_env ("XDG_DATA_DIRS", dir () + "/system");
  }
  std::string
  installed (const std::string &id)
  {
    return read_file (applications () + "/" + id);
  }
};

EITHER_BUS (Desktop);

TEST_P (Desktop, InstallListRemove)
{
  add_application ("org.example.Cat.desktop", "cat %F",
                   "DBusActivatable=true\nActions=two;\n\n[Desktop Action two]\nName=Two\nExec=cat --number %F\n");
  Outcome outcome = sandboxctl ({ "desktop", "install", "--profile=evince", "org.example.Cat" });
  ASSERT_TRUE (succeeds (outcome));
  EXPECT_NE (outcome.out.find ("under the profile evince"), std::string::npos) << outcome.out;
  std::string text = installed ("org.example.Cat.desktop");
  EXPECT_NE (text.find (" run --profile=evince --file-forwarding -- cat @@ %F @@\n"), std::string::npos) << text;
  EXPECT_NE (text.find (" run --profile=evince --file-forwarding -- cat --number @@ %F @@\n"), std::string::npos)
      << text;
  EXPECT_EQ (run (Command ({ "desktop-file-validate", applications () + "/org.example.Cat.desktop" })).status, 0);
  Json list = json ({ "desktop", "list", "--json" });
  ASSERT_EQ (list.size (), 1u);
  EXPECT_EQ (list[0]["profile"].text (), "evince");
  EXPECT_EQ (list[0]["id"].text (), "org.example.Cat.desktop");
  EXPECT_EQ (list[0]["files"].size (), 2u);
  EXPECT_TRUE (succeeds (sandboxctl ({ "desktop", "remove", "org.example.Cat.desktop" })));
  EXPECT_FALSE (fs::exists (applications () + "/org.example.Cat.desktop"));
  EXPECT_EQ (json ({ "desktop", "list", "--json" }).size (), 0u);
  EXPECT_TRUE (fails_with (sandboxctl ({ "desktop", "remove", "org.example.Cat" }), 125, { "has not been installed" }));
}

/* A profile is chosen for what is known, and one without an application id gets the launcher's. */
TEST_P (Desktop, ChoosesTheProfile)
{
  const std::vector<std::pair<std::string, std::string> > rows = {
    { "firefox-esr.desktop", "firefox" },
    { "chromium.desktop", "chromium" },
    { "thunderbird.desktop", "thunderbird" },
    { "libreoffice-writer.desktop", "libreoffice" },
    { "org.gnome.Evince.desktop", "evince" },
    { "mpv.desktop", "mpv" },
    { "gimp.desktop", "gimp" },
    { "debian-xterm.desktop", "terminal --app-id=debian-xterm" },
    { "unknown.desktop", "desktop --app-id=unknown" },
  };

  for (const auto &[id, profile] : rows) {
    add_application (id, "true %U");
    ASSERT_TRUE (succeeds (sandboxctl ({ "desktop", "install", id })));
    EXPECT_NE (installed (id).find ("run --profile=" + profile + " --file-forwarding -- true @@u %U @@\n"),
               std::string::npos)
        << installed (id);
    /* Which is one that works */
    EXPECT_TRUE (succeeds (sandboxctl ({ "explain", profile.substr (0, profile.find (' ')) })));
    EXPECT_TRUE (succeeds (sandboxctl ({ "desktop", "remove", id })));
  }
}

/* A click that could not start anything is refused, and named; where it can, it is not. */
TEST_P (Desktop, OutOfReach)
{
  const std::string own = home () + "/tools";
  const std::vector<std::pair<std::string, std::string> > hopeless = {
    { own + "/prog %F", own },
    { "env A=b " + own + "/prog", own },
    { "/bin/sh " + own + "/script", own },
    { "env HINT=/x.desktop /snap/bin/vlc %U", "vlc" },
    { "pkexec /usr/sbin/synaptic", "administrator" },
    { "env A=b sudo true", "administrator" },
    { "gapplication launch org.example.App", "gapplication" },
    { "flatpak run org.example.App", "flatpak" },
    { own + "/Player.AppImage %U", "--appimage-extract" },
    { "/usr/bin/no-such-program", "no-such-program" },
  };

  fs::create_directories (own);
  for (const char *name : { "prog", "script", "Player.AppImage" })
    write_file (own + "/" + name, "#!/bin/sh\n", 0755);
  for (const auto &[exec, word] : hopeless) {
    add_application ("app.desktop", exec);
    EXPECT_TRUE (fails_with (sandboxctl ({ "desktop", "install", "app" }), 125, { word, "nothing was installed" }))
        << exec;
    EXPECT_FALSE (fs::exists (applications () + "/app.desktop")) << exec;
  }
  add_application ("app.desktop", "true", "Path=" + own + "\n");
  EXPECT_TRUE (fails_with (sandboxctl ({ "desktop", "install", "app" }), 125, { own, "Path=" }));

  /* All the same; and with a profile that shows it */
  add_application ("app.desktop", own + "/prog");
  Outcome forced = sandboxctl ({ "desktop", "install", "--force", "app" });
  EXPECT_TRUE (succeeds (forced));
  EXPECT_NE (forced.out.find ("may not work"), std::string::npos) << forced.out;
  EXPECT_TRUE (succeeds (sandboxctl ({ "desktop", "remove", "app" })));
  add_profile ("shows", "[Profile]\nName=shows\nInherits=desktop\n[Context]\nfilesystems=~/tools:ro;\n");
  Outcome shown = sandboxctl ({ "desktop", "install", "--profile=shows", "app" });
  EXPECT_TRUE (succeeds (shown));
  EXPECT_EQ (shown.out.find ("may not work"), std::string::npos) << shown.out;
  EXPECT_TRUE (succeeds (sandboxctl ({ "desktop", "remove", "app" })));
}

/* By what lies beside the program, what it names, and what the entry says of itself. */
TEST_P (Desktop, FindsTheKind)
{
  const std::string opt = dir () + "/opt";

  fs::create_directories (opt + "/electron");
  write_file (opt + "/electron/app", "#!/bin/sh\n", 0755);
  write_file (opt + "/electron/chrome-sandbox", "");
  write_file (opt + "/qt",
              "\x7f"
              "ELF libQt5WebEngineCore.so.5",
              0755);
  write_file (opt + "/plain", "#!/bin/sh\n", 0755);
  const std::vector<std::pair<std::string, std::string> > rows = {
    { opt + "/electron/app\nCategories=Office;\n", "chromium-based" },
    { opt + "/qt\n", "chromium-based" },
    { opt + "/plain\nCategories=Network;Chat;\n", "online" },
    { opt + "/plain\nCategories=Office;\n", "desktop" },
  };

  for (const auto &[exec, profile] : rows) {
    add_application ("org.example.Kind.desktop", exec);
    Outcome outcome = sandboxctl ({ "desktop", "install", "--force", "org.example.Kind" });
    EXPECT_NE (outcome.out.find ("under the profile " + profile + "\n"), std::string::npos) << outcome.out;
    EXPECT_EQ (outcome.out.find ("--profile=desktop") != std::string::npos, profile != "desktop") << outcome.out;
    EXPECT_TRUE (succeeds (sandboxctl ({ "desktop", "remove", "org.example.Kind" })));
  }
  /* What was asked for stays */
  add_application ("org.example.Kind.desktop", rows[0].first);
  EXPECT_NE (sandboxctl ({ "desktop", "install", "--force", "--profile=desktop", "org.example.Kind" })
                 .out.find ("under the profile desktop\n"),
             std::string::npos);
  EXPECT_TRUE (succeeds (sandboxctl ({ "desktop", "remove", "org.example.Kind" })));
}

TEST_P (Desktop, AllOfThemAndNearestNames)
{
  add_application ("org.example.One.desktop", "true");
  add_application ("org.example.Two.desktop", "cat %f");
  add_application ("org.example.Root.desktop", "pkexec true");
  add_application ("org.example.Hidden.desktop", "sleep 1", "NoDisplay=true\n");
  add_application ("org.example.Panel.desktop", "ls", "Categories=Settings;\n");
  EXPECT_TRUE (
      fails_with (sandboxctl ({ "desktop", "install", "org.example.Oen" }), 125, { "org.example.One.desktop" }));
  fs::create_directories (home () + "/.config/true");
  Outcome all = sandboxctl ({ "desktop", "install", "--all" });
  EXPECT_TRUE (all.status == 0) << all.err;
  EXPECT_NE (all.err.find ("org.example.Root.desktop"), std::string::npos) << all.err;
  EXPECT_NE (all.out.find ("cp -a ~/.config/true "), std::string::npos) << all.out;
  EXPECT_EQ (json ({ "desktop", "list", "--json" }).size (), 2u);
  EXPECT_TRUE (succeeds (sandboxctl ({ "desktop", "remove", "--all" })));
  EXPECT_EQ (json ({ "desktop", "list", "--json" }).size (), 0u);
  EXPECT_FALSE (fs::exists (applications () + "/org.example.One.desktop"));
  EXPECT_TRUE (fails_with (sandboxctl ({ "desktop", "install", "--all", "x" }), 125, { "--all" }));
}

/* As a desktop does it: GLib reads the launcher, puts the file in and starts it. */
TEST_P (Desktop, ADoubleClick)
{
  add_application ("truncate.desktop", "truncate -s 3 %f");
  ASSERT_TRUE (succeeds (sandboxctl ({ "desktop", "install", "truncate.desktop" })));
  for (const char *name : odd_names) {
    std::string path = home () + "/" + name;

    if (std::string (name) == "@@") /* the mark itself, and no path */
      continue;
    write_file (path, "content");
    Command click ({ "gio", "launch", applications () + "/truncate.desktop", path });
    EXPECT_TRUE (succeeds (run (click))) << name;
    EXPECT_TRUE (eventually ([&] { return read_file (path) == "con"; })) << name;
  }
  expect_nothing_left ();
}

/* A launcher from anywhere is known to the desktop for what it opens, as long as it is installed. */
TEST_P (Desktop, WhatItOpens)
{
  write_file (home () + "/scheme.desktop",
              "[Desktop Entry]\nType=Application\nName=App\nExec=true %u\nMimeType=x-scheme-handler/sandbox-test;\n");
  set_env ("XDG_DATA_DIRS", dir () + "/system");
  auto handler = [&] { return run (Command ({ "gio", "mime", "x-scheme-handler/sandbox-test" })).out; };

  EXPECT_EQ (handler ().find ("scheme.desktop"), std::string::npos);
  ASSERT_TRUE (succeeds (sandboxctl ({ "desktop", "install", "./scheme.desktop" })));
  EXPECT_NE (handler ().find ("scheme.desktop"), std::string::npos) << handler ();
  ASSERT_TRUE (succeeds (sandboxctl ({ "desktop", "remove", "scheme" })));
  EXPECT_EQ (handler ().find ("scheme.desktop"), std::string::npos) << handler ();
}

TEST_P (Desktop, TheCommand)
{
  add_application ("org.example.Cat.desktop", "cat %f");
  write_file (home () + "/a file", "content");
  write_file (home () + "/beside", "secret");
  ASSERT_TRUE (succeeds (sandboxctl ({ "desktop", "install", "--profile=evince", "org.example.Cat" })));
  Command cat ({ home () + "/.local/bin/cat", "-n", "a file", "beside2" });
  cat.cwd = home ();
  Outcome outcome = run (cat);
  EXPECT_EQ (outcome.out, "     1\tcontent") << outcome.err;
  EXPECT_EQ (outcome.status, 1);
  EXPECT_TRUE (succeeds (sandboxctl ({ "desktop", "remove", "cat" })));
  EXPECT_FALSE (fs::exists (home () + "/.local/bin/cat"));
}

TEST_P (Desktop, BadInput)
{
  fs::create_directories (dir () + "/system/applications");
  set_env ("XDG_DATA_DIRS", dir () + "/system");
  const std::vector<std::pair<std::string, std::string> > rows = {
    { std::string ("[Desktop Entry]\nType=Application\nName=A\0\nExec=true\n", 50), "NUL" },
    { "[Desktop Entry]\r\nType=Application\r\n", "carriage return" },
    { "[Desktop Entry]\nType=Application\nExec=true; touch pwned\n", "outside of quotes" },
    { "[Desktop Entry]\nType=Application\nExec=sh -c \"$(touch pwned)\"\n", "backslash" },
    { "[Desktop Entry]\nType=Application\nExec=true\n[Desktop Entry]\nExec=false\n", "twice" },
    { "[Desktop Entry]\nType=Application\nExec=true \\n touch\n", "line end" },
    { "[Desktop Entry]\nType=Application\nExec=true\n#" + std::string (1 << 20, 'x'), "1048576 bytes" },
    { "", "first group" },
  };

  for (const auto &[text, problem] : rows) {
    write_file (dir () + "/system/applications/bad.desktop", text);
    Outcome outcome = sandboxctl ({ "desktop", "install", "bad.desktop" });
    EXPECT_TRUE (fails_with (outcome, 125, { problem, "nothing was installed" })) << outcome.out;
    EXPECT_FALSE (fs::exists (applications () + "/bad.desktop"));
  }
  add_application ("good.desktop", "true");
  EXPECT_TRUE (fails_with (sandboxctl ({ "desktop", "install", "--profile=nosuch", "good" }), 125, { "nosuch" }));
  Outcome missing = sandboxctl ({ "desktop", "install", "nosuch" });
  EXPECT_TRUE (fails_with (missing, 125, { "no desktop entry for \"nosuch\"" }));
  EXPECT_EQ (missing.err.find ("CRITICAL"), std::string::npos) << missing.err;
  EXPECT_TRUE (fails_with (sandboxctl ({ "desktop", "install" }), 125, { "usage" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "desktop", "frobnicate" }), 125, { "install, remove and list" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "desktop" }), 125, { "install, remove and list" }));
}

/* What the bus starts goes through the wrapper as well. */
TEST_P (Desktop, ActivationOverDBus)
{
  add_application ("org.example.Sleeper.desktop", "sleep 1000", "DBusActivatable=true\n");
  fs::create_directories (dir () + "/system/dbus-1/services");
  write_file (dir () + "/system/dbus-1/services/sleeper.service",
              "[D-BUS Service]\nName=org.example.Sleeper\nExec=/usr/bin/sleep 1000\nSystemdService=x.service\n");
  ASSERT_TRUE (succeeds (sandboxctl ({ "desktop", "install", "--profile=desktop", "org.example.Sleeper" })));
  write_file (
      dir () + "/own.conf",
      "<busconfig><type>session</type><listen>unix:path=" + dir ()
          + "/own.bus</listen><standard_session_servicedirs/><policy context=\"default\"><allow send_destination=\"*\" "
            "eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>");
  Process bus (Command ({ "dbus-daemon", "--nofork", "--print-address", "--config-file=" + dir () + "/own.conf" }));
  ASSERT_TRUE (bus.expect ("unix:") && bus.expect ("\n")) << bus.err ();
  Process call (Command ({ "gdbus", "call", "--address", bus.out ().substr (0, bus.out ().find ('\n')), "--dest",
                           "org.freedesktop.DBus", "--object-path", "/", "--method",
                           "org.freedesktop.DBus.StartServiceByName", "org.example.Sleeper", "0" }));
  Record record = new_instance ();
  EXPECT_NE (json ({ "show", "--json", record.id }).dump ().find ("sleep"), std::string::npos);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", record.id })));
}

/* What a desktop takes for @key where the user's language is @locale, if it looks for the translation of every key, as
 * KDE's does; with "" it does not. */
static std::string
as_read_by_a_desktop (const std::string &path, const char *group, const char *key, const std::string &locale)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *value = nullptr;

  if (!g_key_file_load_from_file (file, path.c_str (), G_KEY_FILE_KEEP_TRANSLATIONS, nullptr))
    return "unreadable";
  value = locale.empty () ? g_key_file_get_string (file, group, key, nullptr)
                          : g_key_file_get_locale_string (file, group, key, locale.c_str (), nullptr);
  return value ? value : "";
}

/* The pid namespace that the command of @path is in which such a desktop starts. */
static std::string
started_in (const std::string &path, const char *group, const std::string &locale)
{
  g_auto (GStrv) argv = nullptr;
  Argv words;

  if (!g_shell_parse_argv (as_read_by_a_desktop (path, group, "Exec", locale).c_str (), nullptr, &argv, nullptr))
    return "";
  for (char **word = argv; *word; word++)
    words.push_back (*word);
  Outcome outcome = run (Command (words));
  EXPECT_TRUE (succeeds (outcome)) << locale;
  return outcome.out;
}

/* Translations of keys that are not shown are no way round, also where a desktop goes by them. */
TEST_P (Desktop, Translations)
{
  const char *const groups[] = { "Desktop Entry", "Desktop Action two" };
  const std::string id = "org.example.Odd.desktop", source = dir () + "/system/applications/" + id;
  const std::string look = "readlink /proc/self/ns/pid", german = "\nExec[de]=env A=b " + look + "\n";
  const std::string here = run (Command ({ "readlink", "/proc/self/ns/pid" })).out,
                    launcher = applications () + "/" + id;

  add_application (id, look,
                   german + "TryExec[de]=/bin/sh\nDBusActivatable=false\nDBusActivatable[de]=true\nActions=two;\n\n"
                       + "[Desktop Action two]\nName=Two\nExec=" + look + german);
  /* The control: by the translation it is started outside, and by the bus */
  for (const char *group : groups) {
    EXPECT_EQ (as_read_by_a_desktop (source, group, "Exec", "de"), "env A=b " + look) << group;
    EXPECT_EQ (started_in (source, group, "de"), here) << group;
  }
  EXPECT_EQ (as_read_by_a_desktop (source, groups[0], "DBusActivatable", "de"), "true");

  ASSERT_TRUE (succeeds (sandboxctl ({ "desktop", "install", "--profile=default", id })));
  for (const char *locale : { "", "de", "de_DE.UTF-8" }) {
    for (const char *group : groups) {
      std::string there = started_in (launcher, group, locale);

      EXPECT_TRUE (there.find ("pid:[") == 0 && there != here) << group << " " << locale << " " << there;
    }
    EXPECT_EQ (as_read_by_a_desktop (launcher, groups[0], "DBusActivatable", locale), "false") << locale;
  }
  EXPECT_TRUE (succeeds (sandboxctl ({ "desktop", "remove", id })));
}

/* A FIFO in the place of a file is what an application may leave where it can write. Nobody waits for a writer. */
TEST_P (Desktop, NobodyWaitsForAFifo)
{
  const std::string config = dir () + "/config", system = dir () + "/system";
  std::vector<std::string> fifos = {
    applications () + "/org.example.Fifo.desktop",
    system + "/applications/org.example.Fifo2.desktop",
    applications () + "/mimeapps.list",
    config + "/mimeapps.list",
    config + "/autostart/fifo.desktop",
    config + "/systemd/user/fifo.service",
  };

  /* A bus daemon would wait, for all of the session */
  if (bus () == Bus::NONE)
    fifos.insert (fifos.end (), { dir () + "/data/dbus-1/services/org.example.Fifo.service",
                                  system + "/dbus-1/services/fifo.service" });
  add_application ("org.example.Cat.desktop", "cat %F", "MimeType=text/x-sandbox-test;\n");
  for (const std::string &fifo : fifos) {
    fs::create_directories (fs::path (fifo).parent_path ());
    ASSERT_EQ (mkfifo (fifo.c_str (), 0644), 0) << fifo;
    /* The control: whoever just reads it waits */
    EXPECT_EQ (run (Command ({ "timeout", "0.1", "cat", fifo })).status, 124) << fifo;
  }
  EXPECT_TRUE (succeeds (sandboxctl ({ "desktop", "install", "--profile=default", "org.example.Cat" })));
  EXPECT_EQ (json ({ "desktop", "list", "--json" }).size (), 1u);
  EXPECT_TRUE (fails_with (sandboxctl ({ "desktop", "install", "org.example.Fifo" }), 125, { "not a regular file" }));
  EXPECT_EQ (sandboxctl ({ "desktop", "install", "--all" }).status, 0);
  /* Deeper than anybody looks, but for what tells the desktop */
  std::string deep = applications () + "/a/b/c/d/e/f";
  fs::create_directories (deep);
  for (const auto &entry : fs::directory_iterator (applications ()))
    if (fs::is_fifo (entry.status ()))
      fs::remove (entry.path ());
  ASSERT_EQ (mkfifo ((deep + "/fifo.desktop").c_str (), 0644), 0);
  Outcome removed = sandboxctl ({ "desktop", "remove", "org.example.Cat" });
  EXPECT_TRUE (removed.status == 0 && removed.err.find ("update-desktop-database would wait") != std::string::npos)
      << removed.err;
  fs::remove_all (applications () + "/a");
  EXPECT_TRUE (succeeds (sandboxctl ({ "desktop", "remove", "--all" })));
  EXPECT_LT (sandboxctl ({ "doctor" }).status, 2);
  add_profile ("fifo",
               "[Profile]\nInherits=default\nAppId=org.example.Fifo\n[Session Bus Policy]\norg.example.Fifo=own\n");
  EXPECT_LT (run_in ({ "--profile=fifo" }, { "true" }).status, 126);
}

/* A square of 48 pixels in one colour: an icon that a portal takes without a loader for SVG. */
static const unsigned char png[] = { 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48,
                                     0x44, 0x52, 0x00, 0x00, 0x00, 0x30, 0x00, 0x00, 0x00, 0x30, 0x08, 0x06, 0x00, 0x00,
                                     0x00, 0x57, 0x02, 0xf9, 0x87, 0x00, 0x00, 0x00, 0x44, 0x49, 0x44, 0x41, 0x54, 0x78,
                                     0xda, 0xed, 0xcf, 0x41, 0x11, 0x00, 0x00, 0x04, 0x00, 0x30, 0x51, 0x44, 0x11, 0x4d,
                                     0x73, 0x2a, 0xf8, 0xba, 0xdb, 0x63, 0x01, 0x16, 0x5d, 0x39, 0x9f, 0x85, 0x80, 0x80,
                                     0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                                     0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                                     0x80, 0x80, 0x80, 0x80, 0xc0, 0xd5, 0x02, 0x04, 0xd2, 0xd7, 0xf1, 0x2a, 0x61, 0x6f,
                                     0x4b, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82 };

/* With a desktop that has a dialog for launchers: the real xdg-desktop-portal, and a backend that answers at once. */
class Portal : public OnBus {
protected:
  void
  SetUp () override
  {
    OnBus::SetUp ();
    const std::string icons = dir () + "/system/icons/hicolor/48x48/apps";

    fs::create_directories (icons);
    fs::create_directories (dir () + "/system/applications");
    fs::create_directories (dir () + "/data/applications");
    fs::create_directories (dir () + "/portals");
    write_file (icons + "/app.png", std::string (reinterpret_cast<const char *> (png), sizeof png));
    write_file (
        dir () + "/system/applications/org.example.App.desktop",
        "[Desktop Entry]\nType=Application\nName=App\nName[de]=Programm\nIcon=app\nExec=cat %F\nActions=two;\n\n"
        "[Desktop Action two]\nName=Two\nExec=cat \"\\\\$x\" %F\n");
    write_file (dir () + "/portals/test.portal",
                "[portal]\nDBusName=org.freedesktop.impl.portal.desktop.test\n"
                "Interfaces=org.freedesktop.impl.portal.DynamicLauncher;\nUseIn=test\n");
    set_env ("XDG_DATA_DIRS", dir () + "/system:/usr/share");
    set_env ("XDG_DESKTOP_PORTAL_DIR", dir () + "/portals");
    set_env ("XDG_CURRENT_DESKTOP", "test");
    connection ();
  }
  std::unique_ptr<Process>
  start_backend (const std::string &answer)
  {
    auto backend = std::make_unique<Process> (Command ({ places ().source + "/tests/e2e/portal-backend.py", answer }));

    EXPECT_TRUE (backend->expect ("ready")) << backend->err ();
    return backend;
  }
  std::unique_ptr<Process>
  start_portal ()
  {
    auto portal = std::make_unique<Process> (Command ({ "/usr/libexec/xdg-desktop-portal" }));

    EXPECT_EQ (run (Command ({ "gdbus", "wait", "--session", "org.freedesktop.portal.Desktop" })).status, 0);
    return portal;
  }
  std::string
  launcher () const
  {
    return dir () + "/data/applications/org.example.App.desktop";
  }
  void
  expect_wrapped ()
  {
    std::string text = read_file (launcher ());

    EXPECT_NE (text.find ("-- cat @@ %F @@\n"), std::string::npos) << text;
    EXPECT_NE (text.find ("-- cat \"\\\\$x\" @@ %F @@\n"), std::string::npos) << text;
    EXPECT_NE (text.find ("Name[de]=Programm\n"), std::string::npos) << text;
    EXPECT_EQ (run (Command ({ "desktop-file-validate", launcher () })).status, 0);
  }
};

TEST_F (Portal, TheUserAgrees)
{
  auto backend = start_backend ("yes"), portal = start_portal ();
  Outcome outcome = sandboxctl ({ "desktop", "install", "--profile=evince", "org.example.App" });

  ASSERT_TRUE (succeeds (outcome));
  EXPECT_TRUE (backend->expect ("PrepareInstall App"));
  EXPECT_TRUE (fs::is_symlink (launcher ()));
  EXPECT_NE (read_file (launcher ()).find ("Icon=" + dir () + "/data/xdg-desktop-portal/icons/"), std::string::npos);
  expect_wrapped ();
  EXPECT_EQ (outcome.out.find ("gone"), std::string::npos) << outcome.out;
  /* Again, under another profile: the desktop's own place is given up for ours, and all comes back in the end */
  EXPECT_TRUE (succeeds (sandboxctl ({ "desktop", "install", "--profile=mpv", "org.example.App" })));
  expect_wrapped ();
  EXPECT_TRUE (succeeds (sandboxctl ({ "desktop", "remove", "org.example.App" })));
  EXPECT_FALSE (fs::exists (fs::symlink_status (launcher ())));
  EXPECT_FALSE (fs::exists (dir () + "/data/xdg-desktop-portal/applications/org.example.App.desktop"));
}

TEST_F (Portal, TheUserSaysNo)
{
  auto backend = start_backend ("no"), portal = start_portal ();

  EXPECT_TRUE (fails_with (sandboxctl ({ "desktop", "install", "--profile=evince", "org.example.App" }), 125,
                           { "cancelled", "nothing was installed" }));
  EXPECT_FALSE (fs::exists (launcher ()));
  EXPECT_TRUE (succeeds (sandboxctl ({ "desktop", "install", "--no-portal", "--profile=evince", "org.example.App" })));
  EXPECT_FALSE (fs::is_symlink (launcher ()));
}

/* A portal that is there and never says a word: the launcher is written without it. */
TEST_F (Portal, Dead)
{
  auto silent = start_backend ("silent");

  ASSERT_TRUE (succeeds (sandboxctl ({ "desktop", "install", "--profile=evince", "org.example.App" })));
  EXPECT_FALSE (fs::is_symlink (launcher ()));
  expect_wrapped ();
}

/* Disks that are full and places that are read-only, in a mount namespace of the test's own. */
class Disk : public WithoutBus {
protected:
  Outcome
  install_on (const std::string &setup)
  {
    Argv argv = { "unshare",
                  "--map-current-user",
                  "--keep-caps",
                  "--mount",
                  "sh",
                  "-c",
                  "set -e; " + setup
                      + "; \"$@\" && status=0 || status=$?; find \"$XDG_DATA_HOME\" \"$HOME\" -name '*.desktop' -o "
                        "-name '.sandbox-*' -o -path '*/bin/*'; exit $status",
                  "sh" };

    fs::create_directories (dir () + "/system/applications");
    fs::create_directories (home () + "/.local/bin");
    fs::create_directories (dir () + "/data/applications");
    write_file (dir () + "/system/applications/app.desktop",
                "[Desktop Entry]\nType=Application\nName=App\nExec=true\n");
    set_env ("XDG_DATA_DIRS", dir () + "/system");
    for (const std::string &word : ctl ({ "desktop", "install", "--json", "app" }))
      argv.push_back (word);
    Command all (argv);
    all.cwd = home ();
    return run (all);
  }
};

TEST_F (Disk, FullOrReadOnly)
{
  const std::string data = dir () + "/data", state = dir () + "/state", local = home () + "/.local";
  const std::string fill = "; dd if=/dev/zero of=fill bs=4k 2>/dev/null || :";
  const std::vector<std::pair<std::string, Argv> > rows = {
    { "mount -t tmpfs -o size=4k,mode=0700 tmpfs " + data + "; cd " + data + fill, { "full", data } },
    { "mount -t tmpfs -o ro,mode=0700 tmpfs " + data, { "make the file system writable", data } },
    { "mount -t tmpfs -o nr_inodes=2,mode=0700 tmpfs " + data + "; touch " + data + "/fill", { "full", data } },
    { "mount -t tmpfs -o size=4k,mode=0700 tmpfs " + local + "; cd " + local + fill, { "full", local } },
    { "mount -t tmpfs -o ro,mode=0700 tmpfs " + local, { "Read-only", local } },
    { "mount -t tmpfs -o size=4k,mode=0700 tmpfs " + state + "; cd " + state + fill, { "No space left", state } },
    { "mount -t tmpfs -o ro,mode=0700 tmpfs " + state, { "Read-only", state } },
  };

  for (const auto &[setup, words] : rows) {
    Argv all = words;

    all.push_back ("nothing was installed");
    Outcome outcome = install_on (setup);
    EXPECT_TRUE (fails_with (outcome, 125, all)) << setup;
    EXPECT_EQ (outcome.out, "[]\n") << setup;
    fs::remove_all (dir () + "/state/sandbox");
  }
  EXPECT_TRUE (succeeds (install_on (":")));
}
