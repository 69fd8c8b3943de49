/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Learning: what a run used and missed becomes a profile, what gives something away is marked, and with what was
 * learned the same run misses nothing. */
#include "learn-stage.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <unistd.h>
#include <vector>

using namespace e2e;
namespace fs = std::filesystem;

class Learn : public LearnStage {};

/* The user named the file, so it is proposed without a question; then the same run works, and misses nothing. */
TEST_F (Learn, WhatTheCommandNames)
{
  std::string file = home () + "/Documents/a.odt";
  Outcome first = learn ({ "--profile=default", "--app-id=org.example.Letter", "--write" }, { "cat", file });

  EXPECT_EQ (first.status, 1) << "the control: under default it is not there";
  HAS (first.out, "[Context] filesystems=~/Documents/a.odt:ro");
  HAS (profile ("org.example.Letter"), "filesystems=~/Documents/a.odt:ro");
  HAS (profile ("org.example.Letter"), "Inherits=default");

  Outcome again = learn ({ "--app-id=org.example.Letter", "--replay" }, { "cat", file });
  EXPECT_TRUE (succeeds (again));
  HAS (again.out, "a letter");
  HAS (again.out, "suffices");
  Outcome ran = run_in ({ "--profile=org.example.Letter" }, { "cat", file });
  EXPECT_TRUE (succeeds (ran));
  EXPECT_EQ (ran.out, "a letter\n");
}

/* A program that was named nothing has chosen what it opens: each line is marked, and --write leaves it out. */
TEST_F (Learn, WhatTheProgramChoosesIsMarked)
{
  Outcome outcome = learn_script ({ "--profile=default", "--app-id=org.example.Hostile", "--write" },
                                  "cat ~/.ssh/id_ed25519 ~/.bashrc ~/.mozilla/cookies ~/Documents/a.odt "
                                  "~/Documents/b.odt ~/Projects/one/file; echo x >>~/.bashrc; exit 0");

  EXPECT_TRUE (succeeds (outcome));
  for (const char *line :
       { "[Context] filesystems=~/.ssh:ro", "[Context] persistent=.bashrc", "[Context] filesystems=~/.mozilla:ro",
         "[Context] filesystems=xdg-documents:ro", "[Context] filesystems=~/Projects:ro" })
    HAS (outcome.out, std::string (" ?+ ") + line);
  HAS (outcome.out, "can read keys, passwords or cookies");
  std::string written = profile ("org.example.Hostile");
  LACKS (written, "\nfilesystems=");
  HAS (written, "# not wanted: Context filesystems=~/.ssh:ro");

  /* What it does not want is told, and is no failure */
  Outcome again = learn_script ({ "--app-id=org.example.Hostile", "--replay" }, "cat ~/.ssh/id_ed25519; exit 0");
  EXPECT_TRUE (succeeds (again));
  HAS (again.out, "Not wanted: [Context] filesystems=~/.ssh:ro");
  Outcome more = learn_script ({ "--app-id=org.example.Hostile", "--replay" }, "cat /srv/x ~/Projects/one/file "
                                                                               "~/.config/tool/x; exit 0");
  EXPECT_EQ (more.status, 1) << more.out;
  HAS (more.out, "Still refused: [Context] filesystems=~/.config/tool:ro");
}

/* A link of the user's leads to what is secret, and what is named is a link: that is for the user to say. */
TEST_F (Learn, LinksAreFollowedForTheMark)
{
  fs::create_directory_symlink (home () + "/.ssh", home () + "/Documents/keys");
  std::string file = home () + "/Documents/keys";
  Outcome outcome = learn ({ "--profile=default", "--app-id=org.example.Link" }, { "ls", file });

  HAS (outcome.out, " ?+ [Context] filesystems=~/Documents/keys:ro");
  HAS (outcome.out, "it is a link to");
  HAS (outcome.out, "can read keys, passwords or cookies");
}

TEST_F (Learn, RepeatedRunsAdd)
{
  EXPECT_EQ (
      learn ({ "--profile=default", "--app-id=org.example.Two", "--write" }, { "cat", home () + "/Documents/a.odt" })
          .status,
      1);
  EXPECT_EQ (learn ({ "--app-id=org.example.Two", "--write" }, { "cat", home () + "/Documents/b.odt" }).status, 1);
  HAS (profile ("org.example.Two"), "filesystems=~/Documents/a.odt:ro;~/Documents/b.odt:ro;");
  HAS (profile ("org.example.Two"), "Inherits=default");
}

/* What is written in a home that is forgotten is proposed to be kept, in a copy of its own. */
TEST_F (Learn, KeepsWhatItWrites)
{
  std::string script = "mkdir -p ~/.config/tool && echo kept >~/.config/tool/settings";

  EXPECT_TRUE (succeeds (learn_script ({ "--profile=default", "--app-id=org.example.Tool", "--write" }, script)));
  HAS (profile ("org.example.Tool"), "persistent=.config/tool;");
  EXPECT_TRUE (succeeds (learn_script ({ "--app-id=org.example.Tool", "--replay" }, script)));
  Outcome kept = run_in ({ "--profile=org.example.Tool", "--app-id=org.example.Tool" },
                         { "sh", "-c", "cat ~/.config/tool/settings" });
  EXPECT_EQ (kept.out, "kept\n") << kept.err;
}

/* A name is chosen inside: it comes neither into the terminal nor into the profile. */
TEST_F (Learn, ForgedNames)
{
  std::string odd = home () + "/odd\033[31m\n[Context]\nfilesystems=host;\n";

  write_file (odd, "x");
  write_file (home () + "/Documents/a;~", "x");
  Outcome outcome = learn_script ({ "--profile=default", "--app-id=org.example.Odd", "--write" },
                                  "cat ~/odd* ~/Documents/*; cat '" + odd + "' \"$HOME/Documents/a;~\"; exit 0");

  EXPECT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out.find ('\033'), std::string::npos) << outcome.out;
  HAS (outcome.out, "characters that no profile can have");
  LACKS (profile ("org.example.Odd"), "host");
  EXPECT_EQ (profile ("org.example.Odd").find ('\033'), std::string::npos);
  EXPECT_TRUE (succeeds (sandboxctl ({ "profile", "check", user_profiles () + "/org.example.Odd.profile" })));
}

/* `why` knows of a learning run what was there outside and not inside, and the option. */
TEST_F (Learn, WhyKnowsFiles)
{
  EXPECT_TRUE (
      succeeds (learn_script ({ "--profile=default", "--app-id=org.example.Why" }, "cat ~/Documents/a.odt; exit 0")));
  std::string id;
  for (const Record &one : records ())
    id = one.id;
  ASSERT_NE (id, "");
  Outcome why = sandboxctl ({ "why", id });
  HAS (why.out, "open (\"" + home () + "/Documents/a.odt\"): not in this sandbox; --filesystem=xdg-documents:ro");
  Json answer = json ({ "why", "--json", id });
  ASSERT_GE (answer["files"].items ().size (), 1u) << answer.dump ();
  EXPECT_EQ (answer["files"].items ()[0]["option"].text (), "--filesystem=xdg-documents:ro");
  /* The control: what was not learned says nothing of files */
  std::string other = launch_detached ({}, { "sleep", "600" });
  EXPECT_EQ (json ({ "why", "--json", other })["files"].items ().size (), 0u);
}

/* Refusals are counted and answered as ever while it is learned. */
TEST_F (Learn, RefusalsAreAnswered)
{
  add_profile ("counted", "[Profile]\nInherits=default\n[Context]\nfilesystems=" + places ().probe + ":ro;\n");
  Outcome plain = run_in ({ "--profile=counted" }, { places ().probe, "calls" });
  Outcome learned = learn ({ "--profile=counted", "--app-id=org.example.Calls" }, { places ().probe, "calls" });

  ASSERT_TRUE (succeeds (plain));
  EXPECT_TRUE (succeeds (learned));
  EXPECT_EQ (learned.out.substr (0, plain.out.size ()), plain.out);
}

/* Whoever learns is killed: the sandbox ends, and no profile is written. */
TEST_F (Learn, WhoLearnsIsKilled)
{
  Process learner (
      command ({ "learn", "--profile=default", "--app-id=org.example.Gone", "--write", "--", "sleep", "600" }));
  Record instance = new_instance ();

  learner.kill (SIGKILL);
  learner.wait ();
  EXPECT_TRUE (wait_for_state (instance.id, "exited"));
  EXPECT_FALSE (fs::exists (user_profiles () + "/org.example.Gone.profile"));
  expect_nothing_left ();
}

TEST_F (Learn, TwoAtOnce)
{
  auto words = [this] (const std::string &id, const std::string &name) {
    return command (
        { "learn", "--profile=default", "--app-id=" + id, "--write", "--", "cat", home () + "/Documents/" + name });
  };
  Process one (words ("org.example.First", "a.odt")), two (words ("org.example.Second", "b.odt"));

  for (Process *learner : { &one, &two }) {
    Outcome outcome = learner->wait ();

    EXPECT_EQ (outcome.status, 1) << outcome.err;
    HAS (outcome.out + outcome.err, "The profile org.example.");
  }
  HAS (profile ("org.example.First"), "~/Documents/a.odt:ro;");
  LACKS (profile ("org.example.First"), "b.odt");
  HAS (profile ("org.example.Second"), "~/Documents/b.odt:ro;");
  LACKS (profile ("org.example.Second"), "a.odt");
}

/* Two runs of one application, which began with the same file: none loses what the other has learned. */
TEST_F (Learn, TwoOfOneApplication)
{
  std::vector<std::unique_ptr<Process> > learners;
  std::set<std::string> known;

  for (const char *name : { "a.odt", "b.odt" }) {
    Command one = command ({ "learn", "--profile=default", "--app-id=org.example.Both", "--write", "--", "sh", "-c",
                             "cat \"$1\"; echo done; read x; exit 0", "sh", home () + "/Documents/" + name });

    one.keep_input = true;
    learners.push_back (std::make_unique<Process> (one));
    ASSERT_TRUE (learners.back ()->expect ("done"));
    known.insert (new_instance (known).id);
  }
  for (const auto &one : learners) {
    one->close_input ();
    EXPECT_TRUE (succeeds (one->wait ()));
  }
  HAS (profile ("org.example.Both"), "filesystems=~/Documents/a.odt:ro;~/Documents/b.odt:ro;");
}

/* A sandbox inside has names of its own, which are no files of ours. */
TEST_F (Learn, ASandboxInsideIsNotLearned)
{
  Outcome outcome = learn_script ({ "--profile=browser", "--app-id=org.example.Inner" },
                                  "bwrap --ro-bind / / --tmpfs " + home () + " --dir " + home ()
                                      + "/Documents cat ~/Documents/a.odt; exit 0");

  EXPECT_TRUE (succeeds (outcome));
  HAS (outcome.out, "had a sandbox of its own inside");
  LACKS (outcome.out, "xdg-documents");
}

/* The file that cannot be written stays as it was, and nothing half-written is beside it. */
TEST_F (Learn, AFullDisk)
{
  const std::string profiles = user_profiles (), path = profiles + "/org.example.Full.profile";
  const std::string setup = "cp " + path + " ~/before; mount -t tmpfs -o size=8k,mode=0700 tmpfs " + profiles
                            + "; cp ~/before " + path + "; dd if=/dev/zero of=" + profiles
                            + "/fill bs=4k 2>/dev/null || :";
  Argv words = { "unshare",
                 "--map-current-user",
                 "--keep-caps",
                 "--mount",
                 "sh",
                 "-c",
                 "set -e; " + setup + "; setpriv --ambient-caps=-all --inh-caps=-all -- \"$@\" || status=$?; cat "
                     + path + " >~/after; ls -A " + profiles + " >~/listed; exit ${status:-0}",
                 "sh" };

  ASSERT_EQ (
      learn ({ "--profile=default", "--app-id=org.example.Full", "--write" }, { "cat", home () + "/Documents/a.odt" })
          .status,
      1);
  for (const std::string &word : ctl ({ "learn", "--app-id=org.example.Full", "--write", "--", "sh", "-c",
                                        "cat \"$1\"; exit 0", "sh", home () + "/Documents/b.odt" }))
    words.push_back (word);
  Outcome outcome = e2e::run (Command (words));
  EXPECT_TRUE (fails_with (outcome, 125, { "No space left" })) << outcome.out;
  HAS (read_file (home () + "/before"), "~/Documents/a.odt:ro");
  EXPECT_EQ (read_file (home () + "/after"), read_file (home () + "/before"));
  EXPECT_EQ (read_file (home () + "/listed"), "fill\norg.example.Full.profile\n");
}

/* On a terminal each line is asked for: Enter is no where it is marked, and yes where it is not. */
TEST_F (Learn, LineByLine)
{
  Command asking =
      command ({ "learn", "--profile=default", "--app-id=org.example.Asked", "--", "sh", "-c",
                 "cat \"$1\" ~/Projects/one/file ~/.ssh/id_ed25519; exit 0", "sh", home () + "/Documents/a.odt" });
  asking.terminal = true;
  Process learner (asking);

  ASSERT_TRUE (learner.expect ("filesystems=~/Documents/a.odt:ro? (Y/n)")) << learner.out ();
  learner.write ("\n");
  ASSERT_TRUE (learner.expect ("filesystems=~/Projects:ro? (y/N)")) << learner.out ();
  learner.write ("y\n");
  ASSERT_TRUE (learner.expect ("filesystems=~/.ssh:ro? (y/N)")) << learner.out ();
  learner.write ("\n");
  EXPECT_EQ (learner.wait ().status, 0);
  std::string written = profile ("org.example.Asked");
  HAS (written, "\nfilesystems=~/Documents/a.odt:ro;~/Projects:ro;\n");
  HAS (written, "# not wanted: Context filesystems=~/.ssh:ro");
}

TEST_F (Learn, Mistakes)
{
  write_file (user_profiles () + "/mine.profile", "[Profile]\nInherits=default\n");
  EXPECT_TRUE (fails_with (learn ({ "--app-id=mine" }, { "true" }), 125, { "mine.profile" }));
  EXPECT_TRUE (fails_with (learn ({ "--replay", "--app-id=org.example.Never" }, { "true" }), 125, { "--replay" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "learn" }), 125, { "learn" }));
  EXPECT_EQ (learn ({ "--profile=default" }, { "/nowhere/program" }).status, 127);
}

class LearnOnBus : public OnBus {
protected:
  void
  SetUp () override
  {
    OnBus::SetUp ();
    start_authority (true);
    add_profile ("bussed", "[Profile]\nInherits=default\n[Session Bus Policy]\norg.example.Other=talk\n");
  }
};

/* A name with the numbers of that start in it: it becomes a pattern, marked, and the next start has its own. */
TEST_F (LearnOnBus, ANameThatIsAnotherEachTime)
{
  const std::string script = "import os, sys, time\n"
                             "from gi.repository import Gio, GLib\n"
                             "name = 'com.acme.tool_%d_%d' % (os.stat('/').st_dev, time.time_ns())\n"
                             "bus = Gio.bus_get_sync(Gio.BusType.SESSION)\n"
                             "try: bus.call_sync('org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'RequestName',\n"
                             "                   GLib.Variant('(su)', (name, 4)), None, 0, 60000)\n"
                             "except GLib.Error: sys.exit(3)\n";
  const Argv run = { "--", "python3", "-c", script };
  auto words = [&run] (Argv verb) {
    verb.insert (verb.end (), run.begin (), run.end ());
    return verb;
  };
  Command asking = command (words ({ "learn", "--profile=bussed", "--app-id=com.acme.Learned" }));

  EXPECT_EQ (sandboxctl (words ({ "run", "--profile=bussed" })).status, 3);
  asking.terminal = true;
  Process learner (asking);
  ASSERT_TRUE (learner.expect ("com.acme.*=own? (y/N) ")) << learner.out ();
  EXPECT_NE (learner.out ().find ("the number in it"), std::string::npos) << learner.out ();
  learner.write ("y\n");
  learner.wait ();
  const std::string learned = read_file (user_profiles () + "/com.acme.Learned.profile");
  EXPECT_NE (learned.find ("com.acme.*=own"), std::string::npos) << learned;
  EXPECT_TRUE (succeeds (sandboxctl (words ({ "run", "--profile=com.acme.Learned" }))));
  EXPECT_TRUE (succeeds (sandboxctl (words ({ "learn", "--replay", "--app-id=com.acme.Learned" }))));
}
