/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pidns=session: many applications in one pid namespace. What they share and what not, and how each of them ends. */
#include <unistd.h>

#include "pid-stage.h"
#include "sight.h"

using namespace e2e;

class PidSession : public PidStage {};

TEST_F (PidSession, OnePidNamespaceForAllAndNothingElse)
{
  std::string one = launch (), other = launch (), apart = launch_detached ({}, { "sleep", "1000" });
  pid_t first = record (one).pid, second = record (other).pid, third = record (apart).pid;

  EXPECT_NE (namespace_of (first, "pid"), 0u);
  EXPECT_EQ (namespace_of (first, "pid"), namespace_of (second, "pid"));
  EXPECT_NE (namespace_of (first, "pid"), namespace_of (third, "pid"));
  for (const char *name : { "user", "mnt", "ipc", "uts", "net", "cgroup" })
    EXPECT_NE (namespace_of (first, name), namespace_of (second, name)) << name;
  EXPECT_EQ (sessions ().size (), 1u);
  for (const std::string &id : { one, other, apart })
    stop (id);
  EXPECT_TRUE (no_session_is_left ());
  EXPECT_FALSE (std::filesystem::exists (instances () + "/session"));
}

/* Neither in its /proc nor by any means of looking into it. */
TEST_F (PidSession, ItsNeighbourIsNotInItsProc)
{
  std::string other = launch ();
  std::string application = number_inside (record (other).pid), init = number_inside (record (other).init);
  Outcome outcome = run (probe (options (), { "see", application, init, "1" }));

  ASSERT_TRUE (succeeds (outcome));
  Json seen = Json::parse (outcome.out);
  EXPECT_EQ (seen["listing"].size (), 2u) << "itself and its child: " << outcome.out;
  expect_absent (seen["sights"][application], "the neighbour");
  expect_absent (seen["sights"][init], "the neighbour's init");
  expect_absent (seen["sights"]["1"], "sandbox-session");
  stop (other);
}

TEST_F (PidSession, ItCannotSignalItsNeighbour)
{
  std::string other = launch ();
  std::string number = number_inside (record (other).pid), init = number_inside (record (other).init);
  Outcome outcome = run_in (
      options (), { "sh", "-c",
                    "for s in TERM HUP KILL STOP; do kill -$s " + number + "; kill -$s " + init
                        + "; kill -$s 1; done 2>/dev/null; for s in TERM HUP INT; do kill -$s -1; done; exit 3" });

  EXPECT_EQ (outcome.status, 3) << outcome.err;
  EXPECT_EQ (record (other).state, "running");
  EXPECT_NE (process_info (record (other).pid)->state, 'T');
  stop (other);
}

/* Each with what its own profile says, several at once. */
TEST_F (PidSession, OptionsOfOneProcAreNotAnothers)
{
  std::string one = launch (), other;

  add_profile ("narrow", "[Profile]\nInherits=shared\n[Procfs]\nsubset=pid\n");
  other = launch_detached ({ "--profile=narrow" }, { "sleep", "1000" });
  for (int i = 0; i < 2; i++) {
    EXPECT_TRUE (succeeds (sandboxctl ({ "exec", one, "--", "test", "-e", "/proc/cpuinfo" })));
    EXPECT_EQ (sandboxctl ({ "exec", other, "--", "test", "-e", "/proc/cpuinfo" }).status, 1);
    EXPECT_EQ (run_in ({ "--profile=narrow" }, { "test", "-e", "/proc/meminfo" }).status, 1);
    EXPECT_TRUE (succeeds (run_in (options (), { "test", "-e", "/proc/meminfo" })));
  }
  stop (one);
  stop (other);
}

/* A procfs that does not hide would show the others, and one for the host would as well. */
TEST_F (PidSession, RefusesAProcThatDoesNotHide)
{
  for (const char *proc : { "instance=none\nhidepid=off", "hidepid=off", "hidepid=invisible" }) {
    add_profile ("open", std::string ("[Profile]\nInherits=shared\n[Procfs]\n") + proc + "\n");
    EXPECT_TRUE (fails_with (run_in ({ "--profile=open" }, { "true" }), 125, { "hidepid=ptraceable" })) << proc;
  }
  EXPECT_TRUE (sessions ().empty ());
  std::string id = launch ();
  EXPECT_TRUE (fails_with (sandboxctl ({ "procfs", id, "--", "ps" }), 125, { "pidns=session" }));
  stop (id);
}

/* Limits that the kernel counts for a user are counted for each of them. */
TEST_F (PidSession, CountsProcessesOfItsOwn)
{
  add_profile ("few", "[Profile]\nInherits=shared\n[Limits]\npids=6\n");
  std::string one = launch_detached ({ "--profile=few" }, { "sh", "-c", "sleep 1000 & sleep 1000 & sleep 1000" });

  EXPECT_EQ (run_in ({ "--profile=few" }, { "sh", "-c", "true & true & wait; echo room" }).out, "room\n");
  stop (one);
}

/* What is left behind by an application: a daemon, an orphan of an orphan, a stopped one, and one that ignores all that
 * can be ignored; and with user namespaces one below a pid namespace of its own. */
static const char leaves_behind[] = "trap '' TERM INT HUP QUIT\n"
                                    "setsid sh -c 'sleep 1000 & exec sleep 1000' &\n"
                                    "(sh -c 'sleep 1000 & sleep 1000 &' &)\n"
                                    "sh -c 'kill -STOP $$; sleep 1000' &\n"
                                    "unshare -Upf sleep 1000 2>/dev/null &\n"
                                    "sleep 0.2\n";

TEST_F (PidSession, EndsWithAllThatItHasStarted)
{
  std::string neighbour = launch ();
  pid_t there = record (neighbour).pid;
  size_t alone = together_with (there).size ();

  add_profile ("nesting", "[Profile]\nInherits=shared\n[Context]\nfeatures=userns;\n");
  for (const char *profile : { "shared", "nesting" }) {
    Argv with = { std::string ("--profile=") + profile };

    EXPECT_EQ (run_in (with, { "sh", "-c", std::string (leaves_behind) + "exit 7" }).status, 7);
    EXPECT_EQ (together_with (there).size (), alone) << profile << ": its end is the end of all";
    std::string id = launch_detached (with, { "sh", "-c", std::string (leaves_behind) + "exec sleep 1000" });
    EXPECT_TRUE (eventually ([&] { return together_with (there).size () >= alone + 6; })) << profile;
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
    EXPECT_TRUE (wait_for_state (id, "exited"));
    EXPECT_EQ (together_with (there).size (), alone) << profile << ": stopped";
  }
  EXPECT_TRUE (process_exists (there));
  stop (neighbour);
}

TEST_F (PidSession, AForkBombEnds)
{
  std::string neighbour = launch (), id;
  pid_t there = record (neighbour).pid;
  size_t alone = together_with (there).size ();

  add_profile ("bomb", "[Profile]\nInherits=shared\n[Limits]\npids=100\n");
  id = launch_detached ({ "--profile=bomb" },
                        { "python3", "-c",
                          "import os,signal\n"
                          "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                          "while True:\n"
                          "  try:\n"
                          "    if os.fork() and os.fork(): os.setsid() if os.getpgrp() != os.getpid() else 0\n"
                          "  except OSError: pass\n" });
  EXPECT_TRUE (eventually ([&] { return together_with (there).size () > alone + 50; }));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
  EXPECT_TRUE (wait_for_state (id, "exited"));
  EXPECT_EQ (together_with (there).size (), alone);
  stop (neighbour);
}

TEST_F (PidSession, IdentifiesEachByItself)
{
  std::string one = launch ({ "sh", "-c", "setsid sleep 1000 & sleep 1000" }), other = launch ();
  pid_t orphan = 0;

  ASSERT_TRUE (eventually ([&] {
    for (const auto &p : descendants (record (one).pid))
      orphan = p.name == "sleep" ? p.pid : orphan;
    return orphan != 0;
  }));
  for (const auto &[pid, id] :
       std::map<pid_t, std::string>{ { record (one).pid, one }, { orphan, one }, { record (other).pid, other } })
    EXPECT_NE (sandboxctl ({ "identify", std::to_string (pid) }).out.find (id), std::string::npos) << pid;
  EXPECT_EQ (sandboxctl ({ "identify", std::to_string (sessions ().at (0)) }).out.find (one), std::string::npos);
  stop (one);
  stop (other);
}

/* It sees its own target and nobody else, and is gone with it. */
TEST_F (PidSession, AHandlerSeesItsTargetAlone)
{
  std::string neighbour = launch (), id = launch ({ "sleep", "1001" });
  std::string pid = number_inside (record (id).pid), theirs = number_inside (record (neighbour).pid);
  Outcome outcome = sandboxctl ({ "attach", id, "--profile=debugger", "--", "sh", "-c",
                                  "cat /proc/[0-9]*/cmdline | tr '\\0' ' '; gdb -q -nx -batch -p " + pid
                                      + " -ex 'info proc' 2>&1; gdb -q -nx -batch -p " + theirs + " 2>&1" });

  EXPECT_NE (outcome.out.find ("sleep 1001"), std::string::npos) << outcome.out << outcome.err;
  EXPECT_EQ (outcome.out.find ("sleep 1000"), std::string::npos) << "the neighbour: " << outcome.out;
  EXPECT_NE (outcome.out.find ("process " + pid), std::string::npos) << "attached: " << outcome.out;
  EXPECT_TRUE (outcome.out.find ("ptrace: No such process") != std::string::npos
               || outcome.out.find ("ptrace: Operation not permitted") != std::string::npos)
      << outcome.out;
  Process handler (command ({ "attach", id, "--profile=tracer", "--", "sh", "-c", "echo up; exec sleep 1000" }));
  ASSERT_TRUE (handler.expect ("up\n")) << handler.err ();
  stop (id);
  handler.wait ();
  EXPECT_EQ (together_with (record (neighbour).pid).size (), 2u) << "the neighbour and its init";
  stop (neighbour);
}

/* Seen by its owner on the host, who may look into an application. */
TEST_F (PidSession, TheSupervisorHasNoRights)
{
  std::string id = launch (), application = "/proc/" + std::to_string (record (id).pid);
  std::string dir = "/proc/" + std::to_string (sessions ().at (0)), status = read_file (dir + "/status");

  for (const char *line : { "\nCapPrm:\t0000000000000000\n", "\nCapEff:\t0000000000000000\n", "\nNoNewPrivs:\t1\n" })
    EXPECT_NE (status.find (line), std::string::npos) << line << status;
  EXPECT_FALSE (read_file (application + "/environ").empty ()) << "the control";
  EXPECT_TRUE (read_file (dir + "/environ").empty ());
  EXPECT_EQ (number_inside (sessions ().at (0)), "1");
  stop (id);
}

class PidSessionFaults : public PidStage {
protected:
  static std::string
  leaves_behind_a_daemon ()
  {
    return "setsid sh -c 'trap \"\" TERM; sleep 1000; sleep 1000' & exec sleep 1000";
  }
};

/* Its end is the end of all, and each of them says so. */
TEST_F (PidSessionFaults, SupervisorKilled)
{
  Process waiting (command (run_words (options (), { "sh", "-c", "echo up; exec sleep 1000" })));
  std::string id = launch ();

  ASSERT_TRUE (waiting.expect ("up\n")) << waiting.err ();
  ASSERT_EQ (sessions ().size (), 1u);
  ::kill (sessions ()[0], SIGKILL);
  Outcome outcome = waiting.wait ();
  EXPECT_TRUE (fails_with (outcome, 125, { "session was killed" })) << outcome.err;
  EXPECT_TRUE (wait_for_state (id, "exited"));
  EXPECT_EQ (record (id).culprit, "session");
  EXPECT_EQ (sandboxctl ({ "wait", id }).status, 125);
  /* What it has left is no obstacle */
  EXPECT_EQ (run_in (options (), { "sh", "-c", "exit 4" }).status, 4);
}

TEST_F (PidSessionFaults, AnyOneOfAnInstanceKilled)
{
  std::string neighbour = launch ();
  size_t alone = together_with (record (neighbour).pid).size ();
  const std::map<std::string, std::function<pid_t (const Record &)> > victims = {
    { "init", [] (const Record &r) { return r.init; } },
    { "bwrap", [this] (const Record &r) { return bwrap_of (r); } },
    { "keeper", [] (const Record &r) { return r.keeper; } },
  };

  for (const auto &[culprit, choose] : victims) {
    std::string id = launch ({ "sh", "-c", leaves_behind_a_daemon () });

    ASSERT_TRUE (eventually ([&] { return together_with (record (neighbour).pid).size () >= alone + 3; }));
    ::kill (choose (record (id)), SIGKILL);
    EXPECT_TRUE (wait_for_state (id, "exited")) << culprit;
    EXPECT_EQ (record (id).culprit, culprit);
    EXPECT_TRUE (eventually ([&] { return together_with (record (neighbour).pid).size () == alone; })) << culprit;
  }
  EXPECT_EQ (record (neighbour).state, "running");
  stop (neighbour);
}

/* Nobody of the instance is left to end the others: sandbox-session does. */
TEST_F (PidSessionFaults, KeeperAndInitKilledTogether)
{
  std::string neighbour = launch (), id = launch ({ "sh", "-c", leaves_behind_a_daemon () });
  Record victim = record (id);

  ASSERT_TRUE (eventually ([&] { return together_with (victim.pid).size () >= 5; }));
  ::kill (victim.init, SIGSTOP);
  ::kill (victim.keeper, SIGKILL);
  ::kill (victim.init, SIGKILL);
  EXPECT_TRUE (eventually ([&] { return together_with (record (neighbour).pid).size () == 2; }));
  EXPECT_TRUE (wait_for_state (id, "exited"));
  stop (neighbour);
}

/* The next service finds the instances, and the same sandbox-session. */
TEST_F (PidSessionFaults, ServiceKilled)
{
  std::string one = launch ();
  kill_services ();
  std::string other = launch ();

  EXPECT_EQ (namespace_of (record (one).pid, "pid"), namespace_of (record (other).pid, "pid"));
  kill_services ();
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", one })));
  EXPECT_EQ (record (other).state, "running");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", other })));
}

/* A stopped one holds up those that need it, for a while, and nobody else. */
TEST_F (PidSessionFaults, SupervisorStopped)
{
  std::string id = launch ();

  ::kill (sessions ().at (0), SIGSTOP);
  Process waiting (command (run_words (options (), { "true" })));
  EXPECT_TRUE (succeeds (run_in ({}, { "true" })));
  EXPECT_TRUE (fails_with (waiting.wait (), 125, { "join" }));
  ::kill (sessions ().at (0), SIGCONT);
  EXPECT_TRUE (succeeds (run_in (options (), { "true" })));
  stop (id);
}

/* Each `run` has a service of its own there; the session is one all the same. */
TEST_F (WithoutBus, PidSessionIsSharedByAllServices)
{
  add_profile ("shared", "[Profile]\nInherits=default\n[Procfs]\npidns=session\n");
  std::string one = launch_detached ({ "--profile=shared" }, { "sleep", "1000" });
  std::string other = launch_detached ({ "--profile=shared" }, { "sleep", "1000" });

  EXPECT_EQ (namespace_of (record (one).pid, "pid"), namespace_of (record (other).pid, "pid"));
  EXPECT_EQ (run_in ({ "--profile=shared" }, { "sh", "-c", "exit 6" }).status, 6);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", one })));
  EXPECT_EQ (record (other).state, "running");
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", other })));
}
