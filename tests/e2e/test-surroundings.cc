/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is around the caller is around the application: what a process inherits, the directory it is in, the machine. */
#include <csignal>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

using namespace e2e;

namespace {

struct Inherited {
  const char *name, *set, *look;
};

/* Shell words that change something of the caller, and those that show it. */
const Inherited inherited[] = {
  { "umask", "umask 027", "umask; d=$(mktemp -d); touch $d/f; stat -c %a $d/f; rm -r $d" },
  { "nice", "renice -n 5 -p $$ >/dev/null", "nice" },
  { "files", "ulimit -n 99", "ulimit -n; ulimit -Hn" },
  { "files, of which more may be had", "ulimit -Sn 99", "ulimit -n" },
  { "time", "ulimit -t 77", "ulimit -t" },
  { "size", "ulimit -f 20000", "ulimit -f" },
  { "stack", "ulimit -Ss 4000", "ulimit -s" },
  { "processors", "taskset -pc 0 $$ >/dev/null", "grep Cpus_allowed: /proc/self/status" },
  { "memory killer", "echo 300 >/proc/self/oom_score_adj", "cat /proc/self/oom_score_adj" },
  { "ignored signals", "trap '' HUP USR1 PIPE TERM", "grep SigIgn /proc/self/status" },
  { "scheduler", "chrt -b -p 0 $$", "chrt -p $$ | grep -o SCHED_.*" },
  { "io priority", "ionice -c 3 -p $$", "ionice -p $$" },
};

}

class Surroundings : public EitherBus {
protected:
  /* @words after the shell words @set in the same process. */
  Outcome
  after (const std::string &set, const Argv &words)
  {
    Argv argv = { "sh", "-c", set + "; exec \"$@\"", "sh" };

    argv.insert (argv.end (), words.begin (), words.end ());
    Command all = command ({});
    all.argv = argv;
    return run (all);
  }
  /* That @words, which start a shell with a script, see what the caller has. */
  void
  expect_inherited (const Argv &words)
  {
    for (const Inherited &row : inherited) {
      Argv inside = words;

      inside.push_back (row.look);
      std::string outside = after (row.set, { "sh", "-c", row.look }).out, plain = after (inside).out;
      EXPECT_EQ (after (row.set, inside).out, outside) << row.name;
      if (sysconf (_SC_NPROCESSORS_ONLN) > 1 || std::string (row.name) != "processors") {
        EXPECT_NE (plain, outside) << row.name; /* the control: it does not have that anyhow */
      }
    }
  }
  Outcome
  after (const Argv &words)
  {
    return after (":", words);
  }
};
EITHER_BUS (Surroundings);

TEST_P (Surroundings, WhatAProcessInheritsIsTheCallers)
{
  expect_inherited (ctl ({ "run", "--", "sh", "-c" }));
}

TEST_P (Surroundings, AlsoBesideTheApplication)
{
  std::string id = launch_detached ({}, { "sleep", "1000" });

  expect_inherited (ctl ({ "exec", id, "--", "sh", "-c" }));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
}

/* What is lower, the caller's or the policy's, counts; and nobody is spared more than the service. */
TEST_P (Surroundings, NothingIsHadMoreOf)
{
  Argv strict = ctl ({ "run", "--limit=nofile=64", "--", "sh", "-c", "ulimit -Hn" });

  EXPECT_EQ (after ("ulimit -n 99", strict).out, "64\n");
  EXPECT_EQ (after ("ulimit -n 32", strict).out, "32\n");
}

/* Detached too, where nobody is there who could do it later. */
TEST_P (Surroundings, DetachedAsWell)
{
  std::string file = home () + "/out/limit";
  Argv words = ctl ({ "run", "--detach", "--profile=out", "--", "sh", "-c",
                      "ulimit -n >" + file + ".new; mv " + file + ".new " + file });

  mkdir ((home () + "/out").c_str (), 0755);
  add_profile ("out", "[Profile]\nInherits=default\n[Context]\nfilesystems=" + home () + "/out:rw;\n");
  EXPECT_TRUE (succeeds (after ("ulimit -n 77", words)));
  EXPECT_TRUE (eventually ([&] { return read_file (file) == "77\n"; }));
}

/* nohup(1): what the caller ignores neither ends the application nor the one who waits for it. */
TEST_P (Surroundings, HangupIsIgnoredWhereTheCallerIgnoresIt)
{
  Argv words = ctl ({ "run", "--", "sh", "-c", "echo there; sleep 1; echo still" });

  for (bool ignored : { true, false }) {
    Argv argv = { "sh", "-c", ignored ? "trap '' HUP; exec \"$@\"" : "exec \"$@\"", "sh" };

    argv.insert (argv.end (), words.begin (), words.end ());
    Process process{ Command (argv) };
    ASSERT_TRUE (process.expect ("there\n"));
    process.kill (SIGHUP);
    Outcome outcome = process.wait ();
    EXPECT_EQ (outcome.status, ignored ? 0 : 128 + SIGHUP) << outcome.err;
    EXPECT_EQ (outcome.out, ignored ? "there\nstill\n" : "there\n");
  }
}

/* A directory has the name by which the user came there, and the one that the kernel has for it: --filesystem= may open
 * it by either. */
TEST_P (Surroundings, StartsInTheDirectoryThatWasOpened)
{
  std::string real = home () + "/real/p", link = home () + "/link/p";

  add_profile ("physical", "[Profile]\nInherits=default\n[Context]\nfilesystems=" + real + ":ro;\n");
  add_profile ("logical", "[Profile]\nInherits=default\n[Context]\nfilesystems=" + link + ":ro;\n");
  ASSERT_EQ (run (Command ({ "mkdir", "-p", real })).status, 0);
  ASSERT_EQ (symlink ("real", (home () + "/link").c_str ()), 0);
  write_file (real + "/f", "there\n");
  for (const char *profile : { "physical", "logical" }) {
    Argv look = ctl ({ "run", std::string ("--profile=") + profile, "--", "cat", "f" });
    Argv named = ctl ({ "run", std::string ("--profile=") + profile, "--cwd=link/p", "--", "cat", "f" });

    EXPECT_EQ (after ("cd " + link, look).out, "there\n") << profile;
    EXPECT_EQ (after ("cd " + home (), named).out, "there\n") << profile;
  }
  Argv look = ctl ({ "run", "--profile=physical", "--", "cat", "f" });
  EXPECT_EQ (after ("cd " + real, look).out, "there\n");
  EXPECT_EQ (after ("cd " + link + "; PWD=/nowhere", look).out, "there\n");
  /* The control: what is not opened is not there */
  EXPECT_NE (after ("cd " + link, ctl ({ "run", "--", "cat", "f" })).status, 0);
}
