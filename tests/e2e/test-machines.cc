/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Other machines than this one: full and read-only disks, no user namespaces, root, older kernels. */
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <sched.h>
#include <seccomp.h>
#include <unistd.h>

#include "harness.h"

using namespace e2e;

namespace fs = std::filesystem;

/* Things that need a mount namespace in which this user is somebody: without a bus, which would be outside of it. */
class Machine : public WithoutBus {
protected:
  /* sandboxctl @words after the shell commands @setup, with no more capabilities than before; @look is done at the end,
   * and does not count. */
  Outcome
  on_machine (const std::string &setup, const Argv &words, const std::string &look = ":")
  {
    Argv argv = { "unshare",
                  "--map-current-user",
                  "--keep-caps",
                  "--mount",
                  "sh",
                  "-c",
                  "set -e; " + setup + "; setpriv --ambient-caps=-all --inh-caps=-all -- \"$@\" || status=$?; { " + look
                      + "; }; exit ${status:-0}",
                  "sh" };

    for (const std::string &word : ctl (words))
      argv.push_back (word);
    Command all (argv);
    all.cwd = home ();
    return run (all);
  }
};

/* The control for the tests below: nothing is wrong there, and it works. */
TEST_F (Machine, WorksInANamespace)
{
  EXPECT_EQ (on_machine (":", { "run", "--", "sh", "-c", "exit 5" }).status, 5);
}

TEST_F (Machine, UserNamespacesAreRefused)
{
  Outcome outcome = on_machine ("echo 0 >/proc/sys/user/max_user_namespaces", { "run", "--", "true" });

  EXPECT_TRUE (fails_with (outcome, 125, { "user namespace", "user.max_user_namespaces" }));
  expect_nothing_left ();
}

TEST_F (Machine, RuntimeDirectoryIsFull)
{
  Outcome outcome = on_machine ("mount -t tmpfs -o size=4k,mode=0700 tmpfs \"$XDG_RUNTIME_DIR\"; dd if=/dev/zero "
                                "of=\"$XDG_RUNTIME_DIR/fill\" 2>/dev/null || :",
                                { "run", "--", "true" });

  EXPECT_TRUE (fails_with (outcome, 125, { "full", runtime () }));
  expect_nothing_left ();
}

TEST_F (Machine, RuntimeDirectoryHasNoInodes)
{
  Outcome outcome =
      on_machine ("mount -t tmpfs -o nr_inodes=2,mode=0700 tmpfs \"$XDG_RUNTIME_DIR\"; touch \"$XDG_RUNTIME_DIR/fill\"",
                  { "run", "--", "true" });

  EXPECT_TRUE (fails_with (outcome, 125, { "No space left", runtime () }));
}

TEST_F (Machine, RuntimeDirectoryIsReadOnly)
{
  Outcome outcome = on_machine ("mount -t tmpfs -o ro,mode=0700 tmpfs \"$XDG_RUNTIME_DIR\"", { "run", "--", "true" });

  EXPECT_TRUE (fails_with (outcome, 125, { "Read-only file system", runtime () }));
}

TEST_F (Machine, DiskIsFullForAPersistentHome)
{
  std::string mount =
      "mount -t tmpfs -o nr_inodes=2,mode=0700 tmpfs " + dir () + "/data; touch " + dir () + "/data/fill";
  Outcome outcome = on_machine (mount, { "run", "--profile=browser", "--app-id=org.example.Full", "--", "true" });

  EXPECT_TRUE (fails_with (outcome, 125, { "No space left", dir () + "/data" }));
  EXPECT_EQ (on_machine (mount, { "run", "--", "true" }).status, 0);
}

/* A detached application runs nevertheless, and somebody hears that its output is gone. */
TEST_F (Machine, DiskIsFullForWhatIsPrinted)
{
  std::string state = dir () + "/state";
  std::string mount = "mkdir -p " + state + "; mount -t tmpfs -o size=4k,mode=0700 tmpfs " + state;

  Outcome outcome = on_machine (mount, { "run", "--detach", "--", "sh", "-c", "echo out" });
  EXPECT_EQ (outcome.status, 0) << outcome.err;
  EXPECT_EQ (outcome.err.find ("is not kept"), std::string::npos) << outcome.err;
  outcome = on_machine (mount + "; dd if=/dev/zero of=" + state + "/fill bs=4k 2>/dev/null || :",
                        { "run", "--detach", "--", "sh", "-c", "echo out" });
  EXPECT_EQ (outcome.status, 0) << outcome.err;
  EXPECT_NE (outcome.err.find ("is not kept for `sandboxctl logs`: No space left"), std::string::npos) << outcome.err;
}

TEST_F (Machine, HomeIsReadOnly)
{
  std::string mount =
      "mount --bind \"$HOME\" \"$HOME\"; mount -o remount,bind,ro \"$HOME\"; mount -t tmpfs -o ro tmpfs " + dir ()
      + "/data";

  EXPECT_EQ (on_machine (mount, { "run", "--", "sh", "-c", "cd; echo x >file; cat file" }).out, "x\n");
  EXPECT_TRUE (fails_with (on_machine (mount, { "run", "--profile=browser", "--app-id=org.example.Ro", "--", "true" }),
                           125, { "Read-only file system", dir () + "/data" }));
}

/* A disk that a handler fills: the status is the crash's, and what does not fit is not left there in part. */
TEST_F (Machine, ACrashHandlerFillsTheDisk)
{
  std::string state = dir () + "/state", kept = dir () + "/kept";
  std::string mount = "mkdir -p " + state + "; mount -t tmpfs -o size=256k,mode=0700 tmpfs " + state;
  std::string look = "cp -r " + state + "/sandbox/crashes/* " + kept;
  Argv crash = { "sh", "-c", "kill -SEGV $$" };

  write_file (dir () + "/fill.sh", "dd if=/dev/zero of=$SANDBOX_CRASH_DIR/fill bs=4k\n", 0755);
  add_profile ("filler", "[Profile]\nInherits=tracer\nCommand=sh " + dir ()
                             + "/fill.sh\n[Context]\nfilesystems=" + dir () + "/fill.sh:ro;\n");
  add_profile ("hungry", "[Profile]\nInherits=default\nOnCrash=filler\n");
  EXPECT_EQ (on_machine (mount, run_words ({ "--profile=hungry" }, crash), look).status, 128 + SIGSEGV);
  EXPECT_TRUE (fs::exists (kept + "/fill"));
  EXPECT_EQ (Json::parse (read_file (kept + "/crash.json"))["signal"].number (), SIGSEGV);
  EXPECT_FALSE (fs::exists (kept + "/crash.json.new"));
  fs::remove_all (kept);

  add_profile ("fragile", "[Profile]\nInherits=default\nOnCrash=dumper\n");
  EXPECT_EQ (on_machine (mount, run_words ({ "--profile=fragile" }, crash), look).status, 128 + SIGSEGV);
  EXPECT_FALSE (fs::exists (kept + "/core")) << "half a core";
  Json report = Json::parse (read_file (kept + "/report.json"));
  EXPECT_NE (report["core"].text ().find ("disk"), std::string::npos);
  EXPECT_EQ (report["threads"].size (), 1u);
  EXPECT_EQ (Json::parse (read_file (kept + "/crash.json"))["handler"]["code"].number (), 0);
}

/* Started by root: a user namespace of this test's own makes one of us. */
class AsRoot : public WithoutBus {
protected:
  Outcome
  as_root (const Argv &options, const Argv &words)
  {
    Argv argv = { "unshare", "--map-root-user", "--" };

    for (const std::string &word : ctl (run_words (options, words)))
      argv.push_back (word);
    Command all (argv);
    all.cwd = home ();
    return run (all);
  }
};

TEST_F (AsRoot, TheApplicationIsAnOrdinaryUser)
{
  Outcome outcome = as_root ({}, { "sh", "-c", "id -u; id -un; getent passwd $(id -u) | cut -d: -f6; echo $HOME" });

  ASSERT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out.substr (0, 5), "1000\n") << outcome.out;
  EXPECT_EQ (outcome.out.find ("root\n"), std::string::npos) << outcome.out;
  EXPECT_NE (outcome.out.find (home () + "\n" + home () + "\n"), std::string::npos) << outcome.out;
  expect_nothing_left ();
}

TEST_F (AsRoot, ItsFilesAreItsOwn)
{
  Outcome outcome = as_root ({ "--profile=browser", "--app-id=org.example.Root" },
                             { "sh", "-c", "cd; echo x >file && stat -c %u . file" });

  ASSERT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out, "1000\n1000\n");
}

TEST_F (AsRoot, ExitStatusAndVisibility)
{
  Outcome outcome = as_root ({}, { "sh", "-c", "ls /proc >/tmp/list; grep -c '^[0-9]' /tmp/list; exit 5" });

  EXPECT_EQ (outcome.status, 5) << outcome.err;
  EXPECT_EQ (outcome.out, "2\n"); /* sh, ls */
}

TEST_F (AsRoot, APolicyCanSayOtherwise)
{
  add_profile ("rooted", "[Profile]\nName=rooted\nInherits=default\n[Context]\nfeatures=root;\n");
  Outcome outcome = as_root ({ "--profile=rooted" }, { "id", "-u" });

  ASSERT_TRUE (succeeds (outcome));
  EXPECT_EQ (outcome.out, "0\n");
}

/* Older kernels, by a filter that answers as they do, for every program from sandboxctl on. */
class OlderKernel : public WithoutBus {
protected:
  /* @refused: system call, argument that decides (or -1), its value; the answer. */
  struct Refusal {
    int call, argument;
    uint64_t value;
    int error;
    uint64_t mask = ~0ULL;
  };
  Outcome
  run_on (const std::vector<Refusal> &refusals, const Argv &words)
  {
    Command all = command (words);

    all.child = [&refusals] {
      scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ALLOW);
      for (const Refusal &r : refusals) {
        scmp_arg_cmp condition = { r.argument < 0 ? 0u : static_cast<unsigned> (r.argument), SCMP_CMP_MASKED_EQ, r.mask,
                                   r.value };
        seccomp_rule_add_array (filter, SCMP_ACT_ERRNO (static_cast<unsigned> (r.error)), r.call,
                                r.argument < 0 ? 0 : 1, &condition);
      }
      if (seccomp_load (filter) < 0)
        _exit (249);
    };
    return run (all);
  }
};

static constexpr int FSCONFIG_SET_FD_COMMAND = 5;   /* enum fsconfig_command in linux/mount.h */
static constexpr int LANDLOCK_CREATE_RULESET = 444; /* the same on every architecture */

/* pidns= by descriptor is from 6.18 on; before, a child enters the pid namespace by setns and fork. */
TEST_F (OlderKernel, WithoutThePidnsOption)
{
  std::vector<Refusal> no_pidns = { { SCMP_SYS (fsconfig), 1, FSCONFIG_SET_FD_COMMAND, EINVAL } };
  Outcome outcome = run_on (no_pidns, { "run", "--", "sh", "-c",
                                        "grep -c ' - proc ' /proc/self/mountinfo; grep ' - proc ' "
                                        "/proc/self/mountinfo; ls /proc | grep -c '^[0-9]'; exit 6" });

  EXPECT_EQ (outcome.status, 6) << outcome.err;
  EXPECT_EQ (outcome.out.substr (0, 2), "1\n") << outcome.out;
  EXPECT_NE (outcome.out.find ("hidepid=ptraceable"), std::string::npos) << outcome.out;
  EXPECT_EQ (outcome.out.substr (outcome.out.size () - 2), "3\n") << outcome.out;
  outcome = run_on (no_pidns, { "run", "--profile=browser", "--app-id=org.example.Old", "--", "bwrap", "--ro-bind", "/",
                                "/", "--proc", "/proc", "--unshare-pid", "true" });
  EXPECT_TRUE (succeeds (outcome));
}

/* Debian's kernel.unprivileged_userns_clone=0 answers so. */
TEST_F (OlderKernel, WithoutUserNamespacesForOrdinaryUsers)
{
  Outcome outcome = run_on ({ { SCMP_SYS (unshare), 0, CLONE_NEWUSER, EPERM, CLONE_NEWUSER },
                              { SCMP_SYS (clone), 0, CLONE_NEWUSER, EPERM, CLONE_NEWUSER },
                              { SCMP_SYS (clone3), -1, 0, ENOSYS } },
                            { "run", "--", "true" });

  EXPECT_TRUE (fails_with (outcome, 125, { "user namespaces" }));
  EXPECT_EQ (records ().size (), 0u);
}

TEST_F (OlderKernel, WithoutLandlockAProfileThatNeedsItIsRefused)
{
  Outcome outcome = run_on ({ { LANDLOCK_CREATE_RULESET, -1, 0, ENOSYS } }, { "run", "--", "true" });

  EXPECT_TRUE (fails_with (outcome, 125, { "Landlock" }));
  EXPECT_EQ (records ().size (), 0u);
}

TEST_F (OlderKernel, WithoutLandlockTheOthersDoNotClaimInferiorsOnly)
{
  std::vector<Refusal> no_landlock = { { LANDLOCK_CREATE_RULESET, -1, 0, EOPNOTSUPP } };

  add_profile ("lenient", "[Profile]\nName=lenient\nInherits=default\n[Context]\nfeatures=no-landlock;\n");
  Outcome outcome = run_on (no_landlock, { "run", "--detach", "--profile=lenient", "--", "sleep", "1000" });
  ASSERT_TRUE (succeeds (outcome));
  std::string id = new_instance ().id;
  Json enforced = json ({ "show", "--json", id })["enforced"];
  EXPECT_FALSE (enforced["inferiors-only"].boolean ());
  EXPECT_FALSE (enforced["app-domain"].boolean ());
  EXPECT_TRUE (enforced["private-procfs"].boolean ());
  EXPECT_GE (enforced["warnings"].size (), 1u);
  outcome = sandboxctl ({ "show", id });
  EXPECT_NE (outcome.out.find ("Landlock"), std::string::npos) << outcome.out;
  EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
  EXPECT_TRUE (wait_for_state (id, "exited"));
}

/* Before 5.8 procfs had no options of its own for one mount: the promise cannot be kept. */
TEST_F (OlderKernel, WithoutTheNewMountInterface)
{
  Outcome outcome = run_on ({ { SCMP_SYS (fsopen), -1, 0, ENOSYS } }, { "run", "--", "true" });

  EXPECT_TRUE (fails_with (outcome, 125, { "procfs" }));
  EXPECT_EQ (records ().size (), 0u);
}

/* The exit status is for scripts: 0 only where nothing of the default profile is lost. */
TEST_F (OlderKernel, DoctorOnACompleteMachine)
{
  Outcome outcome = run_on ({}, { "doctor", "--json" });
  Json said = Json::parse (outcome.out);

  EXPECT_EQ (outcome.status, 0) << outcome.out << outcome.err;
  EXPECT_TRUE (said["keeps-promises"].boolean ());
  for (const char *mechanism : { "user-namespaces", "bubblewrap", "landlock", "landlock-scopes", "procfs-hidepid",
                                 "seccomp", "ptrace", "bus-proxy", "nested-x11" }) {
    EXPECT_EQ (said[mechanism]["state"].text (), "works") << mechanism;
    EXPECT_FALSE (said[mechanism].has ("remedy")) << mechanism;
  }
}

TEST_F (OlderKernel, DoctorSaysWhatIsMissing)
{
  static const struct {
    Refusal refusal;
    const char *mechanism;
  } rows[] = {
    { { LANDLOCK_CREATE_RULESET, -1, 0, ENOSYS }, "landlock" },
    { { SCMP_SYS (fsopen), -1, 0, ENOSYS }, "procfs-hidepid" },
    { { SCMP_SYS (fsopen), -1, 0, EPERM }, "user-namespaces" },
    { { SCMP_SYS (unshare), 0, CLONE_NEWUSER, EPERM, CLONE_NEWUSER }, "user-namespaces" },
    { { SCMP_SYS (seccomp), 0, 2 /* SECCOMP_GET_ACTION_AVAIL */, EINVAL }, "seccomp" },
  };

  for (const auto &row : rows) {
    Outcome outcome = run_on ({ row.refusal }, { "doctor", "--json" });
    Json said = Json::parse (outcome.out);

    EXPECT_EQ (outcome.status, 125) << row.mechanism << outcome.err;
    EXPECT_FALSE (said["keeps-promises"].boolean ()) << row.mechanism;
    EXPECT_EQ (said[row.mechanism]["state"].text (), "missing");
    EXPECT_FALSE (said[row.mechanism]["remedy"].text ().empty ());
    outcome = run_on ({ row.refusal }, { "doctor" });
    EXPECT_EQ (outcome.status, 125);
    EXPECT_NE (outcome.out.find ("missing"), std::string::npos) << outcome.out;
    EXPECT_NE (outcome.out.find ("→"), std::string::npos) << outcome.out;
  }
}
