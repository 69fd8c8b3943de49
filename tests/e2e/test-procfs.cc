/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A sandbox's procfs for others: as a descriptor, and as the /proc of a tool of the host. */
#include <algorithm>
#include <csignal>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <gio/gunixfdlist.h>
#include <unistd.h>

#include "facility.h"

using namespace e2e;

static const std::string PREFIX = "org.example.Sandbox.Error.";

class ProcfsFor : public Facility {
protected:
  ProcfsFor () : Facility (Bus::SESSION)
  {
  }
  void
  TearDown () override
  {
    for (const Record &one : records ())
      if (one.state == "running")
        sandboxctl ({ "stop", "--grace=0", one.id });
    Facility::TearDown ();
  }
  Argv
  words (const std::string &id, const Argv &tool, const Argv &options = {})
  {
    Argv all = { "procfs", id };

    all.insert (all.end (), options.begin (), options.end ());
    all.push_back ("--");
    all.insert (all.end (), tool.begin (), tool.end ());
    return all;
  }
  Outcome
  tool (const std::string &id, const Argv &tool, const Argv &options = {})
  {
    return sandboxctl (words (id, tool, options));
  }
  /* GetProcfs with the options in GVariant's text format: the descriptor, or -1 and the error's name. */
  Fd
  get (const std::string &id, const std::string &options = "@a{sv} {}", std::string *problem = nullptr)
  {
    g_autoptr (GError) error = nullptr;
    g_autoptr (GUnixFDList) fds = nullptr;
    g_autoptr (GVariant) value = g_dbus_connection_call_with_unix_fd_list_sync (
        connection (), "org.example.Sandbox", ("/org/example/Sandbox/instances/" + id).c_str (),
        "org.example.Sandbox.Instance", "GetProcfs", g_variant_new_parsed (("(" + options + ",)").c_str ()), nullptr,
        G_DBUS_CALL_FLAGS_NONE, patience_ms (), nullptr, &fds, nullptr, &error);
    g_autofree char *name = error ? g_dbus_error_get_remote_error (error) : nullptr;

    if (problem)
      *problem = name ? name : "";
    if (!value) {
      EXPECT_TRUE (problem) << error->message;
      return Fd ();
    }
    return Fd (g_unix_fd_list_get (fds, 0, nullptr));
  }
};

/* The names in the directory @fd that are numbers, or those that are none. */
static std::set<std::string>
names_in (int fd, bool numbers)
{
  DIR *dir = fdopendir (openat (fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::set<std::string> names;

  while (const dirent *entry = dir ? readdir (dir) : nullptr)
    if (entry->d_name[0] != '.' && (isdigit (entry->d_name[0]) != 0) == numbers)
      names.insert (entry->d_name);
  if (dir)
    closedir (dir);
  return names;
}

static std::string
comm_of (int procfs, const std::string &pid)
{
  Fd fd (openat (procfs, (pid + "/comm").c_str (), O_RDONLY | O_CLOEXEC));
  std::string text = fd.get () < 0 ? "" : read_to_end (fd.get ());

  return text.substr (0, text.find ('\n'));
}

TEST_F (ProcfsFor, ToolsOfTheHost)
{
  std::string id = launch_detached ({}, { "sh", "-c", "sleep 1000 & sleep 1001 & wait" }),
              other = launch_detached ({}, { "sleep", "2000" });
  Outcome outcome;

  ASSERT_TRUE (eventually ([&] {
    outcome = tool (id, { "ps", "-e", "-o", "args=" });
    return outcome.out.find ("sleep 1000") != std::string::npos && outcome.out.find ("sleep 1001") != std::string::npos;
  })) << outcome.out
      << outcome.err;
  EXPECT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out.find ("2000"), std::string::npos) << outcome.out;
  EXPECT_EQ (outcome.out.find ("bwrap"), std::string::npos) << outcome.out;
  /* Which PID 1, sh, both and ps are: numbers of the inside */
  outcome = tool (id, { "ps", "-e", "-o", "comm=" });
  EXPECT_EQ (std::count (outcome.out.begin (), outcome.out.end (), '\n'), 5) << outcome.out;
  EXPECT_EQ (outcome.out.find ("sandbox-init"), 0u) << outcome.out;
  outcome = tool (id, { "top", "-b", "-n", "1" });
  EXPECT_NE (outcome.out.find (" sleep\n"), std::string::npos) << outcome.out << outcome.err;
  /* What lsof reads: open files, which takes the right to trace */
  outcome = tool (id, { "sh", "-c", "for p in /proc/[0-9]*; do readlink $p/exe $p/cwd; done | sort -u" });
  EXPECT_NE (outcome.out.find ("/usr/bin/sleep"), std::string::npos) << outcome.out << outcome.err;
  outcome = tool (other, { "ps", "-e", "-o", "args=" });
  EXPECT_NE (outcome.out.find ("sleep 2000"), std::string::npos) << outcome.out << outcome.err;
}

/* It is the user's tool in every other way. */
TEST_F (ProcfsFor, RunsAsTheUser)
{
  std::string id = launch_detached ({}, { "sleep", "1000" }), mine = make_directory ("mine");
  Command command_ = command (words (id, { "sh", "-c", "id -u; id -g; cat " + mine + "/file; pwd; echo $MARK; cat" }));

  command_.cwd = mine;
  command_.env["MARK"] = "here";
  command_.input = "said\n";
  Outcome outcome = run (command_);
  EXPECT_EQ (outcome.out,
             std::to_string (getuid ()) + "\n" + std::to_string (getgid ()) + "\ncontent\n" + mine + "\nhere\nsaid\n")
      << outcome.err;
  /* Which the sandbox does not have */
  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "cat", mine + "/file" }).out, "");
  /* No capability but the one over the sandbox, and none to be gained */
  outcome = tool (id, { "sh", "-c", "grep -E '^(CapEff|CapPrm|CapBnd|NoNewPrivs)' /proc/self/status" });
  std::string only = "0000000000080000\n";
  EXPECT_EQ (outcome.out, "CapPrm:\t" + only + "CapEff:\t" + only + "CapBnd:\t" + only + "NoNewPrivs:\t1\n");
}

TEST_F (ProcfsFor, ExitStatus)
{
  std::string id = launch_detached ({}, { "sleep", "1000" }), file = make_directory ("d") + "/file";

  EXPECT_EQ (tool (id, { "sh", "-c", "exit 7" }).status, 7);
  EXPECT_EQ (tool (id, { "sh", "-c", "kill -TERM $$" }).status, 128 + SIGTERM);
  EXPECT_TRUE (fails_with (tool (id, { "no-such-program" }), 127, { "no-such-program" }));
  EXPECT_TRUE (fails_with (tool (id, { file }), 126, { file }));
  EXPECT_TRUE (fails_with (tool ("0123456789abcdef", { "true" }), 125, { "0123456789abcdef" }));
  EXPECT_TRUE (fails_with (tool (id, { "true" }, { "--hidepid=some" }), 125, { "hidepid", "\"ptraceable\"" }));
  EXPECT_TRUE (fails_with (tool (id, { "true" }, { "--subset=some" }), 125, { "subset", "\"pid\"" }));
  EXPECT_TRUE (fails_with (sandboxctl ({ "procfs", id }), 125, { "ps ax" }));
  /* A signal is passed on */
  Process process (
      command (words (id, { "sh", "-c", "trap 'echo got; exit 3' TERM; echo there; while :; do sleep 0.1; done" })));
  ASSERT_TRUE (process.expect ("there"));
  process.kill (SIGTERM);
  Outcome outcome = process.wait ();
  EXPECT_EQ (outcome.status, 3);
  EXPECT_NE (outcome.out.find ("got"), std::string::npos);
  /* It ends with the sandbox */
  Process last (command (words (id, { "sh", "-c", "echo there; exec sleep 1000" })));
  ASSERT_TRUE (last.expect ("there"));
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
  EXPECT_EQ (last.wait ().status, 128 + SIGKILL);
  EXPECT_TRUE (wait_for_state (id, "exited"));
  EXPECT_TRUE (fails_with (tool (id, { "true" }), 125, { "has ended" }));
}

/* A process with the host's files, beside the application: it is none of its inferiors, and in no sandbox. */
TEST_F (ProcfsFor, TheApplicationHasNothingOfTheTool)
{
  std::string id = launch_detached ({}, { "sleep", "1000" });
  Process process (command (words (id, { "sh", "-c", "readlink /proc/self; exec sleep 1001" })));
  auto inside = [&] (const std::string &text) { return sandboxctl ({ "exec", id, "--", "sh", "-c", text }).out; };

  ASSERT_TRUE (process.expect ("\n"));
  std::string pid = process.out ().substr (0, process.out ().find ('\n'));
  ASSERT_TRUE (eventually ([&] { return !descendants (process.pid ()).empty (); }));
  EXPECT_EQ (inside ("cat /proc/[0-9]*/cmdline | tr '\\0' ' '").find ("1001"), std::string::npos);
  EXPECT_EQ (inside ("ls /proc/" + pid + "/root/ 2>/dev/null || echo none"), "none\n");
  EXPECT_EQ (inside ("kill -KILL " + pid + " 2>/dev/null || echo none"), "none\n");
  EXPECT_EQ (sandboxctl ({ "identify", std::to_string (descendants (process.pid ()).back ().pid) }).out, "0\n");
  /* The tool itself does see the application */
  EXPECT_NE (tool (id, { "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '" }).out.find ("sleep 1000"),
             std::string::npos);
  process.kill (SIGTERM);
  EXPECT_EQ (process.wait ().status, 128 + SIGTERM);
}

TEST_F (ProcfsFor, AsADescriptor)
{
  std::string id = launch_detached ({}, { "sleep", "1000" });
  Fd all = get (id), pids = get (id, "{'subset': <'pid'>}");

  EXPECT_EQ (comm_of (all.get (), "1"), "sandbox-init");
  EXPECT_EQ (names_in (all.get (), true), names_in (pids.get (), true));
  EXPECT_EQ (names_in (all.get (), true).size (), 2u) << "PID 1 and the application";
  EXPECT_TRUE (names_in (all.get (), false).count ("meminfo"));
  EXPECT_FALSE (names_in (pids.get (), false).count ("meminfo"));
  /* Read-only, where the host's is not */
  std::string host = "/proc/" + std::to_string (record (id).pid) + "/oom_score_adj";
  std::string application = *names_in (all.get (), true).rbegin ();
  EXPECT_LT (openat (all.get (), (application + "/oom_score_adj").c_str (), O_WRONLY | O_CLOEXEC), 0);
  EXPECT_EQ (errno, EROFS);
  EXPECT_GE (Fd (open (host.c_str (), O_WRONLY | O_CLOEXEC)).get (), 0);
  /* It outlives the sandbox and is empty then */
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", "--grace=0", id })));
  EXPECT_TRUE (wait_for_state (id, "exited"));
  EXPECT_EQ (names_in (all.get (), true).size (), 0u);
  std::string problem;
  ASSERT_TRUE (eventually ([&] { return get (id, "@a{sv} {}", &problem).get () < 0; }));
  EXPECT_EQ (problem, PREFIX + "Exited");
}

/* Each has its own options, whatever the others, the instance's and the host's have. */
TEST_F (ProcfsFor, OptionsDoNotShowOnOthers)
{
  static const struct {
    Argv options;
    std::string shown;
  } rows[] = {
    { {}, "" },
    { { "--hidepid=off", "--subset=all" }, "" },
    { { "--hidepid=noaccess" }, ",hidepid=noaccess" },
    { { "--hidepid=invisible" }, ",hidepid=invisible" },
    { { "--hidepid=ptraceable" }, ",hidepid=ptraceable" },
    { { "--subset=pid", "--hidepid=ptraceable" }, ",hidepid=ptraceable,subset=pid" },
    { { "--subset=pid" }, ",subset=pid" },
  };
  std::string id = launch_detached ({}, { "sleep", "1000" });
  std::string look = "grep ' /proc proc ' /proc/self/mounts | cut -d ' ' -f 4";
  auto own = [&] { return sandboxctl ({ "exec", id, "--", "sh", "-c", look }).out; };
  std::string only = look + " | grep ^ro"; /* the host's own lies below it */
  std::string before = own (), host = run ({ { "sh", "-c", look } }).out;
  std::vector<std::unique_ptr<Process> > all;

  for (const auto &row : rows) {
    Command looking = command (words (id, { "sh", "-c", only + "; read x; " + only }, row.options));

    looking.keep_input = true;
    all.push_back (std::make_unique<Process> (looking));
    ASSERT_TRUE (all.back ()->expect ("\n")) << all.back ()->err ();
  }
  EXPECT_NE (before.find ("hidepid=ptraceable"), std::string::npos) << before;
  EXPECT_EQ (own (), before);
  EXPECT_EQ (run ({ { "sh", "-c", look } }).out, host);
  for (size_t i = 0; i < all.size (); i++) {
    std::string line = "ro,nosuid,nodev,noexec,relatime" + rows[i].shown + "\n";

    all[i]->write ("\n");
    EXPECT_EQ (all[i]->wait ().out, line + line) << i;
  }
}

/* hidepid= does what it says, for who may trace the application and for who may not. */
TEST_F (ProcfsFor, WhatTheOptionsDo)
{
  std::string id = launch_detached ({}, { "sleep", "1000" });
  std::string look = "cat /proc/[0-9]*/comm",
              powerless = "setpriv --ambient-caps=-all --inh-caps=-all -- sh -c '" + look + "'";

  for (const char *word : { "off", "ptraceable" })
    EXPECT_NE (tool (id, { "sh", "-c", look }, { std::string ("--hidepid=") + word }).out.find ("sandbox-init"),
               std::string::npos)
        << word;
  EXPECT_NE (tool (id, { "sh", "-c", powerless }, { "--hidepid=off" }).out.find ("sandbox-init"), std::string::npos);
  EXPECT_EQ (tool (id, { "sh", "-c", powerless }, { "--hidepid=ptraceable" }).out.find ("sandbox-init"),
             std::string::npos);
}

/* Of a sandbox whose own has nothing but processes. */
TEST_F (ProcfsFor, OfAStrictSandbox)
{
  define ("[Procfs]\nsubset=pid\n");
  std::string id = launch_detached ({ "--profile=tested" }, { "sleep", "1000" });

  EXPECT_EQ (sandboxctl ({ "exec", id, "--", "sh", "-c", "cat /proc/meminfo 2>/dev/null || echo none" }).out, "none\n");
  EXPECT_NE (tool (id, { "cat", "/proc/meminfo" }).out.find ("MemTotal"), std::string::npos);
}

TEST_F (ProcfsFor, NotFromInside)
{
  std::string programs = std::filesystem::path (places ().sandboxctl).parent_path ();

  add_profile ("nesting", "[Profile]\nInherits=default\n[Context]\nfilesystems=" + programs
                              + ":ro;\n[Session Bus Policy]\norg.example.Sandbox=talk\n");
  Outcome outcome =
      run_in ({ "--profile=nesting" },
              { "sh", "-c",
                "ctl () { " + places ().sandboxctl
                    + " \"$@\"; }; own=$(ctl identify --self); ctl procfs $own -- true; echo $?; "
                      "child=$(ctl run --detach --profile=nesting -- sleep 1000); ctl procfs $child -- true; echo $?; "
                      "ctl exec $child -- echo there; ctl stop --grace=0 $child" });
  EXPECT_EQ (outcome.out, "125\n125\nthere\n") << outcome.err;
  EXPECT_NE (outcome.err.find ("from outside"), std::string::npos) << outcome.err;
}

/* Another client's takes "observe"; one's own does not. */
TEST_F (ProcfsFor, TakesObserve)
{
  start_authority_that_says ("launch"); /* and no to everything else */
  std::string id = launch_detached ({}, { "sleep", "1000" }), problem;

  get (id, "@a{sv} {}", &problem);
  EXPECT_EQ (problem, PREFIX + "NotAuthorized");
  Outcome outcome = tool (id, { "true" });
  EXPECT_TRUE (fails_with (outcome, 125, { "org.example.Sandbox.observe" }));
  EXPECT_EQ (kill (record (id).init, SIGKILL), 0); /* "control" is refused as well */
  EXPECT_TRUE (wait_for_state (id, "exited"));
}

/* What the kernel says comes out as it is. The last call that makes one with both options is the fifth of its process;
 * the launch's own has four. */
class ProcfsErrors : public ProcfsFor, public ::testing::WithParamInterface<std::pair<const char *, const char *> > {};

TEST_P (ProcfsErrors, OneToOne)
{
  const std::string keeper = dir () + "/libexec/sandbox-keeper";

  std::filesystem::remove (keeper);
  write_file (keeper,
              std::string ("#!/bin/sh\nexec strace -D -f -qq -o /dev/null -e trace=fsconfig -e inject=fsconfig:error=")
                  + GetParam ().first + ":when=5 " + places ().keeper + "\n",
              0755);
  std::string id = launch_detached ({}, { "sleep", "1000" }), problem;
  EXPECT_LT (get (id, "{'hidepid': <'ptraceable'>, 'subset': <'pid'>}", &problem).get (), 0);
  EXPECT_EQ (problem, PREFIX + GetParam ().second);
  /* And without the fifth call there is none */
  EXPECT_GE (get (id, "{'hidepid': <'ptraceable'>}").get (), 0);
}
INSTANTIATE_TEST_SUITE_P (, ProcfsErrors,
                          ::testing::Values (std::pair ("EBUSY", "Busy"), std::pair ("EPERM", "NotPermitted"),
                                             std::pair ("EINVAL", "BadNamespace"),
                                             std::pair ("EOPNOTSUPP", "NotSupported"),
                                             std::pair ("ENOMEM", "SpawnFailed")));
