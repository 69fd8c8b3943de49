/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Launches from inside of a sandbox: no more than the sandbox has itself, and nothing of what is not its own. */
#include <csignal>
#include <cstring>
#include <filesystem>
#include <unistd.h>

#include "compositor.h"
#include "facility.h"

using namespace e2e;

class Nested : public Facility {
protected:
  Nested () : Facility (Bus::SESSION)
  {
  }
  /* The profile NAME may talk to the service, find sandboxctl, and @groups. */
  void
  add_nesting (const std::string &name, const std::string &context = "", const std::string &files = "",
               const std::string &groups = "")
  {
    add_profile (name, "[Profile]\nInherits=default\n[Context]\nfilesystems=" + programs () + ":ro;" + files + "\n"
                           + context + "[Session Bus Policy]\norg.example.Sandbox=talk\n" + groups);
  }
  void
  SetUp () override
  {
    Facility::SetUp ();
    if (!HasFatalFailure ())
      add_nesting ("nesting");
  }
  static std::string
  programs ()
  {
    return std::filesystem::path (places ().sandboxctl).parent_path ();
  }
  /* For a shell inside: `ctl VERB …`. */
  std::string
  script (const std::string &text)
  {
    return "ctl () { " + places ().sandboxctl + " \"$@\"; }; " + text;
  }
  Outcome
  inside (const std::string &text, const Argv &options = {}, const std::string &profile = "nesting")
  {
    Argv all = { "--profile=" + profile, "--app-id=org.example.Nesting" };

    all.insert (all.end (), options.begin (), options.end ());
    return run_in (all, { "sh", "-c", script (text) });
  }
  /* What @words of `run` from inside come to. */
  void
  expect_exceeded (const std::string &words, const std::vector<std::string> &said,
                   const std::string &profile = "nesting")
  {
    Outcome outcome = inside ("ctl run " + words + " -- echo it runs", {}, profile);

    EXPECT_EQ (outcome.out, "") << words;
    EXPECT_TRUE (fails_with (outcome, 125, said)) << words;
  }
};

TEST_F (Nested, TheSameAgain)
{
  Outcome outcome = inside ("ctl run --profile=nesting -- sh -c 'echo nested; exit 7'");

  EXPECT_EQ (outcome.out, "nested\n") << outcome.err;
  EXPECT_EQ (outcome.status, 7);
}

/* An application asks as soon as it runs, and that it runs the service hears from a keeper that may be slow. */
TEST_F (Nested, BeforeTheKeeperHasSaidThatItRuns)
{
  const std::string keeper = dir () + "/libexec/sandbox-keeper";

  std::filesystem::remove (keeper);
  write_file (keeper,
              "#!/bin/sh\nexec strace -D -qq -o /dev/null -e trace=recvmsg -e inject=recvmsg:delay_exit=200000 "
                  + places ().keeper + "\n",
              0755);
  Outcome outcome = inside ("ctl run --profile=nesting -- sh -c 'echo nested; exit 7'");
  EXPECT_EQ (outcome.out, "nested\n") << outcome.err;
  EXPECT_EQ (outcome.status, 7);
}

TEST_F (Nested, Less)
{
  std::string path = make_directory ("given");

  add_nesting ("given", "shared=network;\n", path + ":rw;");
  add_nesting ("less", "", path + ":ro;");
  Outcome outcome =
      inside ("ctl run --profile=less -- sh -c 'cat " + path + "/file; (echo x >" + path
                  + "/new) 2>/dev/null || echo refused; ls /sys/class/net 2>/dev/null; grep -c : /proc/net/dev'",
              {}, "given");
  EXPECT_EQ (outcome.out, "content\nrefused\n1\n") << outcome.err;
}

/* And the nested one in turn. */
TEST_F (Nested, Deeper)
{
  add_nesting ("wide", "shared=network;ipc;\n");
  add_nesting ("middle", "shared=network;\n");
  EXPECT_EQ (
      inside ("ctl run --profile=middle -- " + places ().sandboxctl + " run --profile=nesting -- echo deep", {}, "wide")
          .out,
      "deep\n");
  Outcome outcome = inside (
      "ctl run --profile=nesting -- " + places ().sandboxctl + " run --profile=middle -- echo deep", {}, "wide");
  EXPECT_TRUE (fails_with (outcome, 125, { "network" }));
}

/* Where its network leads is a part of what it may have: names within names, and within the Internet. */
TEST_F (Nested, NetworkRules)
{
  const std::string network = "shared=private-network;\n";

  add_nesting ("ruled", network, "", "[Network]\nallow=*.example.org;host:5432;192.168.1.0/24;\n");
  add_nesting ("open", network);
  for (const char *words : { "--network-allow=a.example.org", "--network-allow=*.b.example.org:443",
                             "--network-allow=host:5432/tcp", "--network-allow=none" })
    EXPECT_EQ (
        inside (std::string ("ctl run --profile=nesting --network=private ") + words + " -- echo it runs", {}, "ruled")
            .out,
        "it runs\n")
        << words;
  for (const char *words : { "--network-allow=example.org", "--network-allow=internet", "--network-allow=host",
                             "--network-allow=192.168.0.0/16", "--network-allow=dns" })
    expect_exceeded (std::string ("--profile=nesting --network=private ") + words, { "destination" }, "ruled");
  EXPECT_EQ (
      inside ("ctl run --profile=nesting --network=private --network-allow=example.org -- echo it runs", {}, "open")
          .out,
      "it runs\n");
}

TEST_F (Nested, NotMore)
{
  std::string path = make_directory ("secret");

  expect_exceeded ("--profile=devel", { "more than the calling sandbox" });
  expect_exceeded ("--profile=nesting --share=network", { "network" });
  expect_exceeded ("--profile=nesting --socket=session-bus", { "session-bus" });
  expect_exceeded ("--profile=nesting --device=all", { "device" });
  expect_exceeded ("--profile=nesting --filesystem=" + path, { path });
  expect_exceeded ("--profile=nesting --persist=.data", { ".data" });
  expect_exceeded ("--profile=nesting --talk-name=org.example.Other", { "org.example.Other" });
  expect_exceeded ("--profile=nesting --allow=userns", { "userns" });
  expect_exceeded ("--profile=nesting --app-id=org.example.Other", { "app-id" });
  expect_exceeded ("--profile=nesting --on-crash=dumper", { "on-crash" });
  EXPECT_TRUE (eventually ([this] { return records ().empty () || records ().size () == 10; }));
}

/* Not even whether a file is there: an error that tells the two apart would. */
TEST_F (Nested, NothingIsToldOfOtherFiles)
{
  std::string path = make_directory ("secret");
  write_file (path + "/some", "content\n");
  auto answer = [&] (const std::string &verb, const std::string &name) {
    Outcome outcome =
        inside ("ctl " + verb + " --filesystem=" + path + "/" + name + (verb[0] == 'r' ? " -- true" : ""));
    std::string text = outcome.out + outcome.err;

    for (size_t at; (at = text.find (name)) != std::string::npos;)
      text.replace (at, name.size (), "NAME");
    return text;
  };

  for (const char *verb : { "run --profile=nesting", "explain nesting" }) {
    EXPECT_EQ (answer (verb, "some"), answer (verb, "none")) << verb;
    EXPECT_NE (answer (verb, "some").find ("more than the calling sandbox"), std::string::npos)
        << answer (verb, "some");
  }
}

/* Below a directory that it may write to the application can put links; in one that it may read there may be some. */
TEST_F (Nested, LinksLeadNowhere)
{
  std::string secret = make_directory ("secret"), given = make_directory ("given"), read = make_directory ("read");
  std::string link = "ln -s " + secret + " " + given + "/link 2>/dev/null; ctl run --profile=given --filesystem=";

  ASSERT_EQ (symlink (secret.c_str (), (read + "/link").c_str ()), 0);
  add_nesting ("given", "", given + ":rw;" + read + ":ro;");
  Outcome outcome = inside (link + given + "/link:ro -- cat " + given + "/link/file", {}, "given");
  EXPECT_EQ (outcome.out, "");
  EXPECT_TRUE (fails_with (outcome, 125, { given + "/link", "cannot be handed on" }));
  EXPECT_TRUE (std::filesystem::is_symlink (given + "/link"));
  /* Says no more than what is above it, so it is nothing of its own */
  for (const std::string &path : { given + "/link:rw", read + "/link:ro" }) {
    outcome = inside (link + path + " -- cat " + path.substr (0, path.size () - 3) + "/file", {}, "given");
    EXPECT_EQ (outcome.out, "");
    EXPECT_EQ (outcome.status, 1) << outcome.err;
  }
  EXPECT_EQ (inside ("ctl run --profile=given -- cat " + given + "/file", {}, "given").out, "content\n");
}

/* The place of a part that has its own name can be made something else. */
TEST_F (Nested, PartsOfAWritableDirectory)
{
  std::string secret = make_directory ("secret"), given = make_directory ("given"),
              part = make_directory ("given/a/part");

  add_nesting ("given", "", given + ":rw;" + part + ":ro;");
  add_nesting ("part", "", part + ":ro;");
  std::string swapped = "cd " + given;
  swapped += "; mv a b; mkdir a; ln -s " + secret + " a/part; ctl run --profile=$PROFILE -- cat " + part;
  swapped += "/file; rm a/part; rmdir a; mv b a";
  for (std::string profile : { "given", "part" }) {
    Outcome outcome = inside (swapped, { "--env=PROFILE=" + profile }, "given");
    EXPECT_EQ (outcome.out, "");
    EXPECT_NE (outcome.err.find ("may write"), std::string::npos) << outcome.err;
  }
}

/* What is left out of a directory that it may write to could be moved away from under the exception, if it could be
 * moved. */
TEST_F (Nested, ExceptionsCannotBeKept)
{
  std::string given = make_directory ("given"), deep = make_directory ("given/a/secret");

  add_nesting ("given", "", given + ":rw;!" + deep + ";");
  Outcome outcome = inside ("mv " + given + "/a " + given + "/b; ctl run --profile=given -- cat " + given
                                + "/b/secret/file; cat " + given + "/b/secret/file",
                            {}, "given");
  EXPECT_EQ (outcome.out, "");
  EXPECT_NE (outcome.err.find ("may write"), std::string::npos) << outcome.err;
  EXPECT_NE (outcome.err.find ("busy"), std::string::npos) << outcome.err;
  EXPECT_EQ (read_file (given + "/a/secret/file"), "content\n");
}

/* What the authority is still asked about is held against what the caller has when it is started. */
TEST_F (Nested, WhatIsTakenWhileItIsAsked)
{
  std::string given = make_directory ("given"), answer = dir () + "/answer";
  auto say = [&] (const std::string &words) { /* whole at any moment: it is read over and over */
                                              write_file (answer + ".new", words);
                                              std::filesystem::rename (answer + ".new", answer);
  };
  auto start = [&] (const std::string &restriction) {
    say ("yes");
    std::string parent = launch_detached (
        { "--profile=given" }, { "sh", "-c",
                                 script ("while ! test -e /tmp/go; do sleep 0.02; done; ctl run --profile=given -- cat "
                                         + given + "/file >/tmp/out 2>/tmp/err; echo $? >/tmp/status; sleep 1000") });

    say ("yes ~launch");
    EXPECT_TRUE (succeeds (sandboxctl ({ "exec", parent, "--", "touch", "/tmp/go" })));
    EXPECT_TRUE (eventually ([this] { return records ().size () > 1; }))
        << "it is prepared while the authority is asked";
    if (!restriction.empty ()) {
      EXPECT_TRUE (succeeds (sandboxctl ({ "restrict", parent, restriction })));
    }
    say ("yes");
    EXPECT_TRUE (eventually ([&] {
      return sandboxctl ({ "exec", parent, "--", "test", "-s", "/tmp/status" }).status == 0;
    }));
    Outcome outcome = sandboxctl ({ "exec", parent, "--", "cat", "/tmp/status", "/tmp/out", "/tmp/err" });
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", parent })));
    EXPECT_TRUE (eventually ([this] {
      for (const Record &one : records ())
        if (one.state != "exited")
          return false;
      return true;
    }));
    kill_services ();
    std::filesystem::remove_all (instances ());
    return outcome.out;
  };

  say ("yes");
  start_authority_that_says (answer);
  add_nesting ("given", "", given + ":rw;");
  EXPECT_EQ (start (""), "0\ncontent\n");
  std::string said = start ("--nofilesystem=" + given);
  EXPECT_NE (said.find ("taken away from the calling sandbox"), std::string::npos) << said;
  EXPECT_EQ (said.find ("content"), std::string::npos) << said;
  said = start ("--filesystem=" + given + ":ro");
  EXPECT_NE (said.find ("taken away from the calling sandbox"), std::string::npos) << said;
}

/* A home that is kept is its own place, and the same for both; what is in it is not. */
TEST_F (Nested, KeptHomes)
{
  add_nesting ("kept", "persistent=.data;\n");
  EXPECT_EQ (inside ("echo mine >~/.data/file; ctl run --profile=kept -- sh -c 'cat ~/.data/file'", {}, "kept").out,
             "mine\n");
  add_nesting ("more", "persistent=.data;.more;\n");
  expect_exceeded ("--profile=more", { "kept in the home" }, "kept");
  expect_exceeded ("--profile=more --persist=.more", { ".more" }, "kept");
}

/* Which display it is has been said outside; the name of a socket is a path. */
TEST_F (Nested, DisplaysAreThoseOfTheFirst)
{
  Compositor display (runtime () + "/wayland-7", Compositor::Kind::PLAIN);
  Fd other = listen_at (dir () + "/elsewhere/other");
  std::string show = "sh -c 'p=$WAYLAND_DISPLAY; case $p in /*) ;; *) p=$XDG_RUNTIME_DIR/$p;; esac; "
                     + std::string ("echo $WAYLAND_DISPLAY; test -S $p && echo there'");

  add_nesting ("display", "sockets=wayland;\n");
  set_env ("WAYLAND_DISPLAY", "wayland-7");
  EXPECT_EQ (
      inside ("WAYLAND_DISPLAY=" + dir () + "/elsewhere/other ctl run --profile=display -- " + show, {}, "display").out,
      "wayland-7\nthere\n");
}

TEST_F (Nested, SeesOnlyItsOwn)
{
  std::string other = launch_detached ({ "--app-id=org.example.Alien" }, { "sleep", "1000" });
  Argv options = { "--env=OTHER=" + other };
  std::string object = "/org/example/Sandbox/instances";
  Outcome outcome = inside (
      "ctl run --detach --profile=nesting -- sleep 1000 >/dev/null; ctl ps --json; ctl show $OTHER; ctl stop $OTHER",
      options);

  EXPECT_EQ (Json::parse (outcome.out).size (), 2u) << outcome.out;
  EXPECT_EQ (outcome.out.find (other), std::string::npos) << outcome.out;
  EXPECT_EQ (outcome.out.find ("org.example.Alien"), std::string::npos) << outcome.out;
  /* Nor by its path, or by asking for all paths */
  outcome = inside ("gdbus call --session -d org.example.Sandbox -o " + object
                        + "/$OTHER -m org.freedesktop.DBus.Properties.GetAll org.example.Sandbox.Instance",
                    options);
  EXPECT_NE (outcome.err.find ("no such instance"), std::string::npos) << outcome.err;
  outcome =
      inside ("gdbus call --session -d org.example.Sandbox -o " + object
                  + "/$OTHER -m org.example.Sandbox.Instance.Stop 'uint32 0'; gdbus introspect --session --recurse -d "
                    "org.example.Sandbox -o /org/example/Sandbox",
              options);
  EXPECT_EQ (outcome.out.find (other), std::string::npos) << outcome.out;
  EXPECT_NE (outcome.err.find ("no such instance"), std::string::npos) << outcome.err;
  EXPECT_EQ (record (other).state, "running");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", other })));
}

TEST_F (Nested, ControlsWhatItHasStarted)
{
  Outcome outcome = inside ("id=$(ctl run --detach --profile=nesting -- sleep 1000); ctl exec $id -- echo peer; "
                            "ctl stop $id; ctl wait $id; echo ended $?");

  EXPECT_EQ (outcome.out, "peer\nended 143\n") << outcome.err;
}

/* It may look at itself; others have their handlers from outside. */
TEST_F (Nested, NothingIsAttachedFromInside)
{
  Outcome outcome =
      inside ("id=$(ctl run --detach --profile=nesting -- sleep 1000); ctl attach --profile=debugger $id -- "
              "true; ctl stop $id");

  EXPECT_NE (outcome.err.find ("from outside"), std::string::npos) << outcome.err;
}

TEST_F (Nested, EndsWithItsParent)
{
  std::string parent = launch_detached (
      { "--profile=nesting" }, { "sh", "-c", script ("ctl run --detach --profile=nesting -- sleep 1000; sleep 1000") });
  Record child = new_instance ({ parent });

  EXPECT_EQ (json ({ "show", "--json", child.id })["parent"].text (), "/org/example/Sandbox/instances/" + parent);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", parent })));
  EXPECT_TRUE (wait_for_state (child.id, "exited"));
}

/* The parent has ended while there was no service. */
TEST_F (Nested, EndsWithItsParentLater)
{
  std::string parent = launch_detached (
      { "--profile=nesting" }, { "sh", "-c", script ("ctl run --detach --profile=nesting -- sleep 1000; sleep 1000") });
  Record child = new_instance ({ parent });

  kill_services ();
  ASSERT_EQ (kill (record (parent).init, SIGKILL), 0);
  ASSERT_TRUE (wait_for_state (parent, "exited"));
  EXPECT_EQ (record (child.id).state, "running");
  EXPECT_TRUE (succeeds (sandboxctl ({ "ps" })));
  EXPECT_TRUE (wait_for_state (child.id, "exited"));
}

TEST_F (Nested, OnlySoMany)
{
  Outcome outcome =
      inside ("for i in $(seq 33); do ctl run --detach --profile=nesting -- sleep 1000 >/dev/null || break; "
              "done; ctl ps --json");

  EXPECT_NE (outcome.err.find ("32 sandboxes"), std::string::npos) << outcome.err;
  EXPECT_EQ (Json::parse (outcome.out).size (), 33u);
  EXPECT_TRUE (eventually ([this] {
    for (const Record &one : records ())
      if (one.state == "running")
        return false;
    return true;
  }));
}

/* org.freedesktop.portal.* has those portals not in it that act outside: whoever has no more than that cannot have a
 * sandbox inside that reaches them. */
TEST_F (Nested, APortalThatActsOutsideIsMore)
{
  add_nesting ("portals", "", "", "org.freedesktop.portal.*=talk\n");
  for (const char *same : { "*", "Desktop.*", "FileChooser" })
    EXPECT_TRUE (succeeds (
        inside (std::string ("ctl run --profile=nesting --talk-name=org.freedesktop.portal.") + same + " -- true", {},
                "portals")));
  for (const char *more : { "Background", "Background.*", "DynamicLauncher", "Unheard" })
    expect_exceeded (std::string ("--profile=nesting --talk-name=org.freedesktop.portal.") + more,
                     { std::string ("org.freedesktop.portal.") + more }, "portals");
}

/* The whole bus leads to the service as well; but not as an instance, whatever a process there says that it is. */
TEST_F (Nested, WithTheWholeBusItIsNobody)
{
  std::string nesting = launch_detached ({ "--profile=nesting" }, { "sleep", "1000" });
  /* Below another bwrap, a leak sanitizer cannot look at its own process */
  std::string call =
      "env ASAN_OPTIONS=detect_leaks=0 " + places ().sandboxctl + " run --profile=nesting -- echo it runs";

  add_profile ("whole", "[Profile]\nInherits=default\n[Context]\nsockets=session-bus;\nfeatures=userns;\nfilesystems="
                            + programs () + ":ro;\n");
  Outcome outcome = inside (call, {}, "whole");
  EXPECT_TRUE (fails_with (outcome, 125, { "from outside" }));
  outcome =
      inside ("printf '[Application]\\nname=org.example.Nesting\\n[Instance]\\ninstance-id=" + nesting
                  + "\\n' >/tmp/info; bwrap --unshare-user --unshare-pid --ro-bind /usr /usr --symlink usr/bin /bin "
                    "--symlink usr/lib /lib --symlink usr/lib64 /lib64 --ro-bind /etc /etc --bind /run /run --proc "
                    "/proc --dev /dev --ro-bind /tmp/info /.flatpak-info --ro-bind "
                  + programs () + " " + programs () + " --bind " + runtime () + " " + runtime () + " -- " + call,
              {}, "whole");
  EXPECT_TRUE (fails_with (outcome, 125, { "from outside" }));
  EXPECT_EQ (Json::parse (inside ("ctl ps --json", {}, "whole").out).size (), 0u);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", nesting })));
}

/* The names, files and command lines of the user's other applications are in their profiles. */
TEST_F (Nested, NothingIsToldOfProfiles)
{
  const std::string words = "[Profile]\nDescription=About a secret\nInherits=default\n[Context]\nshared=network;\n"
                            "filesystems=/srv/hunter2;/srv/hunter2-not-there:create;\npersistent=.hunter2;\n"
                            "pass-environment=HUNTER2;\n[Session Bus Policy]\norg.example.Hunter2=talk\n"
                            "[Environment]\nTOKEN=hunter2\n";

  add_profile ("private", words);
  EXPECT_NE (sandboxctl ({ "profile", "list" }).out.find ("About a secret"), std::string::npos);
  EXPECT_NE (sandboxctl ({ "profile", "show", "private" }).out.find ("hunter2"), std::string::npos);
  for (const char *verb : { "profile list", "profile show private", "profile show default" }) {
    Outcome outcome = inside (std::string ("ctl ") + verb);

    EXPECT_EQ (outcome.out, "") << verb;
    EXPECT_TRUE (fails_with (outcome, 125, { "from outside" })) << verb;
  }
  for (const char *verb : { "run --profile=private -- true", "explain private",
                            "run --profile=private --persist=.own --talk-name=org.example.Own -- true" }) {
    Outcome outcome = inside (std::string ("ctl ") + verb);

    EXPECT_EQ (outcome.out, "") << verb;
    EXPECT_TRUE (fails_with (outcome, 125, { "network", "files", "kept in the home", "variable" })) << verb;
    EXPECT_EQ (strcasestr (outcome.err.c_str (), "hunter2"), nullptr) << verb << ": " << outcome.err;
    EXPECT_EQ (outcome.err.find (".own") != std::string::npos, strstr (verb, ".own") != nullptr) << outcome.err;
    EXPECT_EQ (outcome.err.find ("example.Own") != std::string::npos, strstr (verb, ".Own") != nullptr) << outcome.err;
  }
}

TEST_F (Nested, NothingIsToldOfBrokenProfiles)
{
  add_profile ("broken", "[Profile]\nInherits=default\n[Context]\nfilesystems=hunter2;\n");
  EXPECT_TRUE (fails_with (run_in ({ "--profile=broken" }, { "true" }), 125, { "broken.profile", "hunter2" }));
  for (const char *verb : { "run --profile=broken -- true", "explain broken" }) {
    Outcome outcome = inside (std::string ("ctl ") + verb);

    EXPECT_TRUE (fails_with (outcome, 125, { "\"broken\" cannot be used", "outside" })) << verb;
    EXPECT_EQ (outcome.err.find ("hunter2"), std::string::npos) << outcome.err;
    EXPECT_EQ (outcome.err.find ("broken.profile"), std::string::npos) << outcome.err;
  }
  add_profile ("known-by-name", "[Profile]\nInherits=default\n");
  Outcome outcome = inside ("ctl run --profile=known-by-nam -- true");
  EXPECT_TRUE (fails_with (outcome, 125, { "known-by-nam" }));
  EXPECT_EQ (outcome.err.find ("known-by-name"), std::string::npos) << outcome.err;
}

/* By signals as well: those of others do not arrive, and those of what it has started do. */
TEST_F (Nested, SignalsOfItsOwn)
{
  Command what = command (run_words (
      { "--profile=nesting" },
      { "/usr/bin/python3", "-c",
        "import sys\nfrom gi.repository import Gio, GLib\nbus = Gio.bus_get_sync(Gio.BusType.SESSION)\nloop = "
        "GLib.MainLoop()\nseen = []\ndef on(b, sender, path, interface, name, p):\n  seen.append((path, name))\n  if "
        "name "
        "== 'Exited': loop.quit()\nbus.signal_subscribe(None, None, None, None, None, 0, on)\ndef call(m, p):\n  "
        "return "
        "bus.call_sync('org.example.Sandbox', '/org/example/Sandbox', 'org.example.Sandbox', m, p, None, 0, -1)\n"
        "call('Explain', GLib.Variant('(saaya{sv})', ('nesting', [b'true'], {})))\nprint('ready', "
        "flush=True)\nsys.stdin.readline()\n"
        "own = call('Launch', GLib.Variant('(saaya{sv})', ('nesting', [b'true'], {}))).unpack()[0]\nloop.run()\n"
        "print([s for s in seen if s[0].startswith('/org/example/Sandbox/instances') and s[0] != own])\n"
        "print(sorted({n for p, n in seen if p.startswith('/org/example/Sandbox')}))\n" }));
  what.keep_input = true;
  Process client (what);
  ASSERT_TRUE (client.expect ("ready\n")) << client.err ();
  EXPECT_TRUE (succeeds (run_in ({ "--app-id=org.example.Alien" }, { "true" })));
  client.write ("\n");
  Outcome outcome = client.wait ();
  EXPECT_EQ (outcome.out, "ready\n[]\n['Exited', 'InterfacesAdded', 'PropertiesChanged']\n") << outcome.err;
}

/* What it keeps of the caller's environment for that, in a file, is what a launch looks at. */
TEST_F (Nested, NoSecretOfTheCallersIsKept)
{
  add_profile ("passing", "[Profile]\nInherits=default\n[Context]\npass-environment=PASSED_ON;\n");
  Command words = command ({ "run", "--detach", "--profile=passing", "--", "sleep", "1000" });

  words.env["SECRET_TOKEN"] = "hunter2";
  words.env["XDG_ACTIVATION_TOKEN"] = "used-up";
  words.env["PASSED_ON"] = "for what it starts";
  words.env["DISPLAY"] = ":4711";
  Outcome outcome = run (words);
  ASSERT_TRUE (succeeds (outcome));
  std::string id = outcome.out.substr (0, 16), info = read_file (instances () + "/" + id + "/info");
  EXPECT_EQ (info.find ("hunter2"), std::string::npos) << info;
  EXPECT_EQ (info.find ("used-up"), std::string::npos) << info;
  EXPECT_NE (info.find ("for what it starts"), std::string::npos) << info;
  EXPECT_NE (info.find (":4711"), std::string::npos) << info;
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}
