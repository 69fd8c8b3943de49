/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handlers that fail, and whatever else is killed while one runs. */
#include <sys/stat.h>
#include <unistd.h>

#include "crash-stage.h"

using namespace e2e;

EITHER_BUS (Crash);

TEST_P (Crash, AHandlerThatFailsOrIsKilled)
{
  with_handler ("exit 9");
  EXPECT_EQ (run_in ({ "--profile=watched" }, die_of (SIGSEGV)).status, 128 + SIGSEGV);
  with_handler ("kill -9 $$");
  EXPECT_EQ (run_in ({ "--profile=watched" }, die_of (SIGSEGV)).status, 128 + SIGSEGV);
  add_profile ("watcher", "[Profile]\nInherits=tracer\nCommand=no-such-program\n");
  EXPECT_EQ (run_in ({ "--profile=watched" }, die_of (SIGSEGV)).status, 128 + SIGSEGV);
  std::set<long long> codes;
  for (const std::string &id : crashes ())
    if (finished (id)["handler"].has ("code"))
      codes.insert (about (id)["handler"]["code"].number ());
    else
      EXPECT_NE (about (id)["handler"]["note"].text ().find ("no-such-program"), std::string::npos);
  EXPECT_EQ (codes, (std::set<long long>{ 9, -1 }));
}

TEST_P (Crash, WhatTheHandlerLeavesRunningIsEnded)
{
  with_handler ("setsid -f sleep 41414; exit 0");
  EXPECT_EQ (run_in ({ "--profile=watched" }, die_of (SIGSEGV)).status, 128 + SIGSEGV);
  for (const auto &p : descendants (getpid ()))
    EXPECT_EQ (p.command.find ("41414"), std::string::npos);
}

TEST_P (Crash, AHandlerThatHangsCanBeStopped)
{
  with_handler ("echo up >" + dir () + "/out/up; sleep 1000");
  Process victim (command (run_words ({ "--profile=watched" }, die_of (SIGSEGV))));

  ASSERT_TRUE (eventually ([&] { return fs::exists (dir () + "/out/up"); }));
  Record handler = {};
  ASSERT_TRUE (eventually ([&] { /* it may be up before its keeper has written down that it is */
                                 for (const Record &r : records ())
                                   if (process_info (r.pid)
                                       && process_info (r.pid)->command.find ("handler.sh") != std::string::npos)
                                     handler = r;
                                 return !handler.id.empty ();
  }));
  EXPECT_TRUE (succeeds (sandboxctl ({ "kill", "-s", "KILL", handler.id })));
  EXPECT_EQ (victim.wait ().status, 128 + SIGSEGV);
}

TEST_P (Crash, TheServiceIsKilledWhileAHandlerRuns)
{
  with_handler ("echo up >" + dir () + "/out/up; while [ ! -e " + dir () + "/out/go ]; do sleep 0.05; done");
  Process victim (command (run_words ({ "--profile=watched" }, die_of (SIGSEGV))));

  ASSERT_TRUE (eventually ([&] { return fs::exists (dir () + "/out/up"); }));
  for (pid_t pid : services ())
    ::kill (pid, SIGKILL);
  write_file (dir () + "/out/go", "");
  EXPECT_EQ (victim.wait ().status, 128 + SIGSEGV);
}

/* The kernel lets go of what it has traced: the application goes on, and dies as it would without a handler. */
TEST_P (Crash, TheTracerIsKilled)
{
  std::string id = launch_detached ({ "--profile=watched" }, { "sleep", "1000" });
  pid_t tracer = 0;

  for (const auto &p : descendants (record (id).keeper))
    if (p.name == "sandbox-tracer")
      tracer = p.pid;
  ASSERT_GT (tracer, 0);
  ::kill (tracer, SIGKILL);
  EXPECT_TRUE (eventually ([&] { return !process_info (tracer); })) << "it is not reaped";
  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "true" }).status, 0);
  ::kill (record (id).pid, SIGSEGV);
  EXPECT_TRUE (wait_for_state (id, "exited"));
  EXPECT_EQ (sandboxctl ({ "wait", id }).status, 128 + SIGSEGV);
  EXPECT_TRUE (crashes ().empty ());
}

/* With a process stopped in the middle of its end: the whole instance goes, and the handler with it. */
TEST_P (Crash, TheKeeperIsKilledWhileAHandlerRuns)
{
  with_handler ("echo up >" + dir () + "/out/up; sleep 1000");
  Process victim (command (run_words ({ "--profile=watched" }, die_of (SIGSEGV))));

  ASSERT_TRUE (eventually ([&] { return fs::exists (dir () + "/out/up"); }));
  Record instance = {};
  for (const Record &r : records ())
    if (r.keeper > 0
        && (!process_info (r.pid) || process_info (r.pid)->command.find ("handler.sh") == std::string::npos))
      instance = r;
  ASSERT_GT (instance.keeper, 0);
  ::kill (instance.keeper, SIGKILL);
  EXPECT_EQ (victim.wait ().status, 125);
  EXPECT_TRUE (eventually ([] {
    reap_strays ();
    for (const auto &p : descendants (getpid ()))
      if (p.command.find ("handler.sh") != std::string::npos || p.name == "sandbox-tracer" || p.name == "sandbox-init")
        return false;
    return true;
  })) << describe (descendants (getpid ()));
}

/* Nobody to start a handler: the keeper waits a while for a service, and then lets go. */
TEST_P (Crash, ThereIsNoService)
{
  std::string id =
      launch_detached ({ "--profile=watched" },
                       { "sh", "-c", "while [ ! -e " + dir () + "/out/go ]; do sleep 0.05; done; kill -11 $$" });

  (void) id;
  kill_services ();
  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "true" }).status, 0);
  kill_services ();
  ::kill (record (id).pid, SIGSEGV);
  EXPECT_TRUE (wait_for_state (id, "exited"));
  EXPECT_EQ (sandboxctl ({ "wait", id }).status, 128 + SIGSEGV);
}

/* Half a core is of no use, and gdb does not call it a failure. */
TEST_P (Crash, ACoreThatIsTooLarge)
{
  with_handler ("ulimit -f 64; exec /run/sandbox/sandbox-dump --core");
  EXPECT_EQ (run_in ({ "--profile=watched" }, die_of (SIGSEGV)).status, 128 + SIGSEGV);
  ASSERT_EQ (crashes ().size (), 1u);
  finished (crashes ()[0]);
  EXPECT_FALSE (fs::exists (store () + "/" + crashes ()[0] + "/core"));
  std::string note = about (crashes ()[0], "report.json")["core"].text ();
  EXPECT_NE (note.find ("larger"), std::string::npos)
      << note << read_file (store () + "/" + crashes ()[0] + "/handler.log");
}

/* PID 1's only child: nothing else keeps the instance alive meanwhile. */
TEST_P (Crash, ItWorksWithoutAPlaceToWriteTo)
{
  write_file (dir () + "/state/sandbox", "in the way");
  with_handler ("echo called >" + dir () + "/out/called");
  EXPECT_EQ (run_in ({ "--profile=watched" }, die_of (SIGSEGV)).status, 128 + SIGSEGV);
  EXPECT_EQ (read_file (dir () + "/out/called"), "called\n");
}

/* Whatever a handler has left there, it is shown or passed over. */
TEST_P (Crash, HostileReports)
{
  const std::string id = "0123456789abcdef", deep (2000000, '['), there = store () + "/" + id;

  fs::create_directories (there);
  write_file (there + "/crash.json", "{\"app-id\":\"a\u009b31mb\u202ec\",\"command\":[\"\\u001b\",{},null]}");
  write_file (there + "/report.json", deep);
  EXPECT_EQ (sandboxctl ({ "crashes", "show", id }).status, 0);
  write_file (there + "/report.json",
              "{\"core\":{},\"threads\":[7,{\"tid\":{},\"name\":3,\"frames\":[null,{\"pc\":[]}]}]}");
  for (const Argv &show : { Argv{ "crashes", "show", id }, Argv{ "crashes", "show", "--json", id } }) {
    Outcome outcome = sandboxctl (show);

    EXPECT_EQ (outcome.status, 0);
    EXPECT_EQ (outcome.err, "");
    for (const char *harm : { "\u009b", "\u202e", "\x1b" })
      EXPECT_EQ (outcome.out.find (harm), std::string::npos) << outcome.out;
  }
  EXPECT_EQ (Json::parse (sandboxctl ({ "crashes", "show", "--json", id }).out)["app-id"].text (),
             "a\u009b31mb\u202ec");
  write_file (there + "/crash.json", deep);
  EXPECT_EQ (sandboxctl ({ "crashes", "list" }).status, 0);
  EXPECT_EQ (sandboxctl ({ "crashes", "remove", id }).status, 0);
  EXPECT_FALSE (fs::exists (there));
}
