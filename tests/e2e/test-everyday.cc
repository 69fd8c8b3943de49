/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one does every day: stop all, a time limit, a profile in a file, one's own changes, what is kept. */
#include <chrono>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

using namespace e2e;

class Everyday : public EitherBus {
protected:
  void
  SetUp () override
  {
    EitherBus::SetUp ();
    start_authority (true);
  }
  std::string
  file (const std::string &name, const std::string &content)
  {
    write_file (home () + "/" + name, content);
    return home () + "/" + name;
  }
  std::string
  data () const
  {
    return dir () + "/data/sandbox";
  }
};
EITHER_BUS (Everyday);

TEST_P (Everyday, ATimeLimit)
{
  auto begin = std::chrono::steady_clock::now ();
  Outcome late = run_in ({ "--timeout=1" }, { "sleep", "60" });

  EXPECT_EQ (late.status, 124);
  EXPECT_NE (late.err.find ("time"), std::string::npos) << late.err;
  EXPECT_LT (std::chrono::steady_clock::now () - begin, std::chrono::seconds (30));
  EXPECT_EQ (run_in ({ "--timeout=60" }, { "sh", "-c", "exit 3" }).status, 3);
  EXPECT_EQ (run_in ({ "--timeout=1" }, { "sh", "-c", "trap '' TERM; sleep 60 & wait; wait; sleep 60" }).status, 124);
  EXPECT_TRUE (fails_with (run_in ({ "--timeout=1", "--detach" }, { "true" }), 125, { "exclude" }));
  EXPECT_TRUE (fails_with (run_in ({ "--timeout=-1" }, { "true" }), 125, { "--timeout" }));
  expect_nothing_left ();
}

TEST_P (Everyday, AProfileInAFile)
{
  std::string profile = file ("mine.profile", "[Profile]\nName=mine\nInherits=default\nAppId=org.example.Mine\n"
                                              "[Context]\nfilesystems=~/shown:ro;\n[Environment]\nMINE=1\n");

  ASSERT_EQ (mkdir ((home () + "/shown").c_str (), 0755), 0);
  file ("shown/text", "shown");
  Outcome outcome = run_in ({ "--profile=" + profile }, { "sh", "-c", "cat ~/shown/text; echo $MINE" });
  EXPECT_EQ (outcome.out, "shown1\n") << outcome.err;
  EXPECT_NE (run_in ({}, { "cat", home () + "/shown/text" }).status, 0);
  /* An option comes over the file */
  EXPECT_NE (run_in ({ "--profile=" + profile, "--nofilesystem=~/shown" }, { "cat", home () + "/shown/text" }).status,
             0);
  Outcome explained = sandboxctl ({ "explain", profile });
  EXPECT_NE (explained.out.find ("~/shown"), std::string::npos) << explained.out << explained.err;
  EXPECT_NE (explained.out.find ("org.example.Mine"), std::string::npos) << explained.out;
  EXPECT_TRUE (succeeds (sandboxctl ({ "profile", "score", profile })));
  EXPECT_TRUE (succeeds (sandboxctl ({ "profile", "diff", "default", profile })));
  EXPECT_TRUE (fails_with (run_in ({ "--profile=" + home () + "/none.profile" }, { "true" }), 125, { "none.profile" }));
  EXPECT_TRUE (fails_with (run_in ({ "--profile=" + file ("bare.profile", "[Profile]\nName=bare\n") }, { "true" }), 125,
                           { "Inherits=default" }));
}

TEST_P (Everyday, AllErrorsAtOnce)
{
  std::string broken = "[Profile]\nName=broken\nInherits=default\n[Context]\nshared=netwrok;\ndevices=dri;\n"
                       "sokcets=x11;\n[Contxt]\nshared=network;\n[Limits]\nmemory=much\n";
  Outcome checked = sandboxctl ({ "profile", "check", file ("broken.profile", broken) });

  EXPECT_EQ (checked.status, 125);
  for (const char *place : { "broken.profile:5", "broken.profile:7", "broken.profile:8", "broken.profile:11" })
    EXPECT_NE (checked.err.find (place), std::string::npos) << place << checked.err;
  EXPECT_EQ (checked.err.find ("broken.profile:9"), std::string::npos) << checked.err;
  add_profile ("broken", broken);
  Outcome named = sandboxctl ({ "profile", "check", "broken" });
  EXPECT_NE (named.err.find ("broken.profile:11"), std::string::npos) << named.err;
  EXPECT_TRUE (succeeds (sandboxctl ({ "profile", "check", file ("good.profile", "[Profile]\nInherits=default\n") })));
}

TEST_P (Everyday, OnesOwnChanges)
{
  const Argv read = { "cat", home () + "/shown/text" };
  std::string drop_in = user_profiles () + "/offline.profile.d/override.conf";

  ASSERT_EQ (mkdir ((home () + "/shown").c_str (), 0755), 0);
  file ("shown/text", "shown");
  EXPECT_NE (run_in ({ "--profile=offline" }, read).status, 0);
  EXPECT_TRUE (succeeds (sandboxctl ({ "override", "offline", "--filesystem=~/shown:ro" })));
  EXPECT_EQ (run_in ({ "--profile=offline" }, read).out, "shown");
  EXPECT_NE (sandboxctl ({ "profile", "show", "offline" }).out.find (drop_in), std::string::npos);
  EXPECT_NE (sandboxctl ({ "override", "offline", "--show" }).out.find ("~/shown:ro"), std::string::npos);
  /* The later word about the same thing stands in place of the earlier one */
  EXPECT_TRUE (succeeds (sandboxctl ({ "override", "offline", "--nofilesystem=~/shown", "--limit=pids=50" })));
  EXPECT_EQ (read_file (drop_in).find ("~/shown:ro"), std::string::npos) << read_file (drop_in);
  EXPECT_NE (read_file (drop_in).find ("pids=50"), std::string::npos) << read_file (drop_in);
  EXPECT_NE (run_in ({ "--profile=offline" }, read).status, 0);
  /* What cannot be read is not written */
  EXPECT_TRUE (fails_with (sandboxctl ({ "override", "offline", "--share=netwrok" }), 125, { "netwrok" }));
  EXPECT_EQ (read_file (drop_in).find ("netwrok"), std::string::npos);
  EXPECT_TRUE (succeeds (sandboxctl ({ "override", "offline", "--reset" })));
  EXPECT_NE (access (drop_in.c_str (), F_OK), 0);
  EXPECT_TRUE (
      fails_with (sandboxctl ({ "override", "no-such-application", "--share=network" }), 125, { "desktop list" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "override", "offline" }), 125, { "--show" }));
}

TEST_P (Everyday, WhatIsKept)
{
  const Argv keep = { "--app-id=org.example.Kept", "--persist=." };

  EXPECT_EQ (run_in (keep, { "sh", "-c", "head -c 100000 /dev/urandom >~/big; ln -s /etc ~/link" }).status, 0);
  Json listed = json ({ "data", "list", "--json" });
  Outcome shown = sandboxctl ({ "data", "list" });
  EXPECT_NE (shown.out.find ("org.example.Kept"), std::string::npos) << shown.out;
  EXPECT_EQ (run_in (keep, { "cat", home () + "/big" }).out.size (), 100000u);

  Outcome written = sandboxctl ({ "data", "export", "org.example.Kept", home () + "/kept.tar" });
  EXPECT_TRUE (succeeds (written));
  EXPECT_NE (run ({ { "tar", "--list", "--file", home () + "/kept.tar" } }).out.find ("./big"), std::string::npos);
  EXPECT_TRUE (fails_with (sandboxctl ({ "data", "export", "org.example.Kept", home () + "/kept.tar" }), 125, {}));
  EXPECT_TRUE (fails_with (sandboxctl ({ "data", "remove", "../../../etc" }), 125, { "data list" }));
  EXPECT_EQ (access ((data () + "/org.example.Kept/big").c_str (), F_OK), 0);
  EXPECT_TRUE (succeeds (sandboxctl ({ "data", "remove", "org.example.Kept" })));
  EXPECT_NE (access ((data () + "/org.example.Kept").c_str (), F_OK), 0);
  EXPECT_EQ (access ("/etc/passwd", F_OK), 0);
}

class Several : public OnBus {};

TEST_F (Several, StopAllAndTheirIds)
{
  std::string first = launch_detached ({}, { "sleep", "600" }), second = launch_detached ({}, { "sleep", "600" });
  Outcome ids = sandboxctl ({ "ps", "-q" });

  EXPECT_TRUE (ids.out == first + "\n" + second + "\n" || ids.out == second + "\n" + first + "\n") << ids.out;
  EXPECT_TRUE (fails_with (sandboxctl ({ "stop", "--all", first }), 125, { first }));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--all" })));
  EXPECT_EQ (sandboxctl ({ "ps", "-q" }).out, "");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--all" })));
}

/* While it runs, its home is not taken away. */
TEST_F (Several, WhatIsKeptWhileItIsUsed)
{
  std::string id = launch_detached ({ "--app-id=org.example.Kept", "--profile=desktop" }, { "sleep", "600" });

  EXPECT_TRUE (fails_with (sandboxctl ({ "data", "remove", "org.example.Kept" }), 125, { id }));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
  EXPECT_TRUE (succeeds (sandboxctl ({ "data", "remove", "org.example.Kept" })));
}

/* What nobody would read. */
class Kept : public OnBus {
protected:
  void
  SetUp () override
  {
    OnBus::SetUp ();
    connection ();
    monitor_ = std::make_unique<Process> (
        Command ({ "dbus-monitor", "--session", "type='method_call',interface='org.freedesktop.Notifications'" }));
    ASSERT_TRUE (monitor_->expect ("\n"));
  }
  void
  TearDown () override
  {
    monitor_.reset ();
    OnBus::TearDown ();
  }
  /* As a desktop starts it. */
  int
  click (const Argv &words, const std::string &to = "/dev/null")
  {
    Argv all = { "run", "--file-forwarding", "--" };
    Fd null (open (to.c_str (), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));

    all.insert (all.end (), words.begin (), words.end ());
    Command start = command (all);
    start.out = start.err = Stream::to (null.get ());
    return run (start).status;
  }
  std::unique_ptr<Process> monitor_;
};

TEST_F (Kept, AStartFromAnIconThatFails)
{
  EXPECT_EQ (click ({ "sh", "-c", "echo started; exit 0" }), 0);
  EXPECT_EQ (click ({ "sh", "-c", "sleep 6; echo late; exit 3" }), 3);
  EXPECT_EQ (click ({ "sh", "-c", "echo 'last words <b>' >&2; exit 3" }), 3);
  EXPECT_TRUE (monitor_->expect ("sh has ended at once"));
  EXPECT_TRUE (monitor_->expect ("last words &lt;b&gt;")) << monitor_->out ();
  EXPECT_TRUE (monitor_->expect ("sandboxctl logs ")) << monitor_->out ();
  EXPECT_EQ (monitor_->out ().find ("late"), std::string::npos) << monitor_->out ();
  EXPECT_EQ (monitor_->out ().find ("started\""), std::string::npos) << monitor_->out ();
  EXPECT_EQ (click ({ "no-such-program" }), 127);
  EXPECT_TRUE (monitor_->expect ("no-such-program could not be started"));
  EXPECT_TRUE (monitor_->expect ("command not found")) << monitor_->out ();
  monitor_.reset ();
  expect_nothing_left ();
}

/* A file that the desktop gave still gets it; a pipe, which somebody reads, is left alone. */
TEST_F (Kept, WhatIsReadStays)
{
  EXPECT_EQ (click ({ "sh", "-c", "echo to the session" }, home () + "/.xsession-errors"), 0);
  EXPECT_TRUE (eventually ([&] { return read_file (home () + "/.xsession-errors") == "to the session\n"; }));
  Outcome outcome = run_in ({ "--file-forwarding" }, { "sh", "-c", "echo out; echo err >&2; exit 3" });
  EXPECT_EQ (outcome.out, "out\n");
  EXPECT_EQ (outcome.err, "err\n");
  EXPECT_EQ (sandboxctl ({ "logs" }).out.find ("echo out"), std::string::npos);
}

TEST_F (Kept, OfWhatIsDetached)
{
  std::string id = launch_detached ({}, { "sh", "-c", "echo kept; echo too >&2; echo '\033[31m'; sleep 600" });

  EXPECT_TRUE (eventually ([&] { return sandboxctl ({ "logs", id }).out.find ("kept\ntoo\n") != std::string::npos; }));
  EXPECT_NE (sandboxctl ({ "logs" }).out.find (id), std::string::npos);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
  EXPECT_NE (sandboxctl ({ "logs", id.substr (0, 6) }).out.find ("kept"), std::string::npos);
  EXPECT_TRUE (fails_with (sandboxctl ({ "logs", "ffffffff" }), 125, { "ffffffff" }));
  monitor_.reset ();
  expect_nothing_left ();
}

/* Whatever is killed of what copies it: the application is not told by SIGPIPE. */
TEST_F (Kept, WhoCopiesItMayBeKilled)
{
  std::string id = launch_detached (
      {}, { "sh", "-c", "echo one; while ! test -e /tmp/go; do sleep 0.05; done; echo two; sleep 600" });
  auto copiers = [] {
    std::vector<pid_t> found;

    for (const ProcessInfo &process : descendants (getpid ()))
      if (process.name == "sandbox-log" && process.parent != getpid ())
        found.push_back (process.pid);
    return found;
  };

  EXPECT_TRUE (eventually ([&] { return sandboxctl ({ "logs", id }).out.find ("one\n") != std::string::npos; }));
  std::vector<pid_t> before = copiers ();
  ASSERT_EQ (before.size (), 1u);
  ::kill (before[0], SIGKILL);
  ASSERT_TRUE (eventually ([&] { return copiers ().size () == 1 && copiers () != before; }));
  EXPECT_TRUE (succeeds (sandboxctl ({ "exec", id, "--", "touch", "/tmp/go" })));
  EXPECT_TRUE (eventually ([&] { return sandboxctl ({ "logs", id }).out.find ("two\n") != std::string::npos; }));
  EXPECT_EQ (record (id).state, "running");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
  monitor_.reset ();
  expect_nothing_left ();
}

/* The last part of what is too much, and not more. */
TEST_F (Kept, NotMoreThanThat)
{
  std::string id = launch_detached ({}, { "sh", "-c", "seq 1000000; echo the end" });

  EXPECT_TRUE (eventually ([&] { return sandboxctl ({ "logs", id }).out.find ("\nthe end\n") != std::string::npos; }));
  std::string text = sandboxctl ({ "logs", id }).out;
  EXPECT_LE (text.size (), 256u * 1024);
  EXPECT_NE (text.find ("\n999999\n"), std::string::npos);
}
