/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The second start of an application that runs already: its command is started in the sandbox of the first, and finds
 * there what it would find outside. */
#include <algorithm>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

namespace fs = std::filesystem;
using namespace e2e;

class Single : public EitherBus {
protected:
  void
  SetUp () override
  {
    EitherBus::SetUp ();
    allow ("yes");
    start_authority_that_says (dir () + "/answer");
    write_profile ("");
  }
  void
  TearDown () override
  {
    for (const Record &r : records ())
      if (r.state == "running")
        (void) sandboxctl ({ "stop", "--grace=0", r.id });
    EitherBus::TearDown ();
  }
  /* What the authority says to every question from now on. */
  void
  allow (const std::string &what)
  {
    write_file (dir () + "/answer", what + "\n");
  }
  void
  write_profile (const std::string &groups)
  {
    add_profile ("tested", "[Profile]\nName=tested\nInherits=default\nAppId=org.example.Tested\n" + groups);
  }
  /* Like a browser: the first serves a socket of its own in /tmp until it is told to end; a second one hands over. */
  std::unique_ptr<Process>
  start_first (const Argv &options)
  {
    auto first = std::make_unique<Process> (
        command (run_words (with_profile (options), { "sh", "-c",
                                                      "mkfifo /tmp/first; echo ready; while read -r line; do echo got "
                                                      "$line; [ $line != end ] || exit 4; done <>/tmp/first" })));
    EXPECT_TRUE (first->expect ("ready\n")) << first->err ();
    return first;
  }
  Outcome
  hand_over (const Argv &options, const std::string &word)
  {
    return run_in (with_profile (options),
                   { "sh", "-c", "test -p /tmp/first || exit 9; echo $0 >/tmp/first; echo handed over; exit 7", word });
  }
  size_t
  running ()
  {
    std::vector<Record> all = records ();

    return (size_t) std::count_if (all.begin (), all.end (), [] (const Record &r) { return r.state == "running"; });
  }
  static Argv
  with_profile (Argv options)
  {
    options.push_back ("--profile=tested");
    return options;
  }
};
EITHER_BUS (Single);

TEST_P (Single, ASecondStartReachesTheFirst)
{
  auto first = start_first ({});
  Outcome second = hand_over ({ "--join" }, "hello");

  EXPECT_EQ (second.status, 7) << second.err; /* its own, and its output too */
  EXPECT_EQ (second.out, "handed over\n");
  EXPECT_EQ (second.err, "");
  EXPECT_TRUE (first->expect ("got hello\n"));
  /* As a launcher starts it */
  EXPECT_EQ (hand_over ({ "--file-forwarding" }, "click").status, 7);
  EXPECT_TRUE (first->expect ("got click\n"));
  EXPECT_EQ (running (), 1u);
  /* Also by a service that has not started the first */
  kill_services ();
  EXPECT_EQ (hand_over ({ "--join" }, "end").status, 7);
  EXPECT_EQ (first->wait ().status, 4);

  /* Control: by itself, each is alone */
  auto other = start_first ({});
  EXPECT_EQ (hand_over ({}, "nobody").status, 9);
  EXPECT_EQ (hand_over ({ "--file-forwarding", "--new-instance" }, "nobody").status, 9);
}

/* What differs is said, and the second start has a sandbox of its own. */
TEST_P (Single, AnotherPolicyIsAnotherSandbox)
{
  auto first = start_first ({});
  Outcome more = hand_over ({ "--join", "--share=ipc" }, "x"),
          other_id = hand_over ({ "--join", "--app-id=other" }, "x");

  EXPECT_EQ (more.status, 9);
  EXPECT_NE (more.err.find ("its policy is another one"), std::string::npos) << more.err;
  EXPECT_EQ (other_id.status, 9);
  EXPECT_EQ (other_id.err.find ("runs already"), std::string::npos) << other_id.err;

  /* What has been taken from the first is not given back to who joins it, and the second start does not lose it */
  write_profile ("[Context]\nfilesystems=" + home () + "/open:ro;\n");
  EXPECT_EQ (hand_over ({ "--join" }, "x").status, 9);
}

/* Files are opened in the sandbox of the first, where it has them or not. */
class SingleFiles : public Single {
protected:
  void
  SetUp () override
  {
    Single::SetUp ();
    ASSERT_EQ (mkdir ((home () + "/open").c_str (), 0700), 0);
    ASSERT_EQ (mkdir ((home () + "/docs").c_str (), 0700), 0);
    for (const char *name : { "/open/file", "/docs/letter", "/docs/other" })
      write_file (home () + name, "text\n");
    write_profile ("[Context]\nforward=rw\npersistent=true\nfilesystems=" + home () + "/open:ro;\n");
  }
  /* "sh" of a second start with @file as its $1, which fails where the first is not */
  Outcome
  second (const std::string &script, const std::string &file, const Argv &options = {})
  {
    Argv all = { "--file-forwarding" };

    all.insert (all.end (), options.begin (), options.end ());
    return run_in (with_profile (all),
                   { "sh", "-c", "test -p /tmp/first || exit 9; " + script, "sh", "@@", file, "@@" });
  }
};
EITHER_BUS (SingleFiles);

TEST_P (SingleFiles, AreSeen)
{
  auto first = start_first ({});

  EXPECT_EQ (second ("cat $1", home () + "/open/file").out, "text\n") << "what the policy opens";
  EXPECT_EQ (second ("cat $1", home () + "/docs/letter").out, "text\n") << "what it has not got";
  EXPECT_EQ (second ("cat $1", home () + "/docs/letter").out, "text\n") << "and has now";
  /* Replaced outside meanwhile, as an editor saves it */
  write_file (home () + "/docs/new", "changed\n");
  ASSERT_EQ (rename ((home () + "/docs/new").c_str (), (home () + "/docs/letter").c_str ()), 0);
  EXPECT_EQ (second ("cat $1", home () + "/docs/letter").out, "changed\n");
  EXPECT_EQ (second ("cat $1", home () + "/docs", { "--forward=ro" }).status, 9) << "another policy is another sandbox";
  EXPECT_EQ (running (), 1u);
  /* What was not handed over is not there */
  EXPECT_NE (second ("cat " + home () + "/docs/other", home () + "/docs/letter").status, 0);
}

/* As it is saved by the first: in place, or by a file beside it that takes its name. */
TEST_P (SingleFiles, AreSaved)
{
  const char *const ways[] = { "echo new >$1", "t=$(readlink -f $1); echo new >$t.tmp; mv $t.tmp $t",
                               "cd $(dirname $1); echo new >.tmp; mv .tmp $1", "sed -i s/text/new/ $1" };
  auto first = start_first ({});

  for (const char *way : ways)
    for (const char *name : { "/docs/letter", "/docs/other" }) {
      std::string file = home () + name;

      write_file (file, "text\n");
      Outcome outcome = second (way, file);
      EXPECT_EQ (outcome.status, 0) << way << outcome.err;
      EXPECT_EQ (outcome.err, "") << way;
      EXPECT_TRUE (eventually ([&] { return read_file (file) == "new\n"; })) << way << " " << name;
    }
  EXPECT_EQ (second ("echo fresh >$1", home () + "/docs/fresh").status, 0) << "one that is not there yet";
  EXPECT_TRUE (eventually ([&] { return access ((home () + "/docs/fresh").c_str (), F_OK) == 0; }));
  EXPECT_EQ (running (), 1u);
  for (const Record &r : records ())
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", r.id })));
  /* Nothing is left behind */
  EXPECT_TRUE (eventually ([&] {
    for (const auto &entry : fs::recursive_directory_iterator (dir () + "/data/sandbox"))
      if (entry.is_symlink () || entry.path ().parent_path ().filename () == ".open")
        return false;
    return true;
  }));
}

/* The control: what is handed over for reading is not changed by anything that runs there. */
TEST_P (SingleFiles, ForReadingStayAsTheyAre)
{
  write_profile ("[Context]\nforward=ro\npersistent=true\n");
  auto first = start_first ({});

  EXPECT_EQ (second ("cat $1", home () + "/docs/letter").out, "text\n");
  EXPECT_NE (second ("echo new >$1", home () + "/docs/letter").status, 0);
  (void) second ("sed -i s/text/new/ $1", home () + "/docs/letter");
  EXPECT_EQ (read_file (home () + "/docs/letter"), "text\n");
  EXPECT_EQ (running (), 1u);
}

/* What cannot be given while it runs is opened in a sandbox of its own, and that is said. */
TEST_P (SingleFiles, WhatCannotBeGivenIsOpenedBesideIt)
{
  auto first = start_first ({});
  Outcome outcome = second ("true", "/var/tmp"); /* its own would disappear from under it */

  EXPECT_EQ (outcome.status, 9) << outcome.err;
  EXPECT_NE (outcome.err.find ("/var/tmp cannot be granted while the instance runs"), std::string::npos) << outcome.err;
  EXPECT_EQ (second ("true", home () + "/docs/letter").status, 0);
}

/* A start that joins goes through the gates of one that does not. */
TEST_P (SingleFiles, AreGatedAsInALaunch)
{
  const Argv more = { "--forward=rw" };

  write_profile ("[Context]\npersistent=true\n");
  auto first = start_first (more);
  allow ("launch control");
  for (const Argv &options : { more, Argv{ "--forward=rw", "--new-instance" } })
    EXPECT_TRUE (fails_with (second ("cat $1", home () + "/docs/letter", options), 125, { "extend-files" }));
  allow ("launch control extend-files");
  EXPECT_EQ (second ("cat $1", home () + "/docs/letter", more).out, "text\n");
  EXPECT_EQ (second ("cat $1", home () + "/docs/letter", { "--forward=rw", "--new-instance" }).status, 9);
}

/* It takes what Exec takes: who may launch alone gets a sandbox of the caller's own, and nothing in another's. */
TEST_P (Single, WhoJoinsHasToBeAllowedToControl)
{
  auto first = start_first ({});

  allow ("launch");
  EXPECT_TRUE (fails_with (hand_over ({ "--join" }, "x"), 125, { "org.example.Sandbox.control" }));
  EXPECT_EQ (hand_over ({ "--new-instance" }, "x").status, 9);
  allow ("yes");
  EXPECT_EQ (hand_over ({ "--join" }, "x").status, 7);
}

/* Not every application hands over: the second then has a window of its own, which outlives the first. */
TEST_P (Single, TheSandboxStaysForWhoHasJoinedIt)
{
  auto first = start_first ({});
  Command waiting =
      command (run_words (with_profile ({ "--join" }), { "sh", "-c", "echo here; read line; echo $line; exit 5" }));
  waiting.keep_input = true;
  Process second (waiting);

  ASSERT_TRUE (second.expect ("here\n")) << second.err ();
  ASSERT_EQ (hand_over ({ "--join" }, "end").status, 7);
  EXPECT_TRUE (first->expect ("got end\n"));
  EXPECT_EQ (run_in (with_profile ({ "--join" }), { "test", "-p", "/tmp/first" }).status, 0)
      << "and may be joined again";
  EXPECT_EQ (running (), 1u);
  second.write ("on\n");
  EXPECT_EQ (second.wait ().status, 5);
  EXPECT_EQ (second.out (), "here\non\n");
  EXPECT_EQ (first->wait ().status, 4);
  EXPECT_EQ (running (), 0u);
}

TEST_P (Single, AllOfThemAreToldToEnd)
{
  auto first = start_first ({});
  const std::string script = "trap 'echo told; exit 3' TERM; echo here; while :; do sleep 0.05; done";
  Process second (command (run_words (with_profile ({ "--join" }), { "sh", "-c", script })));

  ASSERT_TRUE (second.expect ("here\n")) << second.err ();
  for (const Record &r : records ()) {
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=5", r.id })));
  }
  (void) second.wait ();
  EXPECT_NE (second.out ().find ("told\n"), std::string::npos) << second.out ();
}

/* A second caller that goes takes along what it has started and nothing else. */
TEST_P (Single, ACallerThatGoesTakesItsOwn)
{
  auto first = start_first ({});
  Process second (
      command (run_words (with_profile ({ "--join" }), { "sh", "-c", "echo $$ >/tmp/second; echo here; sleep 1000" })));

  ASSERT_TRUE (second.expect ("here\n")) << second.err ();
  second.kill (SIGKILL);
  EXPECT_TRUE (eventually ([&] {
    return run_in (with_profile ({ "--join" }), { "sh", "-c", "kill -0 $(cat /tmp/second)" }).status != 0;
  }));
  EXPECT_EQ (hand_over ({ "--join" }, "still").status, 7);
}

/* A click too many, while the first is being started: one sandbox. */
TEST_P (Single, ManyAtOnceAreOne)
{
  std::vector<std::unique_ptr<Process> > all;

  if (GetParam () == Bus::NONE)
    return; /* each has a service of its own, which sees the others' instances when they run */
  for (int i = 0; i < 6; i++)
    all.push_back (std::make_unique<Process> (command (run_words (
        with_profile ({ "--join" }), { "sh", "-c", "mkdir /tmp/mine 2>/dev/null && echo first; sleep 1" }))));
  size_t first = 0;
  for (auto &process : all) {
    EXPECT_EQ (process->wait ().status, 0) << process->err ();
    first += process->out () == "first\n";
  }
  EXPECT_EQ (first, 1u);
  EXPECT_EQ (records ().size (), 1u);
}
