/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The real xdg-desktop-portal and xdg-document-portal, with a desktop's part that answers by itself. */
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

using namespace e2e;

namespace fs = std::filesystem;

/* The real xdg-desktop-portal: it knows an application by its id, and nobody inside can change that. */
class RealPortal : public OnBus {
protected:
  void
  SetUp () override
  {
    OnBus::SetUp ();
    std::filesystem::create_directories (dir () + "/portals");
    write_file (dir () + "/portals/test.portal",
                "[portal]\nDBusName=org.freedesktop.impl.portal.desktop.test\nInterfaces=org.freedesktop.impl.portal."
                "Notification;org.freedesktop.impl.portal.Settings;org.freedesktop.impl.portal.FileChooser;"
                "org.freedesktop.impl.portal.AppChooser;org.freedesktop.impl.portal.Inhibit;"
                "org.freedesktop.impl.portal.Access;org.freedesktop.impl.portal.Background;"
                "org.freedesktop.impl.portal.DynamicLauncher;\nUseIn=test\n");
    set_env ("XDG_DESKTOP_PORTAL_DIR", dir () + "/portals");
    set_env ("XDG_CURRENT_DESKTOP", "test");
    connection ();
    Command backend ({ places ().source + "/tests/e2e/portal-backend.py", "yes" });
    backend.keep_input = true;
    backend_ = std::make_unique<Process> (backend);
    ASSERT_TRUE (backend_->expect ("ready")) << backend_->err ();
    start_documents ();
    portal_ = std::make_unique<Process> (Command ({ "/usr/libexec/xdg-desktop-portal" }));
    ASSERT_EQ (run (Command ({ "gdbus", "wait", "--session", "org.freedesktop.portal.Desktop" })).status, 0);
    add_profile ("inside", "[Profile]\nInherits=default\n[Context]\nfeatures=userns;\n[Session Bus Policy]\n"
                           "org.freedesktop.portal.*=talk\n");
  }
  void
  TearDown () override
  {
    portal_.reset ();
    backend_.reset ();
    OnBus::TearDown ();
  }
  /* xdg-document-portal, for those who want it. */
  virtual void
  start_documents ()
  {
  }
  static Argv
  ask (const std::string &method, const Argv &words)
  {
    Argv all = { "gdbus",     "call",
                 "--session", "--timeout=20",
                 "-d",        "org.freedesktop.portal.Desktop",
                 "-o",        "/org/freedesktop/portal/desktop",
                 "-m",        "org.freedesktop.portal." + method };

    all.insert (all.end (), words.begin (), words.end ());
    return all;
  }
  /* portal-client.py inside, which waits for the response */
  static Argv
  request (const Argv &words)
  {
    Argv all = { "python3", "-c", read_file (places ().source + "/tests/e2e/portal-client.py") };

    all.insert (all.end (), words.begin (), words.end ());
    return all;
  }
  /* What is to be started at a login, a line each: id and command. The portal asks the backend for that; from 1.19 on
   * it writes the file for the desktop itself. */
  std::string
  logins ()
  {
    static const std::string asked = "EnableAutostart ", exec = "\nExec=";
    fs::path directory = dir () + "/config/autostart";
    std::string lines, line;

    (void) backend_->running (); /* reads */
    for (std::istringstream all (backend_->out ()); std::getline (all, line);)
      if (line.compare (0, asked.size (), asked) == 0)
        lines += line.substr (asked.size ()) + "\n";
    if (fs::is_directory (directory))
      for (const auto &entry : fs::directory_iterator (directory)) {
        std::string text = read_file (entry.path ());
        size_t at = text.find (exec);

        if (at != std::string::npos)
          at += exec.size ();
        lines += entry.path ().stem ().string () + " "
                 + text.substr (std::min (at, text.size ()), text.find ('\n', at) - at) + "\n";
      }
    return lines;
  }
  std::unique_ptr<Process> backend_, portal_;
};

TEST_F (RealPortal, KnowsTheApplicationByItsId)
{
  Argv notify = ask ("Notification.AddNotification", { "hello", "{'title': <'x'>, 'body': <'y'>}" });

  ASSERT_TRUE (succeeds (run_in ({ "--profile=inside", "--app-id=org.example.Notes" }, notify)));
  EXPECT_TRUE (backend_->expect ("AddNotification org.example.Notes hello")) << backend_->out ();
  /* A name that is no id for a portal becomes one of ours */
  ASSERT_TRUE (succeeds (run_in ({ "--profile=inside", "--app-id=plain" }, notify)));
  EXPECT_TRUE (backend_->expect ("AddNotification org.example.Sandbox.app._plain hello")) << backend_->out ();
}

TEST_F (RealPortal, TellsSettings)
{
  Outcome outcome = run_in ({ "--profile=inside" }, ask ("Settings.ReadAll", { "['org.freedesktop.appearance']" }));

  ASSERT_TRUE (succeeds (outcome));
  EXPECT_NE (outcome.out.find ("'color-scheme': <uint32 1>"), std::string::npos) << outcome.out;
}

TEST_F (RealPortal, TellsOfASettingThatChanges)
{
  Process process (command (run_words ({ "--profile=inside" }, request ({ "Settings.SettingChanged" }))));

  ASSERT_TRUE (process.expect ("waiting")) << process.err ();
  backend_->write ("change\n");
  EXPECT_EQ (process.wait ().status, 0) << process.err ();
  EXPECT_NE (process.out ().find ("('org.freedesktop.appearance', 'color-scheme', <uint32 2>)"), std::string::npos)
      << process.out ();
}

TEST_F (RealPortal, AsksForAFile)
{
  Outcome outcome = run_in ({ "--profile=inside", "--app-id=org.example.Notes" },
                            request ({ "FileChooser.OpenFile", "('', 'Which one?', @a{sv} {})" }));

  ASSERT_TRUE (succeeds (outcome));
  /* Without a document portal there is no path by which it would be there: none is told, the host's own least of all.
   * Documents has the other case. */
  EXPECT_EQ (outcome.out, "(0, {'uris': <@as []>})\n");
  EXPECT_TRUE (backend_->expect ("OpenFile org.example.Notes Which one?")) << backend_->out ();
}

TEST_F (RealPortal, KeepsTheSessionFromEnding)
{
  Outcome outcome = run_in ({ "--profile=inside", "--app-id=org.example.Notes" },
                            ask ("Inhibit.Inhibit", { "", "4", "{'reason': <'writing'>}" }));

  ASSERT_TRUE (succeeds (outcome));
  EXPECT_TRUE (backend_->expect ("Inhibit org.example.Notes 4 writing")) << backend_->out ();
}

/* What opens it is a program of the host's, outside. */
TEST_F (RealPortal, OpensALink)
{
  std::string script = dir () + "/opener", mark = dir () + "/opened";

  write_file (script, "#!/bin/sh\necho \"$1\" >" + mark + ".new && mv " + mark + ".new " + mark + "\n", 0755);
  std::filesystem::create_directories (dir () + "/data/applications");
  write_file (dir () + "/data/applications/org.example.Opener.desktop",
              "[Desktop Entry]\nType=Application\nName=Opener\nExec=" + script
                  + " %u\nMimeType=x-scheme-handler/sandbox-test;\n");
  ASSERT_EQ (run (Command ({ "update-desktop-database", dir () + "/data/applications" })).status, 0);
  Outcome outcome = run_in ({ "--profile=inside", "--app-id=org.example.Notes" },
                            request ({ "OpenURI.OpenURI", "('', 'sandbox-test:hello', @a{sv} {})" }));

  ASSERT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out.substr (0, 4), "(0, ") << outcome.out;
  EXPECT_TRUE (eventually ([&] { return read_file (mark) == "sandbox-test:hello\n"; }));
  /* No file of the host's by a link: that takes a descriptor, which the application would have to have */
  outcome = run_in ({ "--profile=inside", "--app-id=org.example.Notes" },
                    request ({ "OpenURI.OpenURI", "('', 'file:///etc/passwd', @a{sv} {})" }));
  EXPECT_EQ (outcome.out.substr (0, 4), "(2, ") << outcome.out; /* neither done nor cancelled */
}

/* One connection that first calls what it may: all that follows is refused, by whatever name it calls the portal, and
 * as long as it may be told of it. */
TEST_F (RealPortal, NothingThatActsOutsideUnlessNamed)
{
  static const char script[] =
      "from gi.repository import Gio, GLib\n"
      "bus = Gio.bus_get_sync(Gio.BusType.SESSION)\n"
      "PORTAL, PATH = 'org.freedesktop.portal.Desktop', '/org/freedesktop/portal/desktop'\n"
      "def call(name, interface, member, arguments, path=PATH):\n"
      "  message = Gio.DBusMessage.new_method_call(name, path, interface, member)\n"
      "  message.set_body(GLib.Variant.parse(None, arguments, None, None))\n"
      "  reply = bus.send_message_with_reply_sync(message, 0, 20000, None)[0]\n"
      "  print(member, reply.get_error_name() or 'answered')\n"
      "  return reply.get_body()\n"
      "call(PORTAL, PORTAL[:-7] + 'Settings', 'ReadAll', \"(['org.freedesktop.appearance'],)\")\n"
      "call(PORTAL, 'org.freedesktop.DBus.Properties', 'GetAll', \"('org.freedesktop.portal.Background',)\")\n"
      "call(PORTAL, 'org.freedesktop.DBus.Introspectable', 'Introspect', '()')\n"
      "[owner] = call('org.freedesktop.DBus', 'org.freedesktop.DBus', 'GetNameOwner', '(\"%s\",)' % PORTAL)\n"
      "print('then')\n"
      "AUTOSTART = \"('', {'autostart': <true>, 'commandline': <['touch', '/tmp/outside']>})\"\n"
      "for name in PORTAL, owner:\n"
      "  for interface in PORTAL[:-7] + 'Background', None:\n"
      "    call(name, interface, 'RequestBackground', AUTOSTART)\n"
      "  call(name, PORTAL[:-7] + 'Background', 'RequestBackground', AUTOSTART, PATH + '/request/1')\n"
      "  call(name, PORTAL[:-7] + 'DynamicLauncher', 'RequestInstallToken', \"('x', <''>, @a{sv} {})\")\n"
      "  call(name, PORTAL[:-7] + 'DynamicLauncher', 'Install', \"('', 'a.desktop', '', @a{sv} {})\")\n"
      "  call(name, PORTAL[:-7] + 'RemoteDesktop', 'CreateSession', '(@a{sv} {},)')\n"
      "  call(name, PORTAL[:-7] + 'Unheard', 'Of', '()')\n"
      "call(PORTAL[:-7] + 'Flatpak', PORTAL[:-7] + 'Flatpak', 'Spawn', '()', '/org/freedesktop/portal/Flatpak')\n";
  Outcome outcome = run_in ({ "--profile=inside", "--app-id=org.example.Notes" }, { "python3", "-c", script });
  size_t then = outcome.out.find ("then\n");

  ASSERT_TRUE (succeeds (outcome));
  ASSERT_NE (then, std::string::npos) << outcome.out;
  EXPECT_EQ (outcome.out.substr (0, then),
             "ReadAll answered\nGetAll answered\nIntrospect answered\nGetNameOwner answered\n");
  std::string refused = outcome.out.substr (then + 5);
  std::string line;
  size_t n = 0;
  for (std::istringstream lines (refused); std::getline (lines, line); n++)
    EXPECT_TRUE (line.find (" org.freedesktop.DBus.Error.AccessDenied") != std::string::npos
                 || line == "Spawn org.freedesktop.DBus.Error.ServiceUnknown")
        << line;
  EXPECT_EQ (n, 15u) << refused;
  EXPECT_EQ (logins (), "");
}

/* The other way round: what the profile names is there, in the same words. */
TEST_F (RealPortal, WhatActsOutsideWhenNamed)
{
  Argv autostart = request (
      { "Background.RequestBackground", "('', {'autostart': <true>, 'commandline': <['touch', '/tmp/outside']>})" });

  add_profile ("autostart",
               "[Profile]\nInherits=inside\n[Session Bus Policy]\norg.freedesktop.portal.Background=talk\n");
  add_profile ("launcher",
               "[Profile]\nInherits=default\n[Session Bus Policy]\norg.freedesktop.portal.DynamicLauncher=talk\n");
  Outcome outcome = run_in ({ "--profile=autostart", "--app-id=org.example.Notes" }, autostart);
  ASSERT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out.substr (0, 4), "(0, ") << outcome.out;
  /* It takes whoever has a .flatpak-info for a Flatpak */
  EXPECT_TRUE (eventually ([this] {
    return logins ().find ("org.example.Notes flatpak run --command=touch org.example.Notes /tmp/outside\n")
           != std::string::npos;
  })) << logins ();
  /* That one alone, and nothing that was not named with it */
  Argv token = ask ("DynamicLauncher.RequestInstallToken", { "x", "<''>", "{}" });
  EXPECT_NE (run_in ({ "--profile=autostart" }, token).err.find ("AccessDenied"), std::string::npos);
  EXPECT_EQ (run_in ({ "--profile=launcher" }, token).err.find ("AccessDenied"), std::string::npos);
  EXPECT_NE (run_in ({ "--profile=launcher" }, ask ("Settings.ReadAll", { "['*']" })).err.find ("AccessDenied"),
             std::string::npos);
}

TEST_F (RealPortal, OneThatIsTakenAway)
{
  Argv settings = ask ("Settings.ReadAll", { "['*']" });

  add_profile ("less", "[Profile]\nInherits=inside\n[Session Bus Policy]\norg.freedesktop.portal.Settings=none\n");
  EXPECT_TRUE (succeeds (run_in ({ "--profile=inside" }, settings)));
  EXPECT_NE (run_in ({ "--profile=less" }, settings).err.find ("AccessDenied"), std::string::npos);
  EXPECT_TRUE (succeeds (run_in ({ "--profile=less" }, ask ("Inhibit.Inhibit", { "", "4", "{}" }))));
}

/* What was refused is named with the rule that allows it, which is not the bus name's. */
TEST_F (RealPortal, ARefusalNamesTheInterface)
{
  std::string id = launch_detached ({ "--profile=inside" }, { "sleep", "1000" });

  EXPECT_NE (sandboxctl ({ "exec", id, "--", "gdbus", "call", "--session", "-d", "org.freedesktop.portal.Desktop", "-o",
                           "/org/freedesktop/portal/desktop", "-m",
                           "org.freedesktop.portal.Background.RequestBackground", "", "{}" })
                 .status,
             0);
  EXPECT_TRUE (eventually ([&] {
    return sandboxctl ({ "show", id }).out.find ("org.freedesktop.portal.Background=talk below [Session Bus Policy]")
           != std::string::npos;
  })) << sandboxctl ({ "show", id }).out;
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

TEST_F (RealPortal, AnIdCannotBeForged)
{
  Argv forged = ask ("Notification.AddNotification", { "forged", "{'title': <'x'>, 'body': <'y'>}" });
  /* A root of its own with another /.flatpak-info, and the bus in it */
  std::string script = "printf '[Application]\\nname=org.example.Other\\n' >/tmp/info && exec bwrap --ro-bind /usr "
                       "/usr --symlink usr/bin /bin "
                       "--symlink usr/lib /lib --symlink usr/lib64 /lib64 --proc /proc --dev /dev --ro-bind /run /run "
                       "--ro-bind /tmp/info /.flatpak-info -- \"$@\"";
  Argv words = { "sh", "-c", script, "sh" };

  words.insert (words.end (), forged.begin (), forged.end ());
  ASSERT_TRUE (succeeds (run_in ({ "--profile=inside", "--app-id=org.example.Notes" }, words)));
  EXPECT_TRUE (backend_->expect ("forged")) << backend_->out ();
  EXPECT_NE (backend_->out ().find ("AddNotification org.example.Notes forged"), std::string::npos) << backend_->out ();
}

/* Nor with a proxy of its own, in a root of its own, that says who is connected to it. */
TEST_F (RealPortal, AProxyInsideIsNobodyElse)
{
  Argv words = { "sh", "-c",
                 "printf '[Application]\\nname=org.example.Other\\n' >/tmp/info && exec bwrap --ro-bind /usr /usr "
                 "--symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 --proc /proc --dev /dev "
                 "--ro-bind /run /run --bind /tmp /tmp --ro-bind /tmp/info /.flatpak-info -- sh -c '"
                 "xdg-dbus-proxy $DBUS_SESSION_BUS_ADDRESS /tmp/own & "
                 "until [ -S /tmp/own ]; do sleep 0.05; done; DBUS_SESSION_BUS_ADDRESS=unix:path=/tmp/own exec \"$@\"' "
                 "sh \"$@\"",
                 "sh" };

  for (const std::string &word : ask ("Notification.AddNotification", { "forged", "{'title': <'x'>, 'body': <'y'>}" }))
    words.push_back (word);
  ASSERT_TRUE (succeeds (run_in ({ "--profile=inside", "--app-id=org.example.Notes" }, words)));
  EXPECT_TRUE (backend_->expect ("forged")) << backend_->out ();
  EXPECT_NE (backend_->out ().find ("AddNotification org.example.Notes forged"), std::string::npos) << backend_->out ();
}

/* Its file system needs /dev/fuse, which tests/runner opens to us. */
class Documents : public RealPortal {
protected:
  void
  start_documents () override
  {
    permissions_ = std::make_unique<Process> (Command ({ "/usr/libexec/xdg-permission-store" }));
    documents_ = std::make_unique<Process> (Command ({ "/usr/libexec/xdg-document-portal" }));
    ASSERT_EQ (run (Command ({ "gdbus", "wait", "--session", "org.freedesktop.portal.Documents" })).status, 0);
    ASSERT_TRUE (eventually ([&] { return fs::exists (runtime () + "/doc/by-app"); })) << documents_->err ();
    chosen_ = home () + "/letter.txt";
    write_file (chosen_, "dear reader\n");
  }
  void
  TearDown () override
  {
    if (documents_)
      documents_->kill (SIGCONT);
    documents_.reset ();
    permissions_.reset ();
    (void) run (Command ({ "fusermount3", "-u", "-q", "-z", runtime () + "/doc" }));
    RealPortal::TearDown ();
  }
  /* For a shell inside: nothing waits for the portal at the launch, so it may take a moment. */
  std::string
  await_mount ()
  {
    return "until grep -q ' " + runtime () + "/doc .* fuse.portal' /proc/self/mountinfo; do sleep 0.02; done; ";
  }
  static void
  expect_no_finder ()
  {
    EXPECT_TRUE (eventually ([] {
      reap_strays ();
      for (const auto &p : descendants (getpid ()))
        if (p.name == "sandbox-finder")
          return false;
      return true;
    })) << describe (descendants (getpid ()));
  }
  /* Inside: the portal is asked for a file, and the shell's $1 is the path that it has told. */
  Outcome
  choose (const Argv &options, const std::string &script)
  {
    std::string client = read_file (places ().source + "/tests/e2e/portal-client.py");
    std::string all = "f=$(python3 -c \"$1\" FileChooser.OpenFile \"$2\" | sed -n "
                      "\"s|.*file://\\([^']*\\)'.*|\\1|p\"); set -- \"$f\"; "
                      + await_mount () + script;

    return run_in (options, { "sh", "-c", all, "sh", client, "('', '" + chosen_ + "', {'writable': <true>})" });
  }
  std::unique_ptr<Process> permissions_, documents_;
  std::string chosen_;
};

TEST_F (Documents, AChosenFileCanBeReadAndWritten)
{
  Outcome outcome = choose ({ "--profile=inside", "--app-id=org.example.Notes" },
                            "echo $1; cat $1 && echo more >>$1; ls ${1%/*}; cat " + chosen_ + "; echo $GTK_USE_PORTAL");

  EXPECT_EQ (outcome.out.find (runtime () + "/doc/"), 0u) << outcome.out << outcome.err;
  EXPECT_NE (outcome.out.find ("/letter.txt\ndear reader\nletter.txt\n1\n"), std::string::npos) << outcome.out;
  EXPECT_EQ (read_file (chosen_), "dear reader\nmore\n");
  /* The same where Landlock has file-system rights */
  add_profile ("flat", "[Profile]\nInherits=default\n[Session Bus Policy]\norg.freedesktop.portal.*=talk\n");
  outcome = choose ({ "--profile=flat", "--app-id=org.example.Notes" }, "cat $1 && echo most >>$1");
  EXPECT_EQ (outcome.out, "dear reader\nmore\n") << outcome.err;
  EXPECT_EQ (read_file (chosen_), "dear reader\nmore\nmost\n");
}

TEST_F (Documents, AreNobodyElses)
{
  Outcome outcome = choose ({ "--profile=inside", "--app-id=org.example.Notes" }, "echo ${1%/*}");
  std::string directory = outcome.out.substr (0, outcome.out.find ('\n'));

  ASSERT_TRUE (fs::exists (directory)) << outcome.out << outcome.err;
  outcome = run_in ({ "--profile=inside", "--app-id=org.example.Other" },
                    { "sh", "-c", await_mount () + "ls " + runtime () + "/doc; ls " + directory });
  EXPECT_EQ (outcome.out.find ("letter"), std::string::npos) << outcome.out;
  EXPECT_NE (outcome.err.find ("No such file"), std::string::npos) << outcome.err;
  EXPECT_EQ (outcome.out.find ("by-app"), std::string::npos) << outcome.out;
  /* The same application finds them again */
  outcome = run_in ({ "--profile=inside", "--app-id=org.example.Notes" },
                    { "sh", "-c", await_mount () + "cat " + directory + "/letter.txt" });
  EXPECT_EQ (outcome.out, "dear reader\n") << outcome.err;
  /* And who may not talk to the portal has none */
  outcome =
      run_in ({ "--app-id=org.example.Notes" }, { "sh", "-c", "echo $GTK_USE_PORTAL; ls " + runtime () + "/doc" });
  EXPECT_EQ (outcome.out, "\n") << outcome.out;
  EXPECT_NE (outcome.status, 0);
}

/* Stopped: the launch goes on, the directory fills when the portal does; and an end does not wait for it either. */
TEST_F (Documents, APortalThatHangsHoldsUpNobody)
{
  Argv words = { "sh", "-c", "echo up; " + await_mount () + "echo there; exec sleep 1000" };

  documents_->kill (SIGSTOP);
  Process patient (command (run_words ({ "--profile=inside", "--app-id=org.example.Notes" }, words)));
  ASSERT_TRUE (patient.expect ("up")) << patient.err ();
  Record first = new_instance ();
  EXPECT_EQ (run_in ({ "--profile=inside", "--app-id=org.example.Notes" }, { "sh", "-c", "exit 7" }).status, 7);
  documents_->kill (SIGCONT);
  EXPECT_TRUE (patient.expect ("there")) << patient.err ();
  documents_->kill (SIGSTOP);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", first.id })));
  EXPECT_EQ (patient.wait ().status, 128 + SIGTERM);
  expect_no_finder ();
  documents_->kill (SIGCONT);
}

/* A link in its place leads the mount nowhere else. */
TEST_F (Documents, TheirPlaceCannotBeMoved)
{
  std::string place = runtime () + "/doc";

  documents_->kill (SIGSTOP);
  Process process (
      command (run_words ({ "--profile=inside", "--app-id=org.example.Notes" },
                          { "sh", "-c",
                            "mkdir /tmp/else; rmdir " + place + " && ln -s /tmp/else " + place
                                + "; echo up; read x; grep -c fuse /proc/self/mountinfo; ls -A /tmp/else" })));
  ASSERT_TRUE (process.expect ("up")) << process.err ();
  documents_->kill (SIGCONT);
  expect_no_finder (); /* it has found them, and the keeper had something to mount */
  process.write ("\n");
  EXPECT_EQ (process.wait ().status, 0);
  EXPECT_NE (process.out ().find ("\n0\n"), std::string::npos) << process.out ();
}
