/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --tty: a terminal of the sandbox's own, relayed. Without it: no way to type into the caller's. */
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "harness.h"

using namespace e2e;

class Tty : public EitherBus {
protected:
  Command
  on_terminal (const Argv &words)
  {
    Command result = command (words);

    result.terminal = true;
    return result;
  }
};
EITHER_BUS (Tty);

TEST_P (Tty, InsideIsATerminal)
{
  Process process (
      on_terminal ({ "run", "--tty", "--", "sh", "-c", "test -t 0 && test -t 1 && test -t 2 && tty; exit 3" }));
  Outcome outcome = process.wait ();

  EXPECT_EQ (outcome.status, 3) << outcome.out;
  EXPECT_NE (outcome.out.find ("/dev/"), std::string::npos) << outcome.out;
}

TEST_P (Tty, TheTerminalIsNotTheCallers)
{
  Process process (on_terminal ({ "run", "--tty", "--", "sh", "-c", "stat -Lc %t:%T:%i /proc/self/fd/0; sleep 1000" }));
  struct stat st;
  char identity[64];

  ASSERT_EQ (fstat (process.terminal (), &st), 0);
  ASSERT_TRUE (process.expect ("\n"));
  g_autofree char *slave = g_strdup (ptsname (process.terminal ()));
  ASSERT_EQ (stat (slave, &st), 0);
  snprintf (identity, sizeof identity, "%x:%x:%lu\r", major (st.st_rdev), minor (st.st_rdev), st.st_ino);
  EXPECT_EQ (process.out ().find (identity), std::string::npos) << process.out ();
  process.kill (SIGTERM);
  EXPECT_EQ (process.wait ().status, 128 + SIGTERM);
}

/* The letter of a process's state in its stat (proc(5)): T is stopped. A shell that has started a program by vfork(2),
 * and waits until that is there, is D still when both are. */
static char
state_of (pid_t pid)
{
  std::string stat = read_file ("/proc/" + std::to_string (pid) + "/stat");
  size_t close = stat.rfind (')');

  return close == std::string::npos ? '?' : stat[close + 2];
}

/* Whether the terminal is some job's of the shell that @shell is; @raw: and has been made raw. */
static bool
is_at_front (const Process &shell, bool raw)
{
  struct termios modes;

  return tcgetpgrp (shell.terminal ()) != shell.pid () && tcgetattr (shell.terminal (), &modes) == 0
         && (!raw || !(modes.c_lflag & ICANON));
}

/* ^Z under a shell with job control, fg and bg: with a terminal of its own and without, the application stops and goes
 * on with the job that it is. */
TEST_P (Tty, TheApplicationStopsWithItsCaller)
{
  for (const Argv &options : { Argv{ "run" }, Argv{ "run", "--tty" } }) {
    Command shell ({ "bash", "--norc", "-i" });
    Argv words = options;

    (void) command ({}); /* the bus */
    words.insert (words.end (), { "--", "sh", "-c", "echo be''gins; exec sleep 1000" });
    shell.terminal = true;
    shell.env["PS1"] = "$ ";
    Process process (shell);
    process.write (shell_quote (ctl (words)) + "\r");
    Record instance = new_instance ();
    EXPECT_TRUE (process.expect ("begins\r\n")) << process.out ();
    EXPECT_NE (state_of (instance.pid), 'T') << "the control";
    EXPECT_TRUE (eventually ([&] { return is_at_front (process, options.size () > 1); }));
    process.write ("\x1a"); /* ^Z */
    EXPECT_TRUE (process.expect ("Stopped")) << process.out ();
    EXPECT_TRUE (eventually ([&] { return state_of (instance.pid) == 'T'; })) << state_of (instance.pid);
    process.write ("bg\r");
    EXPECT_TRUE (eventually ([&] { return state_of (instance.pid) != 'T'; }));
    process.forget ();
    process.write ("echo the shell''s\r"); /* what is typed meanwhile is not the application's */
    EXPECT_TRUE (process.expect ("the shells")) << process.out ();
    EXPECT_NE (state_of (instance.pid), 'T');
    process.write ("fg\r");
    EXPECT_TRUE (eventually ([&] { return is_at_front (process, options.size () > 1); }));
    process.forget ();
    process.write ("\x1a");
    EXPECT_TRUE (process.expect ("Stopped")) << process.out ();
    EXPECT_TRUE (eventually ([&] { return state_of (instance.pid) == 'T'; }));
    process.write ("kill %1\r");
    EXPECT_TRUE (wait_for_state (instance.id, "exited"));
    EXPECT_TRUE (eventually ([&] { return descendants (process.pid ()).empty (); }));
  }
}

/* A live view, which leaves the terminal as it was. */
class Top : public Tty {
protected:
  static bool
  has (const Process &process, const std::string &text)
  {
    return process.out ().find (text) != std::string::npos;
  }
};
EITHER_BUS (Top);

TEST_P (Top, ShowsWhatRunsUntilQ)
{
  std::string id = launch_detached ({ "--app-id=org.example.Shown" }, { "sleep", "1000" });
  Command words = on_terminal ({ "top", "--delay=1" });
  struct termios during, after;

  words.env["TERM"] = "xterm";
  Process process (words);
  process.resize (6, 60);
  ASSERT_TRUE (process.expect ("\033[?1049h"));
  ASSERT_TRUE (process.expect ("org.example.Shown")) << process.out ();
  ASSERT_TRUE (process.expect ("quit"));
  ASSERT_EQ (tcgetattr (process.terminal (), &during), 0);
  EXPECT_EQ (during.c_lflag & (ICANON | ECHO), 0u);

  /* One that comes is shown, one that ends is not any more */
  std::string other = launch_detached ({ "--app-id=org.example.Later" }, { "sleep", "1000" });
  EXPECT_TRUE (process.expect ("org.example.Later"));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
  EXPECT_TRUE (eventually ([&] {
    process.forget ();
    return process.expect ("quit") && has (process, "Later") && !has (process, "Shown");
  }));
  process.write ("m");
  process.write ("q");
  EXPECT_EQ (process.wait ().status, 0);
  EXPECT_TRUE (has (process, "\033[?1049l"));
  ASSERT_EQ (tcgetattr (process.terminal (), &after), 0);
  EXPECT_EQ (after.c_lflag & (ICANON | ECHO), static_cast<tcflag_t> (ICANON | ECHO));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", other })));
}

TEST_P (Top, StopsTheOneWhoseIdIsTyped)
{
  std::string id = launch_detached ({ "--app-id=org.example.Ended" }, { "sleep", "1000" }),
              other = launch_detached ({ "--app-id=org.example.Kept" }, { "sleep", "1000" });
  Command words = on_terminal ({ "top", "--delay=3600" });

  words.env["TERM"] = "xterm";
  Process process (words);
  process.resize (12, 60);
  ASSERT_TRUE (process.expect ("?: help"));
  process.forget ();
  process.write ("?");
  ASSERT_TRUE (process.expect ("stop a sandbox")) << process.out ();
  process.forget ();
  process.write ("x"); /* any key leaves the help */
  ASSERT_TRUE (process.expect ("?: help")) << process.out ();
  process.write ("k");
  ASSERT_TRUE (process.expect ("ID: "));
  process.write (id.substr (0, 12) + "\033"); /* called off */
  ASSERT_TRUE (eventually ([&] {
    process.forget ();
    process.write ("c");
    return process.expect ("?: help");
  }));
  process.write ("k" + id.substr (0, 12) + "0\b\b" + id.substr (11, 1) + "\r");
  ASSERT_TRUE (process.expect ("is told to end")) << process.out ();
  EXPECT_TRUE (wait_for_state (id, "exited"));
  EXPECT_EQ (record (other).state, "running");
  process.write ("kzq"); /* what is no id calls it off */
  EXPECT_EQ (process.wait ().status, 0);
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", other })));
}

TEST_P (Top, PutsTheTerminalBackWhenItIsEnded)
{
  for (const auto &[signo, status] : std::map<int, int>{ { SIGINT, 0 }, { SIGTERM, 128 + SIGTERM } }) {
    Command words = on_terminal ({ "top" });
    struct termios after;

    words.env["TERM"] = "xterm";
    Process process (words);
    ASSERT_TRUE (process.expect ("quit")) << process.out ();
    process.kill (signo);
    EXPECT_EQ (process.wait ().status, status);
    EXPECT_TRUE (has (process, "\033[?1049l"));
    ASSERT_EQ (tcgetattr (process.terminal (), &after), 0);
    EXPECT_NE (after.c_lflag & ECHO, 0u);
  }
}

/* What would leave the terminal as a core dump or a stop leaves it. */
TEST_P (Top, NoKeyLeavesTheTerminalBehind)
{
  Command words = on_terminal ({ "top" });
  struct termios after;

  words.env["TERM"] = "xterm";
  Process process (words);
  ASSERT_TRUE (process.expect ("quit")) << process.out ();
  process.kill (SIGTSTP);
  process.kill (SIGQUIT);
  process.write ("\x1a"); /* ^Z */
  process.write ("\x1c"); /* ^\ */
  EXPECT_EQ (process.wait ().status, 0);
  EXPECT_TRUE (has (process, "\033[?1049l"));
  ASSERT_EQ (tcgetattr (process.terminal (), &after), 0);
  EXPECT_EQ (after.c_lflag & (ICANON | ECHO), static_cast<tcflag_t> (ICANON | ECHO));
}

TEST_P (Top, FollowsTheWindowAndTheArrows)
{
  const char *const names[] = { "org.example.First", "org.example.Second", "org.example.Third" };
  std::vector<std::string> ids;
  Command words = on_terminal ({ "top", "--sort=age", "--delay=3600" }); /* what is drawn is for a key or the window */

  for (const char *name : names)
    ids.push_back (launch_detached ({ "--app-id", name }, { "sleep", "1000" }));
  words.env["TERM"] = "xterm";
  Process process (words);
  ASSERT_TRUE (process.expect ("quit")) << process.out ();
  process.forget ();
  process.resize (5, 100); /* one row beside the four lines that are always there */
  ASSERT_TRUE (process.expect ("quit")) << process.out ();
  EXPECT_TRUE (has (process, "Third") && !has (process, "Second") && !has (process, "First")) << process.out ();
  process.forget ();
  process.write ("\033[B");
  ASSERT_TRUE (process.expect ("quit"));
  EXPECT_TRUE (has (process, "Second") && !has (process, "Third")) << process.out ();
  process.forget ();
  process.write ("\033[A");
  ASSERT_TRUE (process.expect ("quit"));
  EXPECT_TRUE (has (process, "Third") && !has (process, "Second")) << process.out ();
  process.forget ();
  process.resize (24, 100);
  ASSERT_TRUE (process.expect ("quit"));
  EXPECT_TRUE (has (process, "Third") && has (process, "Second") && has (process, "First")) << process.out ();
  process.write ("q");
  EXPECT_EQ (process.wait ().status, 0);
  for (const std::string &id : ids)
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

TEST_P (Top, NoColour)
{
  for (const char *value : { "", "1" }) {
    Command words = on_terminal ({ "top" });

    words.env["TERM"] = "xterm";
    words.env["NO_COLOR"] = value;
    Process process (words);
    ASSERT_TRUE (process.expect ("quit")) << process.out ();
    EXPECT_EQ (has (process, "\033[1m"), *value == '\0') << process.out ();
    process.write ("q");
    EXPECT_EQ (process.wait ().status, 0);
  }
}

TEST_P (Top, WithoutATerminal)
{
  EXPECT_TRUE (fails_with (sandboxctl ({ "top" }), 125, { "terminal", "--once" }));
  Command words = on_terminal ({ "top" });
  words.env["TERM"] = "dumb";
  EXPECT_EQ (run (words).status, 125);
  EXPECT_TRUE (fails_with (sandboxctl ({ "top", "--sort=colour" }), 125, { "cpu, memory or age" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "top", "--delay=0" }), 125, { "3600" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "top", "me" }), 125, { "show" }));
}

TEST_P (Top, Measures)
{
  std::string idle = launch_detached ({}, { "sleep", "1000" }),
              busy = launch_detached ({}, { "sh", "-c", "while :; do /bin/true; done" }),
              large = launch_detached ({}, { "python3", "-c",
                                             "import threading, time\nx = b'x' * 80000000\n"
                                             "threading.Thread(target=time.sleep, args=(1000,)).start()\n"
                                             "time.sleep(1000)" });
  std::map<std::string, std::map<std::string, double> > usage;

  EXPECT_TRUE (eventually ([&] {
    Json all = json ({ "top", "--json" });

    for (size_t i = 0; i < all.size (); i++)
      for (const char *key : { "memory", "tasks", "cpu-percent", "cpu-seconds" })
        usage[all[i]["id"].text ()][key] = all[i]["usage"][key].number ();
    return usage[large]["memory"] >= 80e6 && usage[large]["tasks"] == 2 && usage[busy]["cpu-percent"] > 0
           && usage[busy]["cpu-seconds"] >= 0.2;
  }));
  EXPECT_LT (usage[idle]["memory"], 20e6);
  EXPECT_EQ (usage[idle]["tasks"], 1);
  EXPECT_LT (usage[idle]["cpu-seconds"], usage[busy]["cpu-seconds"]);

  Outcome outcome = sandboxctl ({ "top", "--once", "--sort=memory" });
  ASSERT_TRUE (succeeds (outcome));
  EXPECT_LT (outcome.out.find (large), outcome.out.find (idle)) << outcome.out;
  EXPECT_EQ (outcome.out.find ('\033'), std::string::npos);
  for (const std::string &id : { idle, busy, large })
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

TEST_P (Tty, WindowSizeFollows)
{
  /* Not a shell's trap: a signal that comes while it runs may be lost */
  static const char script[] = "import os, signal\n"
                               "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGWINCH])\n"
                               "signal.signal(signal.SIGINT, signal.SIG_DFL)\n"
                               "while True:\n"
                               "    print('%d by %d' % os.get_terminal_size(), flush=True)\n"
                               "    signal.sigwait([signal.SIGWINCH])\n";
  Process process (on_terminal ({ "run", "--tty", "--", "python3", "-c", script }));

  EXPECT_TRUE (process.expect ("80 by 24")) << process.out ();
  process.resize (50, 132);
  EXPECT_TRUE (process.expect ("132 by 50")) << process.out ();
  process.resize (10, 20);
  EXPECT_TRUE (process.expect ("20 by 10")) << process.out ();
  process.write ("\x03"); /* ^C */
  EXPECT_EQ (process.wait ().status, 128 + SIGINT);
}

TEST_P (Tty, WhatIsTypedArrives)
{
  Process process (
      on_terminal ({ "run", "--tty", "--", "sh", "-c", "stty -echo; echo ready; read a b; echo \"<$b $a>\"" }));

  ASSERT_TRUE (process.expect ("ready"));
  process.write ("one two\r");
  EXPECT_TRUE (process.expect ("<two one>")) << process.out ();
  EXPECT_EQ (process.wait ().status, 0);
}

TEST_P (Tty, EndOfFileIsTyped)
{
  Process process (on_terminal ({ "run", "--tty", "--", "sh", "-c", "echo ready; cat; echo over" }));

  ASSERT_TRUE (process.expect ("ready"));
  process.write ("\x04");
  EXPECT_TRUE (process.expect ("over")) << process.out ();
  EXPECT_EQ (process.wait ().status, 0);
}

TEST_P (Tty, JobControl)
{
  Process process (on_terminal ({ "run", "--tty", "--env=PS1=$ ", "--", "bash", "--norc", "-i" }));

  ASSERT_TRUE (process.expect ("$ ")) << process.out ();
  EXPECT_EQ (process.out ().find ("no job control"), std::string::npos) << process.out ();
  process.write ("sleep 1000\r");
  ASSERT_TRUE (eventually ([] {
    for (const auto &p : descendants (getpid ()))
      if (p.name == "sleep")
        return true;
    return false;
  }));
  process.write ("\x1a"); /* ^Z */
  EXPECT_TRUE (process.expect ("Stopped")) << process.out ();
  process.forget ();
  process.write ("jobs\r");
  EXPECT_TRUE (process.expect ("sleep 1000")) << process.out ();
  process.forget ();
  process.write ("fg\r");
  EXPECT_TRUE (process.expect ("sleep 1000\r\n")) << process.out ();
  process.write ("\x03");
  EXPECT_TRUE (process.expect ("^C")) << process.out ();
  process.forget ();
  process.write ("echo status $?\r");
  EXPECT_TRUE (process.expect ("status 130")) << process.out ();
  process.write ("exit 19\r");
  EXPECT_EQ (process.wait ().status, 19) << process.out ();
}

/* However it ends, the caller's terminal is as it was. */
TEST_P (Tty, TheCallersTerminalIsPutBack)
{
  for (const char *end : { "exit 0", "kill -9 $$" }) {
    Command shell (
        { "sh", "-c",
          "stty -a >before; "
              + shell_quote (ctl ({ "run", "--tty", "--", "sh", "-c", std::string ("stty raw -echo; ") + end }))
              + "; stty -a >after; cmp before after" });
    (void) command ({}); /* the bus */
    shell.cwd = dir () + "/cache";
    shell.terminal = true;
    Outcome outcome = run (shell);
    EXPECT_EQ (outcome.status, 0) << outcome.out;
  }
}

TEST_P (Tty, TerminalHungUp)
{
  {
    Process process (on_terminal ({ "run", "--tty", "--", "sh", "-c", "echo ready; exec sleep 1000" }));

    ASSERT_TRUE (process.expect ("ready"));
    process.kill (SIGHUP);
    EXPECT_EQ (process.wait ().status, 128 + SIGHUP);
  }
  expect_nothing_left ();
}

/* --tty without a terminal outside: still one inside; the relay is a pipe. */
TEST_P (Tty, WithoutATerminalOutside)
{
  Outcome outcome = run_in ({ "--tty" }, { "sh", "-c", "test -t 1 && echo terminal; exit 8" });

  EXPECT_EQ (outcome.status, 8) << outcome.err;
  EXPECT_EQ (outcome.out, "terminal\r\n");
}

TEST_P (Tty, ExecOnATerminal)
{
  std::string id = launch_detached ({}, { "sleep", "1000" });
  Process process (on_terminal ({ "exec", "--tty", id, "--", "sh", "-c", "stty size; exit 14" }));
  Outcome outcome = process.wait ();

  EXPECT_EQ (outcome.status, 14);
  EXPECT_NE (outcome.out.find ("24 80"), std::string::npos) << outcome.out;
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
}

/* The caller's terminal as standard input, without --tty: nothing can be typed into it. */
TEST_P (Tty, CharactersCannotBePushedIntoTheCallersTerminal)
{
  Command probing = probe ({}, { "terminal" });

  probing.terminal = true;
  Process process (probing);
  Outcome outcome = process.wait ();
  ASSERT_EQ (outcome.status, 0) << outcome.out;
  Json seen = Json::parse (outcome.out.substr (outcome.out.find ('{')));
  EXPECT_TRUE (seen["isatty"].boolean ());
  for (const char *request : { "TIOCSTI", "TIOCSTI+high", "TIOCLINUX", "TIOCLINUX+high" })
    EXPECT_EQ (seen[request].text (), "EPERM") << request;
  EXPECT_NE (seen["/dev/tty"].text (), "OK") << "it has a controlling terminal";
}

TEST_P (Tty, NorIntoItsOwn)
{
  Command probing = probe ({ "--tty" }, { "terminal" });

  probing.terminal = true;
  Outcome outcome = run (probing);
  ASSERT_EQ (outcome.status, 0) << outcome.out;
  Json seen = Json::parse (outcome.out.substr (outcome.out.find ('{')));
  for (const char *request : { "TIOCSTI", "TIOCSTI+high", "TIOCLINUX", "TIOCLINUX+high" })
    EXPECT_EQ (seen[request].text (), "EPERM") << request;
  EXPECT_EQ (seen["/dev/tty"].text (), "OK");
  EXPECT_EQ (seen["rows"].number (), 24);
  EXPECT_EQ (seen["columns"].number (), 80);
}
