/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ordinary tools behave inside as they do outside. */
#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "harness.h"

using namespace e2e;

class Tools : public WithoutBus {
protected:
  std::string
  output (const Argv &words, const Argv &options = {})
  {
    Outcome outcome = run_in (options, words);

    EXPECT_TRUE (succeeds (outcome)) << shell_quote (words);
    return outcome.out;
  }
};

/* Starts a process that stays, and waits until it is the program and not the shell's copy any more. */
static const std::string SLEEP = "sleep 1000 & until [ \"$(cat /proc/$!/comm)\" = sleep ]; do :; done; ";

static std::vector<std::string>
lines (const std::string &text)
{
  std::istringstream stream (text);
  std::vector<std::string> result;
  std::string line;

  while (std::getline (stream, line))
    result.push_back (line);
  return result;
}

TEST_F (Tools, PsSeesItself)
{
  std::vector<std::string> seen = lines (output ({ "ps", "ax" }));

  ASSERT_EQ (seen.size (), 2u);
  EXPECT_NE (seen[0].find ("PID"), std::string::npos);
  EXPECT_NE (seen[1].find ("ps ax"), std::string::npos);
}

TEST_F (Tools, PsSeesChildrenWithTheirUserAndTimes)
{
  std::string seen = output ({ "sh", "-c", SLEEP + "ps -eo user,pid,ppid,stat,etime,time,args; kill $!" });

  EXPECT_NE (seen.find ("sleep 1000"), std::string::npos) << seen;
  EXPECT_NE (seen.find (std::string (getenv ("USER")).substr (0, 7)), std::string::npos) << seen;
  EXPECT_EQ (lines (seen).size (), 4u) << seen;
}

TEST_F (Tools, Top)
{
  std::string seen = output ({ "top", "-b", "-n", "1" });

  EXPECT_NE (seen.find ("Tasks:"), std::string::npos) << seen;
  EXPECT_NE (seen.find ("top"), std::string::npos) << seen;
}

TEST_F (Tools, Pstree)
{
  std::string seen = output ({ "sh", "-c", SLEEP + "pstree -p $$; kill $!" });

  EXPECT_NE (seen.find ("sh(2)"), std::string::npos) << seen;
  EXPECT_NE (seen.find ("sleep("), std::string::npos) << seen;
}

TEST_F (Tools, Pgrep)
{
  EXPECT_EQ (
      output ({ "sh", "-c",
                SLEEP + "test $(pgrep -x sleep) = $! && pkill -x sleep && wait $!; test $? -eq 143 && echo ended" }),
      "ended\n");
}

TEST_F (Tools, Lsof)
{
  std::string seen = output ({ "sh", "-c", "exec 3</etc/passwd; " + SLEEP + "lsof -w -p $!; kill $!" });

  EXPECT_NE (seen.find ("/etc/passwd"), std::string::npos) << seen;
}

TEST_F (Tools, Strace)
{
  std::string seen = output ({ "strace", "-f", "-o", "/dev/stdout", "sh", "-c", "sleep 0; echo traced" });

  EXPECT_NE (seen.find ("traced\n"), std::string::npos);
  EXPECT_NE (seen.find ("execve("), std::string::npos);
  EXPECT_NE (seen.find ("+++ exited with 0 +++"), std::string::npos);
}

TEST_F (Tools, StraceOfARunningProcess)
{
  std::string seen = output (
      { "sh", "-c",
        "sh -c 'while :; do sleep 0.05; done' & timeout -s INT 2 strace -f -p $! -o trace; kill $!; cat trace" });

  EXPECT_NE (seen.find ("execve(\"/usr/bin/sleep\""), std::string::npos) << seen;
}

TEST_F (Tools, GdbRunsAProgram)
{
  std::string seen =
      output ({ "gdb", "--batch", "-nx", "-ex", "starti", "-ex", "info registers rip", "-ex", "kill", "/usr/bin/env" });

  EXPECT_NE (seen.find ("rip "), std::string::npos) << seen;
  EXPECT_NE (seen.find ("killed]"), std::string::npos) << seen;
}

TEST_F (Tools, GdbAttaches)
{
  std::string seen = output ({ "sh", "-c",
                               SLEEP
                                   + "gdb --batch -nx -p $! -ex 'info registers rip' -ex 'info proc mappings' "
                                     "-ex detach 2>&1; kill $!" });

  EXPECT_NE (seen.find ("rip "), std::string::npos) << seen;
  EXPECT_NE (seen.find ("/usr/bin/sleep"), std::string::npos) << seen;
}

TEST_F (Tools, Python)
{
  EXPECT_EQ (output ({ "python3", "-c",
                       "import os,subprocess,multiprocessing as m,tempfile\n"
                       "print(subprocess.run(['echo','sub'],capture_output=True,text=True).stdout.strip())\n"
                       "with m.Pool(2) as p: print(p.map(abs,[-1,-2]))\n"
                       "print(tempfile.mkdtemp().startswith('/tmp/'))\n"
                       "print(os.cpu_count()>0)\n" }),
             "sub\n[1, 2]\nTrue\nTrue\n");
}

TEST_F (Tools, Bash)
{
  EXPECT_EQ (
      output ({ "bash", "-c",
                "cat <(echo one) <(echo two); coproc cat; echo x >&${COPROC[1]}; read -u ${COPROC[0]} y; echo $y" }),
      "one\ntwo\nx\n");
}

TEST_F (Tools, DeviceFiles)
{
  EXPECT_EQ (output ({ "sh", "-c",
                       "echo x >/dev/null; head -c 4 /dev/zero | od -An -tx1; head -c 8 /dev/urandom | wc -c; ls -d "
                       "/dev/shm /dev/pts /dev/ptmx" }),
             " 00 00 00 00\n8\n/dev/ptmx\n/dev/pts\n/dev/shm\n");
}

/* The rest of /proc is there for those who read it. */
TEST_F (Tools, ProcFiles)
{
  std::string cpuinfo = output ({ "cat", "/proc/cpuinfo" });

  EXPECT_NE (cpuinfo.find ("processor"), std::string::npos);
  EXPECT_EQ (run_in ({}, { "sh", "-c",
                           "cat /proc/meminfo /proc/uptime /proc/loadavg /proc/stat /proc/filesystems "
                           "/proc/sys/kernel/osrelease >/dev/null" })
                 .status,
             0);
}

/* A browser's own sandbox makes a procfs of its own, which the kernel allows only where a whole one is to be seen. */
TEST_F (Tools, NestedBwrapInABrowser)
{
  Argv browser = { "--profile=browser", "--app-id=org.example.Nested" };
  std::string seen = output ({ "bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-all",
                               "--", "ps", "-eo", "pid=,args=" },
                             browser);

  EXPECT_NE (seen.find ("ps -eo"), std::string::npos) << seen;
  EXPECT_LE (lines (seen).size (), 2u) << seen;
  seen = output ({ "unshare", "-Ur", "--pid", "--fork", "--mount-proc", "ps", "-eo", "pid=,args=" }, browser);
  EXPECT_EQ (lines (seen).size (), 1u) << seen;
}

TEST_F (Tools, NestedBwrapIsRefusedElsewhere)
{
  Outcome outcome = run_in ({}, { "bwrap", "--ro-bind", "/", "/", "--", "true" });

  EXPECT_NE (outcome.status, 0);
  EXPECT_FALSE (outcome.err.empty ());
  EXPECT_NE (run_in ({}, { "unshare", "-U", "true" }).status, 0);
}

TEST_F (Tools, NamesAreResolvedLocally)
{
  EXPECT_EQ (output ({ "getent", "passwd", std::to_string (getuid ()) }).find (std::string (getenv ("USER")) + ":"),
             0u);
  EXPECT_NE (output ({ "getent", "hosts", "localhost" }).find ("localhost"), std::string::npos);
}

TEST_F (Tools, LocaleAndTimeZone)
{
  EXPECT_NE (output ({ "locale", "charmap" }).find ("UTF-8"), std::string::npos);
  Command outside ({ "date", "+%Z" });
  EXPECT_EQ (output ({ "date", "+%Z" }), run (outside).out);
}

/* In columns of a terminal: none of the help's characters is a wide one. */
static long
columns (const std::string &line)
{
  return std::count_if (line.begin (), line.end (), [] (char c) { return (c & 0xc0) != 0x80; });
}

TEST_F (Tools, HelpFitsIntoEightyColumns)
{
  for (const char *verb : { "run", "exec", "attach", "ps", "top", "show", "stop", "kill", "wait", "explain", "profile",
                            "desktop", "crashes", "doctor" }) {
    Outcome help = sandboxctl ({ verb, "--help" });

    EXPECT_TRUE (succeeds (help)) << verb;
    EXPECT_GE (lines (help.out).size (), 8u) << help.out;
    for (const std::string &line : lines (help.out))
      EXPECT_LE (columns (line), 80) << verb << ": " << line;
    EXPECT_EQ (sandboxctl ({ "help", verb }).out, help.out);
  }
  EXPECT_TRUE (fails_with (sandboxctl ({ "help", "frobnicate" }), 125, { "frobnicate" }));
}

TEST_F (Tools, DoctorSaysWhatAMissingAuthorityCosts)
{
  EXPECT_NE (sandboxctl ({ "doctor" }).out.find ("install polkit"), std::string::npos);
}
