/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The second start of an application that runs already: its command is started in the sandbox of the first, and finds
 * there what it would find outside. */
#include <algorithm>

#include "harness.h"

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

TEST_P (Single, FilesThatTheFirstHasAreOpened)
{
  std::string file = home () + "/open/file", beside = home () + "/beside";

  ASSERT_EQ (mkdir ((home () + "/open").c_str (), 0700), 0);
  write_file (file, "text");
  write_file (beside, "text");
  write_profile ("[Context]\nfilesystems=" + home () + "/open:ro;\n");
  auto first = start_first ({});
  Outcome open = run_in (with_profile ({ "--file-forwarding" }),
                         { "sh", "-c", "test -p /tmp/first && cat $1", "sh", "@@", file, "@@" }),
          closed = run_in (with_profile ({ "--file-forwarding" }),
                           { "sh", "-c", "test -p /tmp/first || cat $1", "sh", "@@", beside, "@@" });
  EXPECT_EQ (open.out, "text") << open.err;
  EXPECT_EQ (closed.out, "text") << closed.err;
  EXPECT_NE (closed.err.find ("it cannot open " + beside), std::string::npos) << closed.err;
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
