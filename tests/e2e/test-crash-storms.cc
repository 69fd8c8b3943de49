/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many crashes: in a row, at the same moment. */
#include <algorithm>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crash-stage.h"

using namespace e2e;

EITHER_BUS (Crash);

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
