/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OnCrash=: a handler before the end, and the end as it would have been. */
#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

using namespace e2e;

namespace fs = std::filesystem;

/* Profiles as an administrator would have them: what they name needs no authority. */
class Crash : public EitherBus {
protected:
  void
  SetUp () override
  {
    EitherBus::SetUp ();
    if (HasFatalFailure ())
      return;
    add_profile ("fragile", "[Profile]\nInherits=default\nOnCrash=dumper\n");
    with_handler ("true");
  }
  /* The profile "watched", whose crashes run @script. */
  void
  with_handler (const std::string &script)
  {
    write_file (dir () + "/handler.sh", script + "\n", 0755);
    add_profile ("watcher", "[Profile]\nInherits=tracer\nCommand=sh " + dir () + "/handler.sh\n[Context]\nfilesystems="
                                + dir () + "/handler.sh:ro;" + dir () + "/out:rw;\n");
    add_profile ("watched", "[Profile]\nInherits=default\nOnCrash=watcher\n");
    fs::create_directories (dir () + "/out");
  }
  std::string
  store () const
  {
    return dir () + "/state/sandbox/crashes";
  }
  std::vector<std::string>
  crashes () const
  {
    std::vector<std::string> names;
    std::error_code none;

    for (const auto &entry : fs::directory_iterator (store (), none))
      names.push_back (entry.path ().filename ());
    return names;
  }
  Json
  about (const std::string &id, const std::string &name = "crash.json")
  {
    return Json::parse (read_file (store () + "/" + id + "/" + name));
  }
  /* With "handler", which is written last. */
  Json
  finished (const std::string &id)
  {
    EXPECT_TRUE (eventually ([&] { return about (id).has ("handler"); }));
    return about (id);
  }
};
EITHER_BUS (Crash);

static Argv
die_of (int signo)
{
  return { "sh", "-c", "kill -" + std::to_string (signo) + " $$" };
}

TEST_P (Crash, AReportIsWrittenAndTheStatusIsTheSame)
{
  EXPECT_EQ (run_in ({ "--profile=fragile", "--app-id=org.example.Fragile" }, die_of (SIGSEGV)).status, 128 + SIGSEGV);
  ASSERT_EQ (crashes ().size (), 1u);
  std::string id = crashes ()[0];
  struct stat st;
  ASSERT_EQ (stat ((store () + "/" + id).c_str (), &st), 0);
  EXPECT_EQ (st.st_mode & 07777, 0700u);

  Json crash = finished (id);
  EXPECT_EQ (crash["app-id"].text (), "org.example.Fragile");
  EXPECT_EQ (read_file (store () + "/" + id + "/app-id"), "org.example.Fragile");
  EXPECT_EQ (crash["signal"].number (), SIGSEGV);
  EXPECT_EQ (crash["handler"]["code"].number (), 0);
  Json report = about (id, "report.json");
  EXPECT_EQ (report["crash"]["signal"].number (), SIGSEGV);
  EXPECT_EQ (report["command"][0].text (), "sh");
  ASSERT_EQ (report["threads"].size (), 1u);
  Json thread = report["threads"][0];
  EXPECT_EQ (thread["tid"].number (), crash["tid"].number ());
  ASSERT_GE (thread["frames"].size (), 2u);
  EXPECT_NE (thread["frames"][0]["module"].text ().find ("libc"), std::string::npos);
  EXPECT_EQ (thread["frames"][0]["symbol"].text ().substr (0, 4), "kill");
  EXPECT_EQ (thread["frames"][0]["build-id"].text ().size (), 40u);
  EXPECT_NE (report["packages"][thread["frames"][0]["module"].text ()].text ().find ("libc6"), std::string::npos);
  EXPECT_GT (report["mappings"].size (), 5u);
  EXPECT_TRUE (thread["registers"].is_object ());
  EXPECT_EQ (read_file (store () + "/" + id + "/core").substr (1, 3), "ELF");

  Outcome shown = sandboxctl ({ "crashes", "show", id });
  EXPECT_NE (shown.out.find ("Segmentation fault"), std::string::npos) << shown.out;
  EXPECT_NE (shown.out.find ("kill"), std::string::npos) << shown.out;
  EXPECT_EQ (json ({ "crashes", "list", "--json" })[0]["id"].text (), id);
  EXPECT_TRUE (succeeds (sandboxctl ({ "crashes", "remove", id })));
  EXPECT_TRUE (crashes ().empty ());
  EXPECT_TRUE (fails_with (sandboxctl ({ "crashes", "show", id }), 125, { id, "crashes list" }));
  Outcome none = sandboxctl ({ "crashes" });
  EXPECT_EQ (none.status, 0);
  EXPECT_EQ (none.out, "");
  EXPECT_NE (none.err.find ("no crashes"), std::string::npos) << none.err;
  EXPECT_EQ (json ({ "crashes", "list", "--json" }).size (), 0u);
  EXPECT_TRUE (fails_with (sandboxctl ({ "crashes", "remove", "../.." }), 125, { "no crash" }));
}

TEST_P (Crash, EverySignalThatDumpsCore)
{
  static const int all[] = { SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS };
  size_t n = 0;

  for (int signo : all) {
    EXPECT_EQ (run_in ({ "--profile=watched" }, die_of (signo)).status, 128 + signo);
    EXPECT_EQ (crashes ().size (), ++n) << signo;
  }
  for (int signo : { SIGTERM, SIGKILL, SIGINT, SIGUSR1 })
    EXPECT_EQ (run_in ({ "--profile=watched" }, die_of (signo)).status, 128 + signo);
  EXPECT_EQ (run_in ({ "--profile=watched" }, { "sh", "-c", "exit 3" }).status, 3);
  EXPECT_EQ (crashes ().size (), n);
}

/* A filter that the application has put on itself. From Linux 5.16 nobody can stop what such a filter kills
 * (SA_IMMUTABLE, kernel/signal.c): it has no handler then, and dies as it would. What a filter only refuses by a signal
 * has one. */
TEST_P (Crash, AFilterOfItsOwn)
{
  const std::string filter =
      "import ctypes, struct, sys\nlibc = ctypes.CDLL(None)\n"
      "call = libc.getppid\nnumber = {'x86_64': 110}.get(__import__('os').uname().machine, 173)\n"
      "rules = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (6, 0, 0, int(sys.argv[1], 16)), (6, 0, 0, "
      "0x7fff0000)]\n"
      "text = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *r) for r in rules))\n"
      "prog = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', 4, ctypes.addressof(text)))\n"
      "assert libc.prctl(22, 2, prog, 0, 0) == 0\ncall()\n";
  const char *kill = "80000000", *trap = "30000"; /* linux/seccomp.h */
  struct utsname kernel;
  int major = 0, minor = 0;

  ASSERT_EQ (uname (&kernel), 0);
  ASSERT_EQ (sscanf (kernel.release, "%d.%d", &major, &minor), 2);
  EXPECT_EQ (run_in ({ "--profile=watched" }, { "python3", "-c", filter, kill }).status, 128 + SIGSYS);
  EXPECT_EQ (crashes ().size (), major > 5 || (major == 5 && minor >= 16) ? 0u : 1u);
  EXPECT_EQ (run_in ({ "--profile=watched" }, { "python3", "-c", filter, trap }).status, 128 + SIGSYS);
  EXPECT_EQ (crashes ().size (), major > 5 || (major == 5 && minor >= 16) ? 1u : 2u);
}

/* Whose reports make room is by what the service has written, not by what a handler has. */
TEST_P (Crash, AHandlerThatNamesAnotherApplication)
{
  with_handler ("echo org.example.Other >app-id && cp app-id " + dir () + "/out/");
  EXPECT_EQ (run_in ({ "--profile=watched", "--app-id=org.example.Watched" }, die_of (SIGSEGV)).status, 128 + SIGSEGV);
  ASSERT_EQ (crashes ().size (), 1u);
  EXPECT_TRUE (eventually ([&] { return read_file (dir () + "/out/app-id") == "org.example.Other\n"; }));
  EXPECT_TRUE (
      eventually ([&] { return read_file (store () + "/" + crashes ()[0] + "/app-id") == "org.example.Watched"; }));
}

TEST_P (Crash, AFaultIsAFault)
{
  Outcome outcome = run_in ({ "--profile=fragile" }, { "python3", "-c", "import ctypes; ctypes.string_at(64)" });

  EXPECT_EQ (outcome.status, 128 + SIGSEGV) << outcome.err;
  ASSERT_EQ (crashes ().size (), 1u);
  EXPECT_EQ (finished (crashes ()[0])["address"].text (), "0x40");
}

TEST_P (Crash, TheParentSeesItsChildDieAsItWould)
{
  Outcome outcome = run_in ({ "--profile=watched" }, { "python3", "-c",
                                                       "import os, signal\n"
                                                       "pid = os.fork()\n"
                                                       "if pid == 0: os.kill(os.getpid(), signal.SIGBUS)\n"
                                                       "pid, status = os.waitpid(pid, 0)\n"
                                                       "print(os.WIFSIGNALED(status), os.WTERMSIG(status))" });

  EXPECT_EQ (outcome.out, "True " + std::to_string (SIGBUS) + "\n") << outcome.err;
  EXPECT_EQ (outcome.status, 0);
  EXPECT_EQ (crashes ().size (), 1u);
}

TEST_P (Crash, TheHandlerIsToldAndTheProcessIsStopped)
{
  with_handler ("env | grep ^SANDBOX_ | sort; grep ^State /proc/$SANDBOX_CRASH_PID/status; cat <&3");
  EXPECT_EQ (run_in ({ "--profile=watched" }, die_of (SIGFPE)).status, 128 + SIGFPE);
  ASSERT_EQ (crashes ().size (), 1u);
  finished (crashes ()[0]);
  std::string log = read_file (store () + "/" + crashes ()[0] + "/handler.log");
  for (const char *word : { "SANDBOX_CRASH_SIGNAL=8\n", "SANDBOX_CRASH_PID=2\n", "SANDBOX_CRASH_TID=2\n",
                            "SANDBOX_CRASH_ADDRESS=0x", "SANDBOX_CRASH_TIME=", "SANDBOX_CRASH_DIR=/run/sandbox/crash\n",
                            "SANDBOX_TARGET_PID=2\n", "State:\tT (stopped)", "\"signal\" : 8" })
    EXPECT_NE (log.find (word), std::string::npos) << word << " is not in\n" << log;
}

TEST_P (Crash, TheApplicationsOwnHandlerComesFirst)
{
  Outcome outcome =
      run_in ({ "--profile=watched" }, { "python3", "-c",
                                         "import os, signal\n"
                                         "signal.signal(signal.SIGSEGV, lambda *a: print('mine', flush=True))\n"
                                         "os.kill(os.getpid(), signal.SIGSEGV)\n"
                                         "signal.signal(signal.SIGABRT, signal.SIG_IGN)\n"
                                         "os.kill(os.getpid(), signal.SIGABRT)\n"
                                         "print('alive')" });

  EXPECT_EQ (outcome.out, "mine\nalive\n") << outcome.err;
  EXPECT_TRUE (crashes ().empty ());
  /* One that writes its report and then lets the default happen: both get their turn */
  outcome = run_in ({ "--profile=watched" },
                    { "python3", "-X", "faulthandler", "-c", "import os; os.kill(os.getpid(), 11)" });
  EXPECT_EQ (outcome.status, 128 + SIGSEGV);
  EXPECT_NE (outcome.err.find ("Fatal Python error"), std::string::npos) << outcome.err;
  EXPECT_EQ (crashes ().size (), 1u);
}

/* The image that it had is gone, the new one cannot be there: the kernel has nothing left but SIGSEGV. */
TEST_P (Crash, InTheMiddleOfExec)
{
  static const char make[] =
      "import os, struct\n"
      "def phdr(flags, offset, at, size): return struct.pack('<IIQQQQQQ', 1, flags, offset, at, at,"
      " size, size, 4096)\n"
      "ehdr = b'\\x7fELF\\2\\1\\1' + bytes(9) + struct.pack('<HHIQQQIHHHHHH', 2, 62, 1, 0x400000, 64,"
      " 0, 0, 64, 56, 2, 0, 0, 0)\n"
      "image = ehdr + phdr(5, 0, 0x400000, 176) + phdr(5, 4096, 0x700000000000000, 4096)\n"
      "fd = os.open('image', os.O_CREAT | os.O_WRONLY, 0o755)\n"
      "os.write(fd, image + bytes(8192 - len(image)))\n"
      "os.close(fd)\n";
  Outcome outcome =
      run_in ({ "--profile=watched" }, { "python3", "-c", std::string (make) + "os.execv('image', ['x'])" });

  EXPECT_EQ (outcome.status, 128 + SIGSEGV) << outcome.err;
  ASSERT_EQ (crashes ().size (), 1u);
  EXPECT_EQ (finished (crashes ()[0])["signal"].number (), SIGSEGV);
  /* The parent of one by vfork(2) hears of it, and goes on */
  outcome = run_in ({ "--profile=watched" },
                    { "python3", "-c", std::string (make) + "import subprocess\nprint(subprocess.call(['./image']))" });
  EXPECT_EQ (outcome.out, "-11\n") << outcome.err;
  EXPECT_EQ (crashes ().size (), 2u);
}

/* One thread replaces the process while another one brings it down: whichever is first, it ends. */
TEST_P (Crash, BesideExec)
{
  Outcome outcome =
      run_in ({ "--profile=watched" }, { "python3", "-c",
                                         "import ctypes, os, threading, time\n"
                                         "def die():\n"
                                         "  ready.wait()\n"
                                         "  ctypes.string_at(64)\n"
                                         "def become():\n"
                                         "  ready.wait()\n"
                                         "  os.execv('/bin/true', ['true'])\n"
                                         "seen = set()\n"
                                         "for i in range(40):\n"
                                         "  pid = os.fork()\n"
                                         "  if pid == 0:\n"
                                         "    ready = threading.Barrier(2)\n"
                                         "    for f in (die, become): threading.Thread(target=f).start()\n"
                                         "    time.sleep(60)\n"
                                         "    os._exit(1)\n"
                                         "  seen.add(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n"
                                         "print(seen <= {0, -11}, *seen)" });

  EXPECT_EQ (outcome.out.substr (0, 4), "True") << outcome.out << outcome.err;
  EXPECT_EQ (outcome.status, 0);
}

/* The signal is blocked while its handler runs: the kernel then does what the default is. */
TEST_P (Crash, InASignalHandler)
{
  Outcome outcome = run_in ({ "--profile=watched" },
                            { "python3", "-c",
                              "import ctypes\n"
                              "libc = ctypes.CDLL(None)\n"
                              "libc.signal(11, ctypes.cast(libc.strlen, ctypes.c_void_p))\n" /* strlen (11) faults */
                              "ctypes.string_at(64)" });

  EXPECT_EQ (outcome.status, 128 + SIGSEGV) << outcome.err;
  EXPECT_EQ (crashes ().size (), 1u);
}

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

TEST_P (Crash, TwoHundredInARow)
{
  add_profile ("quick", "[Profile]\nInherits=tracer\nCommand=true\n");
  add_profile ("watched", "[Profile]\nInherits=default\nOnCrash=quick\n");
  Outcome outcome = run_in ({ "--profile=watched" }, { "python3", "-c",
                                                       "import os, signal\n"
                                                       "n = 0\n"
                                                       "for i in range(200):\n"
                                                       "  pid = os.fork()\n"
                                                       "  if pid == 0: os.kill(os.getpid(), signal.SIGSEGV)\n"
                                                       "  n += os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGSEGV\n"
                                                       "print(n)" });

  EXPECT_EQ (outcome.out, "200\n") << outcome.err;
  EXPECT_EQ (outcome.status, 0);
  EXPECT_LE (crashes ().size (), 33u); /* the oldest make room */
  EXPECT_GE (crashes ().size (), 31u);
}

/* The first ones have a handler; all die as they would. */
TEST_P (Crash, AStormHasFewHandlers)
{
  with_handler ("echo called >>" + dir () + "/out/called");
  Outcome outcome = run_in ({ "--profile=watched" }, { "python3", "-c",
                                                       "import os, signal\n"
                                                       "n = 0\n"
                                                       "for i in range(330):\n"
                                                       "  pid = os.fork()\n"
                                                       "  if pid == 0: os.kill(os.getpid(), signal.SIGSEGV)\n"
                                                       "  n += os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGSEGV\n"
                                                       "print(n)" });
  std::string called = read_file (dir () + "/out/called");

  EXPECT_EQ (outcome.out, "330\n") << outcome.err;
  EXPECT_GE (std::count (called.begin (), called.end (), '\n'), 128);
  EXPECT_LT (std::count (called.begin (), called.end (), '\n'), 300);
}

TEST_P (Crash, ManyAtTheSameMoment)
{
  add_profile ("quick", "[Profile]\nInherits=tracer\nCommand=true\n");
  add_profile ("watched", "[Profile]\nInherits=default\nOnCrash=quick\n");
  Outcome outcome = run_in ({ "--profile=watched" },
                            { "python3", "-c",
                              "import os, signal\n"
                              "pids = []\n"
                              "for i in range(40):\n"
                              "  pid = os.fork()\n"
                              "  if pid == 0: os.kill(os.getpid(), signal.SIGSEGV)\n"
                              "  pids.append(pid)\n"
                              "print(sum(os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGSEGV for pid in pids))" });

  EXPECT_EQ (outcome.out, "40\n") << outcome.err;
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

TEST_P (Crash, SixtyFourBusyThreads)
{
  add_profile ("report", "[Profile]\nInherits=dumper\nCommand=/run/sandbox/sandbox-dump\n"); /* without a core */
  add_profile ("watched", "[Profile]\nInherits=default\nOnCrash=report\n");
  Outcome outcome =
      run_in ({ "--profile=watched" },
              { "python3", "-c",
                "import threading, ctypes, time, hashlib\n"
                "def spin():\n"
                "  hashlib.pbkdf2_hmac('sha256', b'x', b'y', 1 << 30)\n" /* without the interpreter's lock */
                "for i in range(63): threading.Thread(target=spin, daemon=True).start()\n"
                "time.sleep(0.2)\n"
                "ctypes.string_at(64)" });

  EXPECT_EQ (outcome.status, 128 + SIGSEGV) << outcome.err;
  ASSERT_EQ (crashes ().size (), 1u);
  finished (crashes ()[0]);
  EXPECT_EQ (about (crashes ()[0], "report.json")["threads"].size (), 64u);
}

/* PID 1's only child: nothing else keeps the instance alive meanwhile. */
TEST_P (Crash, ItWorksWithoutAPlaceToWriteTo)
{
  write_file (dir () + "/state/sandbox", "in the way");
  with_handler ("echo called >" + dir () + "/out/called");
  EXPECT_EQ (run_in ({ "--profile=watched" }, die_of (SIGSEGV)).status, 128 + SIGSEGV);
  EXPECT_EQ (read_file (dir () + "/out/called"), "called\n");
}

TEST_P (Crash, StopAndContinueStillWork)
{
  Outcome outcome = run_in ({ "--profile=watched" },
                            { "sh", "-c", "sleep 0.3 & kill -STOP $!; kill -CONT $!; wait $!; echo $?; exit 4" });

  EXPECT_EQ (outcome.out, "0\n") << outcome.err;
  EXPECT_EQ (outcome.status, 4);
}

/* Its number is another one there, where it may be that of somebody else. */
TEST_P (Crash, BelowAPidNamespaceOfTheApplication)
{
  with_handler ("grep -e ^Name -e ^State /proc/$SANDBOX_CRASH_PID/status; ls /proc/$SANDBOX_CRASH_PID/task");
  add_profile ("watched", "[Profile]\nInherits=default\nOnCrash=watcher\n[Context]\nfeatures=userns;\n");
  Outcome outcome = run_in ({ "--profile=watched" }, { "unshare", "--user", "--map-root-user", "--pid", "--fork", "sh",
                                                       "-c", "python3 -c 'import os; os.abort()'; echo $?" });

  EXPECT_EQ (outcome.out, std::to_string (128 + SIGABRT) + "\n") << outcome.err;
  ASSERT_EQ (crashes ().size (), 1u);
  finished (crashes ()[0]);
  std::string log = read_file (store () + "/" + crashes ()[0] + "/handler.log");
  EXPECT_EQ (log.find ("Name:\tpython3\nState:\tT (stopped)\n"), 0u) << log;
}

/* The second one's signal is not the end before the handler of the first has come. */
TEST_P (Crash, AllThreadsAtTheSameMoment)
{
  with_handler ("grep ^State /proc/$SANDBOX_CRASH_PID/status");
  Outcome outcome =
      run_in ({ "--profile=watched" },
              { "python3", "-c",
                "import ctypes, os, signal, threading, time\n"
                "libc = ctypes.CDLL(None)\n"
                "r, w = os.pipe()\n"
                "pid = os.fork()\n"
                "if pid == 0:\n"
                "  for i in range(15): threading.Thread(target=time.sleep, args=(100,), daemon=True).start()\n"
                "  os.write(w, b' '.join(b'%d' % t.native_id for t in threading.enumerate()))\n"
                "  while True: time.sleep(100)\n"
                "tids = [int(t) for t in os.read(r, 4096).split()]\n"
                "os.kill(pid, signal.SIGSTOP)\n"
                "os.waitpid(pid, os.WUNTRACED)\n"
                "for t in tids: libc.tgkill(pid, t, int(signal.SIGSEGV))\n"
                "os.kill(pid, signal.SIGCONT)\n"
                "status = os.waitpid(pid, 0)[1]\n"
                "print(len(tids), os.WIFSIGNALED(status) and os.WTERMSIG(status))" });

  EXPECT_EQ (outcome.out, "16 " + std::to_string (SIGSEGV) + "\n") << outcome.err;
  ASSERT_EQ (crashes ().size (), 1u);
  finished (crashes ()[0]);
  EXPECT_EQ (read_file (store () + "/" + crashes ()[0] + "/handler.log"), "State:\tT (stopped)\n");
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

TEST_P (Crash, RefusesWhatCannotWork)
{
  EXPECT_TRUE (fails_with (run_in ({ "--profile=browser", "--on-crash=dumper" }, { "true" }), 125, { "OnCrash=own" }));
  EXPECT_TRUE (fails_with (run_in ({ "--on-crash=no-such" }, { "true" }), 125, { "no-such" }));
  EXPECT_TRUE (fails_with (run_in ({ "--on-crash=desktop" }, { "true" }), 125, { "desktop", "Command=" }));
  /* It is not of the profile's choosing, and there is nobody to ask */
  EXPECT_TRUE (fails_with (run_in ({ "--on-crash=dumper" }, { "true" }), 125, { "org.example.Sandbox.attach" }));
  EXPECT_EQ (run_in ({ "--profile=fragile", "--on-crash=none" }, die_of (SIGSEGV)).status, 128 + SIGSEGV);
  EXPECT_TRUE (crashes ().empty ());
}

TEST_P (Crash, ByOptionIfTheAuthorityAgrees)
{
  start_authority (true);
  EXPECT_EQ (run_in ({ "--on-crash=dumper" }, die_of (SIGSEGV)).status, 128 + SIGSEGV);
  EXPECT_EQ (crashes ().size (), 1u);
}

/* A portal in this process: what the service asks of it, and a user who presses the button. */
class CrashOnBus : public OnBus {
protected:
  struct Asked {
    std::string id, title, body, opened;
    bool looked_at = false; /* the caller's root, as portals do to tell who it is */
  };

  void
  serve_portal ()
  {
    static const char xml[] =
        "<node><interface name='org.freedesktop.portal.Notification'>"
        "<method name='AddNotification'><arg type='s' direction='in'/>"
        "<arg type='a{sv}' direction='in'/></method></interface>"
        "<interface name='org.freedesktop.portal.OpenURI'>"
        "<method name='OpenDirectory'><arg type='s' direction='in'/><arg type='h' direction='in'/>"
        "<arg type='a{sv}' direction='in'/><arg type='o' direction='out'/></method>"
        "</interface></node>";
    static const GDBusInterfaceVTable vtable = { on_call, nullptr, nullptr, {} };
    g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, nullptr);

    for (int i = 0; i < 2; i++)
      ASSERT_NE (g_dbus_connection_register_object (connection (), "/org/freedesktop/portal/desktop",
                                                    node->interfaces[i], &vtable, &asked_, nullptr, nullptr),
                 0u);
    g_autoptr (GVariant) reply =
        g_dbus_connection_call_sync (connection (), "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName",
                                     g_variant_new ("(su)", "org.freedesktop.portal.Desktop", 0), nullptr,
                                     G_DBUS_CALL_FLAGS_NONE, -1, nullptr, nullptr);
    ASSERT_NE (reply, nullptr);
  }
  static bool
  can_look_at (GDBusConnection *connection, const char *sender)
  {
    g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
        connection, "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetConnectionUnixProcessID",
        g_variant_new ("(s)", sender), G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, nullptr, nullptr);
    guint32 pid = 0;

    if (reply)
      g_variant_get (reply, "(u)", &pid);
    Fd fd (open (("/proc/" + std::to_string (pid) + "/root").c_str (), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return fd.get () >= 0;
  }
  static void
  on_call (GDBusConnection *connection, const char *, const char *, const char *, const char *method,
           GVariant *parameters, GDBusMethodInvocation *invocation, gpointer data)
  {
    auto *asked = static_cast<Asked *> (data);
    const char *id, *title = "", *body = "";

    asked->looked_at = can_look_at (connection, g_dbus_method_invocation_get_sender (invocation));
    if (std::string (method) == "OpenDirectory") {
      GUnixFDList *fds = g_dbus_message_get_unix_fd_list (g_dbus_method_invocation_get_message (invocation));
      Fd fd (g_unix_fd_list_get (fds, 0, nullptr));
      g_autofree char *link = g_file_read_link (("/proc/self/fd/" + std::to_string (fd.get ())).c_str (), nullptr);

      asked->opened = link ? link : "";
      g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", "/org/freedesktop/portal/desktop/r"));
      return;
    }
    g_autoptr (GVariant) about = g_variant_get_child_value (parameters, 1);
    g_variant_get_child (parameters, 0, "&s", &id);
    g_variant_lookup (about, "title", "&s", &title);
    g_variant_lookup (about, "body", "&s", &body);
    asked->id = id;
    asked->title = title;
    asked->body = body;
    g_dbus_method_invocation_return_value (invocation, nullptr);
    g_dbus_connection_emit_signal (connection, nullptr, "/org/freedesktop/portal/desktop",
                                   "org.freedesktop.portal.Notification", "ActionInvoked",
                                   g_variant_new ("(ssav)", asked->id.c_str (), "open-folder", nullptr), nullptr);
  }
  bool
  wait_until (const std::function<bool ()> &holds)
  {
    return eventually ([&] {
      while (g_main_context_iteration (nullptr, FALSE))
        ;
      return holds ();
    });
  }
  Asked asked_;
};

TEST_F (CrashOnBus, TheUserIsTold)
{
  serve_portal ();
  add_profile ("fragile", "[Profile]\nInherits=default\nOnCrash=dumper\n");
  EXPECT_EQ (run_in ({ "--profile=fragile", "--app-id=org.example.Fragile" }, die_of (SIGSEGV)).status, 128 + SIGSEGV);
  EXPECT_TRUE (wait_until ([&] { return !asked_.id.empty (); }));
  EXPECT_NE (asked_.body.find ("org.example.Fragile"), std::string::npos) << asked_.body;
  EXPECT_TRUE (wait_until ([&] { return !asked_.opened.empty (); }));
  EXPECT_EQ (asked_.opened.find (dir () + "/state/sandbox/crashes/"), 0u) << asked_.opened;
  EXPECT_TRUE (asked_.looked_at) << "portals refuse whom they may not look at";
  /* … for as long as it asks, and no longer */
  ASSERT_EQ (services ().size (), 1u);
  EXPECT_TRUE (wait_until (
      [&] { return access (("/proc/" + std::to_string (services ()[0]) + "/root/").c_str (), X_OK) != 0; }));
}
