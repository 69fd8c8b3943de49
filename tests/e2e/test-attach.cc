/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handlers: a second sandbox that sees one application and nothing else. */
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

using namespace e2e;

namespace fs = std::filesystem;

class Attach : public EitherBus {
protected:
  void
  SetUp () override
  {
    EitherBus::SetUp ();
    if (!HasFatalFailure ())
      start_authority (true);
  }
  std::string
  victim (const Argv &words = { "sleep", "1000" })
  {
    return launch_detached ({ "--app-id=org.example.Victim" }, words);
  }
  Argv
  attach_words (const std::string &id, const Argv &options, const Argv &words)
  {
    Argv all = { "attach", id };

    all.insert (all.end (), options.begin (), options.end ());
    if (!words.empty ())
      all.push_back ("--");
    all.insert (all.end (), words.begin (), words.end ());
    return all;
  }
  Outcome
  attach (const std::string &id, const Argv &options, const Argv &words)
  {
    return sandboxctl (attach_words (id, options, words));
  }
  void
  stop (const std::string &id)
  {
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
    EXPECT_TRUE (wait_for_state (id, "exited"));
  }
};
EITHER_BUS (Attach);

static std::set<std::string>
lines (const std::string &text)
{
  std::set<std::string> result;
  size_t at = 0;

  for (size_t end; (end = text.find ('\n', at)) != std::string::npos; at = end + 1)
    result.insert (text.substr (at, end - at));
  return result;
}

TEST_P (Attach, SeesTheApplicationAndItself)
{
  std::string other = launch_detached ({}, { "sleep", "2000" });
  std::string id = victim ({ "sh", "-c", "sleep 1001 & exec sleep 1002" });
  Outcome outcome;

  ASSERT_TRUE (eventually ([&] { /* both have been executed, and not only forked */
                                 auto all = descendants (record (id).init);
                                 return all.size () == 2 && all[0].name == "sleep" && all[1].name == "sleep";
  }));
  outcome = attach (id, { "--profile=tracer" }, { "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '" });
  EXPECT_TRUE (succeeds (outcome));
  EXPECT_NE (outcome.out.find ("sleep 1001 "), std::string::npos) << outcome.out;
  EXPECT_NE (outcome.out.find ("sleep 1002 "), std::string::npos) << outcome.out;
  EXPECT_EQ (outcome.out.find ("2000"), std::string::npos) << outcome.out;
  EXPECT_EQ (outcome.out.find ("bwrap"), std::string::npos) << outcome.out;
  outcome = attach (id, { "--profile=tracer" }, { "sh", "-c", "cat /proc/[0-9]*/comm" });
  EXPECT_EQ (lines (outcome.out), (std::set<std::string>{ "sandbox-init", "sleep", "sh" }))
      << "and cat, which is sh by then";
  stop (id);
  stop (other);
}

/* The handler's row of the matrix: the application and its PID 1 are its inferiors. */
TEST_P (Attach, ReachesTheApplicationByEveryMeans)
{
  static const char *const means[] = { "kill", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd" };
  std::string id = victim ();
  Outcome outcome = run (probe_with ({ "attach", id, "--profile=debugger" }, { "see", "1", "2" }));

  ASSERT_TRUE (succeeds (outcome));
  Json seen = Json::parse (outcome.out);
  for (const char *who : { "1", "2" }) {
    EXPECT_TRUE (seen["sights"][who]["listed"].boolean ()) << who;
    EXPECT_EQ (seen["sights"][who]["maps"].text (), "OK") << who;
    for (const char *mean : means) {
      std::string outcome_of = seen["sights"][who][mean].text ();
      EXPECT_TRUE (outcome_of == "OK" || outcome_of == "EFAULT" /* no such address there */)
          << who << ": " << mean << ": " << outcome_of;
    }
  }
  stop (id);
}

TEST_P (Attach, StrangersDoNotExistForIt)
{
  std::string id = victim (), other = launch_detached ({}, { "sleep", "2000" });
  std::map<std::string, std::string> strangers = {
    { std::to_string (getpid ()), "the test" },
    { std::to_string (record (id).keeper), "its target's keeper" },
    { std::to_string (bwrap_of (record (id))), "its target's bwrap" },
    { std::to_string (record (other).pid), "another instance" },
    { std::to_string (record (other).init), "another instance's init" },
  };
  Argv words = { "see" };

  for (const auto &[pid, name] : strangers)
    words.push_back (pid);
  Outcome outcome = run (probe_with ({ "attach", id, "--profile=debugger" }, words));
  ASSERT_TRUE (succeeds (outcome));
  Json seen = Json::parse (outcome.out);
  for (const auto &[pid, name] : strangers) {
    EXPECT_FALSE (seen["sights"][pid]["listed"].boolean ()) << name;
    EXPECT_EQ (seen["sights"][pid]["kill"].text (), "ESRCH") << name;
    EXPECT_EQ (seen["sights"][pid]["ptrace"].text (), "ESRCH") << name;
  }
  stop (id);
  stop (other);
}

TEST_P (Attach, TheApplicationDoesNotSeeIt)
{
  std::string id = victim ();
  Process handler (command (attach_words (id, { "--profile=tracer" }, { "sh", "-c", "echo pid=$$; exec sleep 3000" })));

  ASSERT_TRUE (handler.expect ("\n"));
  std::string pid = handler.out ().substr (4, handler.out ().find ('\n') - 4);
  Outcome outcome = run (probe_with ({ "exec", id }, { "see", pid }));
  ASSERT_TRUE (succeeds (outcome));
  Json sight = Json::parse (outcome.out)["sights"][pid];
  EXPECT_FALSE (sight["listed"].boolean ());
  EXPECT_EQ (sight["mem"].text (), "ENOENT");
  EXPECT_EQ (sight["kill"].text (), "EPERM");
  for (const char *mean : { "ptrace", "process_vm_readv", "pidfd_getfd" })
    EXPECT_EQ (sight[mean].text (), "EPERM") << mean;
  handler.kill (SIGTERM);
  EXPECT_EQ (handler.wait ().status, 128 + SIGTERM);
  EXPECT_EQ (record (id).state, "running");
  stop (id);
}

TEST_P (Attach, GdbShowsNames)
{
  std::string id = victim ();
  Command debugger = command (attach_words (id, {}, {})); /* the profile's own command */

  /* From glibc 2.41 on it waits in a function that has a name only in libc6-dbg: its callers have one */
  debugger.input = "backtrace\n";
  Outcome outcome = run (debugger);
  EXPECT_NE ((outcome.out + outcome.err).find ("nanosleep"), std::string::npos) << outcome.out << outcome.err;
  outcome = attach (id, {}, { "gdb", "-q", "-batch", "-p", "2", "-ex", "print (long) getpid()" });
  EXPECT_NE (outcome.out.find ("$1 = 2"), std::string::npos) << outcome.out << outcome.err;
  EXPECT_EQ (record (id).state, "running");
  stop (id);
}

TEST_P (Attach, StraceFollows)
{
  std::string id = victim ({ "python3", "-c", "import time\nwhile True: time.sleep(0.05)" });
  Process strace (command (attach_words (id, { "--profile=tracer" }, {})));

  EXPECT_TRUE (
      eventually ([&] { return !strace.running () || strace.err ().find ("clock_nanosleep") != std::string::npos; }));
  EXPECT_NE (strace.err ().find ("clock_nanosleep"), std::string::npos) << strace.err ();
  strace.kill (SIGTERM);
  strace.wait ();
  EXPECT_EQ (record (id).state, "running");
  stop (id);
}

TEST_P (Attach, FilesOfTheTargetReadOnly)
{
  std::string id = victim ({ "sh", "-c", "echo secret >/tmp/note; exec sleep 1000" });

  ASSERT_TRUE (eventually ([&] { return sandboxctl ({ "exec", id, "--", "test", "-s", "/tmp/note" }).status == 0; }));
  Outcome outcome = attach (id, { "--profile=debugger" }, { "cat", "/run/sandbox/target/tmp/note" });
  EXPECT_EQ (outcome.out, "secret\n") << outcome.err;
  outcome = attach (id, { "--profile=debugger" }, { "sh", "-c", "echo x >$SANDBOX_TARGET_ROOT/tmp/note" });
  EXPECT_NE (outcome.err.find ("Read-only file system"), std::string::npos) << outcome.err;
  stop (id);
}

TEST_P (Attach, ADumperReadsAndCannotWrite)
{
  std::string id = victim ();
  /* A copy, since no link of its /proc can be followed */
  Command copying = probe_with ({ "attach", id, "--profile=dumper" }, {}, 3);
  copying.argv.pop_back ();
  for (const char *word : { "sh", "-c", "cat <&3 >/tmp/probe; chmod 700 /tmp/probe; exec /tmp/probe see 2 3<&-" })
    copying.argv.push_back (word);
  Outcome outcome = run (copying);

  ASSERT_TRUE (succeeds (outcome));
  Json sight = Json::parse (outcome.out)["sights"]["2"];
  EXPECT_EQ (sight["ptrace"].text (), "OK");
  EXPECT_EQ (sight["process_vm_readv"].text (), "EFAULT"); /* allowed, and no such address there */
  outcome = attach (id, { "--profile=dumper" },
                    { "python3", "-c",
                      "import ctypes, os\n"
                      "libc = ctypes.CDLL(None, use_errno=True)\n"
                      "print(libc.process_vm_writev(2, None, 0, None, 0, 0), os.strerror(ctypes.get_errno()))" });
  EXPECT_EQ (outcome.out, "-1 Operation not permitted\n") << outcome.err;
  outcome = attach (id, { "--profile=dumper" }, { "sh", "-c", "echo x >/proc/2/mem" });
  EXPECT_NE (outcome.err.find ("Read-only file system"), std::string::npos) << outcome.err;
  outcome = attach (id, { "--profile=dumper" },
                    { "gdb", "-q", "-batch", "-p", "2", "-ex", "print $pc", "-ex", "set var $rax = 5" });
  EXPECT_NE (outcome.out.find ("$1 ="), std::string::npos) << outcome.out << outcome.err;
  EXPECT_NE ((outcome.out + outcome.err).find ("Operation not permitted"), std::string::npos)
      << outcome.out << outcome.err;
  EXPECT_EQ (record (id).state, "running");
  stop (id);
}

/* Every way to the target that is not /proc/PID/mem: its own procfs and files behind root and cwd, what it shares by
 * descriptors, how it is scheduled. The same by a debugger, which may, shows that they lead there. */
TEST_P (Attach, ADumperReachesNothingThroughItsTarget)
{
  std::string id = victim ({ "python3", "-c",
                             "import os, time\n"
                             "f = os.memfd_create('shared'); os.write(f, b'intact'); os.dup2(f, 9)\n"
                             "os.chdir('/tmp'); open('/tmp/note', 'w').write('intact'); time.sleep(1000)" });
  const char *script = "import os, ctypes\n"
                       "libc = ctypes.CDLL(None, use_errno=True)\n"
                       "def attempt(name, what):\n"
                       "  try: what(); print(name, 'done')\n"
                       "  except OSError as e: print(name, 'refused')\n"
                       "def call(*a):\n"
                       "  if libc.syscall(*a) < 0: raise OSError(ctypes.get_errno(), '')\n"
                       "def write(path): os.write(os.open(path, os.O_WRONLY), b'0x33')\n"
                       "attempt('root', lambda: write('/proc/2/root/tmp/note'))\n"
                       "attempt('cwd', lambda: write('/proc/2/cwd/note'))\n"
                       "attempt('task', lambda: write('/proc/2/task/2/cwd/note'))\n"
                       "attempt('mem', lambda: os.open('/proc/2/root/proc/2/mem', os.O_WRONLY))\n"
                       "attempt('filter', lambda: write('/proc/2/root/proc/2/coredump_filter'))\n"
                       "attempt('memfd', lambda: write('/proc/2/fd/9'))\n"
                       "attempt('getfd', lambda: call(438, os.pidfd_open(2), 9, 0))\n"
                       "attempt('affinity', lambda: os.sched_setaffinity(2, {0}))\n"
                       "attempt('priority', lambda: os.setpriority(os.PRIO_PROCESS, 2, 19))\n"
                       "attempt('limits', lambda: __import__('resource').prlimit(2, 1, (0, 0)))\n"
                       "attempt('reading', lambda: os.open('/proc/2/mem', os.O_RDONLY))\n";

  ASSERT_TRUE (eventually ([&] { return sandboxctl ({ "exec", id, "--", "test", "-s", "/tmp/note" }).status == 0; }));
  Outcome outcome = attach (id, { "--profile=dumper" }, { "python3", "-c", script });
  EXPECT_EQ (outcome.out, "root refused\ncwd refused\ntask refused\nmem refused\nfilter refused\nmemfd refused\n"
                          "getfd refused\naffinity refused\npriority refused\nlimits refused\nreading done\n")
      << outcome.err;
  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "cat", "/tmp/note" }).out, "intact");
  outcome = attach (id, { "--profile=debugger" }, { "python3", "-c", script });
  EXPECT_EQ (outcome.out, "root done\ncwd done\ntask done\nmem done\nfilter done\nmemfd done\ngetfd done\n"
                          "affinity done\npriority done\nlimits done\nreading done\n")
      << outcome.err;
  stop (id);
}

TEST_P (Attach, HasItsOwnStatusAndItsOwnMounts)
{
  std::string id = victim ({ "sh", "-c", "touch /tmp/mine; exec sleep 1000" });

  EXPECT_EQ (attach (id, { "--profile=tracer" }, { "sh", "-c", "exit 41" }).status, 41);
  EXPECT_EQ (attach (id, { "--profile=tracer" }, { "sh", "-c", "kill -QUIT $$" }).status, 128 + SIGQUIT);
  EXPECT_EQ (attach (id, { "--profile=tracer" }, { "test", "-e", "/tmp/mine" }).status, 1);
  EXPECT_EQ (attach (id, { "--profile=tracer" }, { "no-such-program" }).status, 127);
  EXPECT_EQ (attach (id, { "--profile=no-such-profile" }, { "true" }).status, 125);
  stop (id);
}

TEST_P (Attach, IsListedBelowItsInstance)
{
  std::string id = victim ();
  Process handler (command (attach_words (id, { "--profile=tracer" }, { "sh", "-c", "echo up; exec sleep 3000" })));

  ASSERT_TRUE (handler.expect ("up"));
  Json about = json ({ "show", "--json", id });
  ASSERT_EQ (about["handlers"].size (), 1u);
  std::string path = about["handlers"][0].text (), other = path.substr (path.rfind ('/') + 1);
  EXPECT_EQ (json ({ "show", "--json", other })["parent"].text (), "/org/example/Sandbox/instances/" + id);
  EXPECT_NE (sandboxctl ({ "ps", "--tree" }).out.find ("\n  " + other), std::string::npos);
  EXPECT_EQ (top_cell (id, 7), "1");
  EXPECT_EQ (top_cell (other, 7), "0");
  kill_services (); /* the next one finds both */
  EXPECT_EQ (json ({ "show", "--json", id })["handlers"][0].text (), path);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", other })));
  EXPECT_EQ (handler.wait ().status, 128 + SIGTERM);
  EXPECT_EQ (json ({ "show", "--json", id })["handlers"].size (), 0u);
  EXPECT_EQ (record (id).state, "running");
  stop (id);
}

TEST_P (Attach, EndsWithItsInstance)
{
  std::string id = victim ();
  Process handler (command (attach_words (id, { "--profile=tracer" }, { "sh", "-c", "echo up; exec sleep 3000" })));

  ASSERT_TRUE (handler.expect ("up"));
  Record it = new_instance ({ id });
  stop (id);
  EXPECT_EQ (handler.wait ().status, 128 + SIGKILL);
  EXPECT_TRUE (wait_for_state (it.id, "exited"));
  EXPECT_EQ (record (it.id).culprit, "target");
  EXPECT_EQ (record (id).culprit, "stopped");
}

TEST_P (Attach, HoldsItsInstanceIfAsked)
{
  std::string id = victim ({ "sh", "-c", "trap 'exit 17' TERM; while :; do sleep 0.05; done" });
  Process handler (
      command (attach_words (id, { "--profile=tracer", "--hold" }, { "sh", "-c", "echo up; exec sleep 3000" })));

  ASSERT_TRUE (handler.expect ("up"));
  Record it = new_instance ({ id });
  ASSERT_TRUE (catches (record (id).pid, SIGTERM));
  ASSERT_EQ (::kill (record (id).pid, SIGTERM), 0);
  EXPECT_TRUE (eventually ([&] { return !process_exists (record (id).pid); }));
  EXPECT_TRUE (handler.running ());
  EXPECT_EQ (record (id).state, "running"); /* with nothing but its PID 1 */
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", it.id })));
  EXPECT_EQ (handler.wait ().status, 128 + SIGTERM);
  EXPECT_TRUE (wait_for_state (id, "exited"));
  EXPECT_EQ (sandboxctl ({ "wait", id }).status, 17);
}

static bool
runs_anywhere (const std::string &words)
{
  for (const auto &entry : fs::directory_iterator ("/proc")) {
    std::string text = read_file (entry.path ().string () + "/cmdline");

    std::replace (text.begin (), text.end (), '\0', ' ');
    if (text == words + " ")
      return true;
  }
  return false;
}

/* What it leaves behind is in its target's pid namespace, and nobody's child. */
TEST_P (Attach, WhatItLeavesBehindIsEnded)
{
  std::string id = victim ();
  Outcome outcome = attach (id, { "--profile=tracer" },
                            { "sh", "-c", "for i in 1 2 3; do setsid -f sleep 31337; done; sleep 0.2; exit 5" });

  EXPECT_EQ (outcome.status, 5) << outcome.err;
  EXPECT_TRUE (eventually ([] { return !runs_anywhere ("sleep 31337"); }));
  EXPECT_EQ (record (id).state, "running");
  stop (id);
}

/* Whoever of its plumbing dies: nothing of it stays, and the instance goes on. */
TEST_P (Attach, KilledPlumbing)
{
  for (const char *who : { "keeper", "bwrap", "init", "program" }) {
    SCOPED_TRACE (who);
    std::string id = victim (), word = "sleep 31338";
    Process handler (command (
        attach_words (id, { "--profile=tracer" }, { "sh", "-c", "setsid -f sleep 31338; echo up; exec sleep 31338" })));

    ASSERT_TRUE (handler.expect ("up"));
    Record it = new_instance ({ id });
    pid_t pid = std::string (who) == "keeper"  ? it.keeper
                : std::string (who) == "bwrap" ? bwrap_of (it)
                : std::string (who) == "init"  ? it.init
                                               : it.pid;
    ASSERT_GT (pid, 0);
    ::kill (pid, SIGKILL);
    int status = handler.wait ().status;
    EXPECT_TRUE (status == 128 + SIGKILL || status == 125) << status;
    EXPECT_TRUE (eventually ([&] { return !runs_anywhere (word); }));
    EXPECT_EQ (record (id).state, "running");
    EXPECT_TRUE (succeeds (sandboxctl ({ "exec", id, "--", "true" })));
    EXPECT_TRUE (eventually ([&] { return json ({ "show", "--json", id })["handlers"].size () == 0; }));
    stop (id);
  }
}

TEST_P (Attach, TheInstancesKeeperIsKilled)
{
  std::string id = victim ();
  Process handler (command (attach_words (id, { "--profile=tracer" }, { "sh", "-c", "echo up; exec sleep 31339" })));

  ASSERT_TRUE (handler.expect ("up"));
  ::kill (record (id).keeper, SIGKILL);
  EXPECT_NE (handler.wait ().status, 0);
  EXPECT_TRUE (eventually ([] { return !runs_anywhere ("sleep 31339"); }));
  EXPECT_EQ (json ({ "show", "--json", id })["result"]["culprit"].text (), "keeper");
}

TEST_P (Attach, ToOneThatEndsAtThatMoment)
{
  for (int i = 0; i < 12; i++) {
    std::string id = victim ();
    Process handler (command (attach_words (id, { "--profile=tracer" }, { "true" })));

    usleep (static_cast<useconds_t> (i) * 2500);
    ::kill (record (id).pid, SIGKILL);
    int status = handler.wait ().status;
    EXPECT_TRUE (status == 0 || status == 125 || status == 128 + SIGKILL) << status;
    EXPECT_TRUE (wait_for_state (id, "exited"));
    EXPECT_EQ (sandboxctl ({ "wait", id }).status, 128 + SIGKILL);
  }
}

/* It has nothing left to be looked at: each tool says so and ends, and its parent can still have its status. */
TEST_P (Attach, ToAZombie)
{
  std::string go = dir () + "/data/go", id;
  Outcome outcome;

  fs::create_directories (dir () + "/data");
  id = launch_detached ({ "--filesystem=" + dir () + "/data:ro" },
                        { "python3", "-c",
                          "import os, sys, time\n"
                          "pid = os.fork()\n"
                          "if pid == 0: os._exit(7)\n"
                          "while not os.path.exists('"
                              + go
                              + "'): time.sleep(0.05)\n"
                                "sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) + 30)" });
  /* Before anything else inside takes its number */
  ASSERT_TRUE (eventually ([&] {
    std::vector<ProcessInfo> children = descendants (record (id).pid);
    return children.size () == 1 && children[0].state == 'Z';
  }));
  outcome = attach (id, { "--profile=tracer" }, { "grep", "-q", "^State:.Z", "/proc/3/status" });
  ASSERT_TRUE (succeeds (outcome)) << describe (descendants (record (id).init));
  outcome = attach (id, { "--profile=tracer" }, { "strace", "-p", "3" });
  EXPECT_NE (outcome.status, 0);
  EXPECT_NE (outcome.err.find ("Operation not permitted"), std::string::npos) << outcome.err;
  outcome = attach (id, { "--profile=debugger" }, { "gdb", "-q", "-nx", "-batch", "-p", "3" });
  EXPECT_NE ((outcome.out + outcome.err).find ("zombie"), std::string::npos) << outcome.out << outcome.err;
  outcome = attach (id, { "--profile=dumper" }, { "/run/sandbox/sandbox-dump", "--pid=3" });
  EXPECT_EQ (outcome.status, 1) << outcome.err;
  Json report = Json::parse (outcome.out);
  EXPECT_EQ (report["threads"].size (), 0u);
  EXPECT_NE (report["note"].text ().find ("ended"), std::string::npos) << outcome.out;
  write_file (go, "");
  EXPECT_EQ (sandboxctl ({ "wait", id }).status, 37);
}

/* With --pidns bwrap has a process between itself and the sandbox, which ends at once, or a little later. */
TEST_P (Attach, BesideAProcessThatEndsLate)
{
  std::string script = dir () + "/bwrap", id;

  write_file (script, "#!/bin/sh\nLD_PRELOAD=" + places ().late_end + " exec bwrap \"$@\"\n", 0755);
  set_env ("SANDBOX_BWRAP", script);
  id = victim ();
  EXPECT_TRUE (succeeds (attach (id, { "--profile=tracer" }, { "sleep", "0.5" })));
  stop (id);
}

TEST_P (Attach, TwoTracersOfOneProcess)
{
  std::string id = victim ();
  Process first (command (attach_words (id, { "--profile=tracer" }, { "strace", "-p", "2" })));

  ASSERT_TRUE (eventually ([&] { return !first.running () || first.err ().find ("attached") != std::string::npos; }));
  Outcome second = attach (id, { "--profile=tracer" }, { "strace", "-p", "2" });
  EXPECT_NE (second.err.find ("Operation not permitted"), std::string::npos) << second.err;
  first.kill (SIGTERM);
  first.wait ();
  EXPECT_EQ (record (id).state, "running");
  stop (id);
}

TEST_P (Attach, SixtyFourBusyThreads)
{
  std::string id =
      victim ({ "python3", "-c",
                "import threading, hashlib\n"
                "def spin():\n"
                "  hashlib.pbkdf2_hmac('sha256', b'x', b'y', 1 << 30)\n" /* without the interpreter's lock */
                "for i in range(63): threading.Thread(target=spin, daemon=True).start()\n"
                "print('up', flush=True)\n"
                "spin()" });
  std::string tasks = "/proc/" + std::to_string (record (id).pid) + "/task";

  ASSERT_TRUE (eventually ([&] {
    auto all = fs::directory_iterator (tasks);
    return std::distance (std::filesystem::begin (all), std::filesystem::end (all)) == 64;
  }));
  Outcome outcome =
      attach (id, { "--profile=dumper" }, { "gdb", "-q", "-nx", "-batch", "-p", "2", "-ex", "info threads" });
  EXPECT_NE (outcome.out.find ("64 "), std::string::npos) << outcome.out << outcome.err;
  EXPECT_EQ (record (id).state, "running");
  stop (id);
}

TEST_P (Attach, RefusesWhatCannotBeKept)
{
  std::string id = victim ();

  EXPECT_TRUE (fails_with (attach (id, { "--profile=tracer", "--allow=userns" }, { "true" }), 125, { "userns" }));
  EXPECT_TRUE (fails_with (attach ("0000000000000001", {}, { "true" }), 125, {}));
  EXPECT_TRUE (fails_with (sandboxctl ({ "attach" }), 125, { "sandboxctl attach SANDBOX" }));
  stop (id);
  EXPECT_TRUE (fails_with (attach (id, {}, { "true" }), 125, { "has ended" }));
}

TEST_P (Attach, OptionsStandBeforeAndAfterTheSandbox)
{
  std::string id = victim ();

  EXPECT_EQ (sandboxctl ({ "attach", "--profile=tracer", id, "--", "sh", "-c", "exit 9" }).status, 9);
  EXPECT_EQ (sandboxctl ({ "attach", id, "--profile", "tracer", "--", "sh", "-c", "exit 9" }).status, 9);
  EXPECT_EQ (sandboxctl ({ "exec", id, "--env=A=8", "--", "sh", "-c", "exit $A" }).status, 8);
  stop (id);
}

class AttachWithoutAuthority : public EitherBus {};
EITHER_BUS (AttachWithoutAuthority);

TEST_P (AttachWithoutAuthority, IsNotAuthorized)
{
  std::string id = launch_detached ({}, { "sleep", "1000" });

  EXPECT_TRUE (fails_with (sandboxctl ({ "attach", id, "--", "true" }), 125, { "org.example.Sandbox.attach" }));
  EXPECT_TRUE (eventually ([&] { return records ().size () == 1; })); /* what was prepared meanwhile */
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

TEST_P (AttachWithoutAuthority, NeitherWhenItSaysNo)
{
  start_authority (false);
  /* Everything is refused, the launch as well */
  EXPECT_TRUE (fails_with (run_in ({}, { "true" }), 125, {}));
  EXPECT_TRUE (eventually ([&] { return records ().empty (); })); /* what was prepared meanwhile */
}
