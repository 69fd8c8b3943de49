/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system-call filter, from inside: what the table says is refused is, and what people need is not. */
#include "harness.h"

using namespace e2e;

class Seccomp : public WithoutBus {
protected:
  Json
  calls (const Argv &options)
  {
    Outcome outcome = run (probe (options, { "calls" }));

    EXPECT_TRUE (succeeds (outcome));
    return Json::parse (outcome.out);
  }
};

/* Refused in every tier that these tests start. */
static const char *const always_refused[] = { "keyctl",         "add_key",       "request_key",     "bpf",
                                              "userfaultfd",    "kexec_load",    "kexec_file_load", "init_module",
                                              "finit_module",   "delete_module", "reboot",          "swapon",
                                              "swapoff",        "acct",          "quotactl",        "syslog",
                                              "perf_event_open" };
/* Those that a nested sandbox needs. */
static const char *const mounting[] = { "mount",           "umount2",    "pivot_root",   "open_tree",
                                        "open_tree_clone", "move_mount", "fsopen",       "fsconfig",
                                        "fsmount",         "fspick",     "mount_setattr" };

static bool
is_refusal (const std::string &outcome)
{
  return outcome == "EPERM" || outcome == "ENOSYS";
}

/* The control: without a filter the kernel answers these otherwise, so that a refusal inside is the filter's. */
TEST_F (Seccomp, TheKernelItselfAnswersOtherwise)
{
  Json outside = Json::parse (run ({ { places ().probe, "calls" } }).out);

  for (const char *call : { "keyctl", "add_key", "request_key", "open_tree", "setns_user", "clone3", "clone_user" })
    EXPECT_FALSE (is_refusal (outside[call].text ())) << call << ": " << outside[call].text ();
}

TEST_F (Seccomp, DefaultRefusesKernelSurface)
{
  Json seen = calls ({});

  for (const char *call : always_refused)
    EXPECT_TRUE (is_refusal (seen[call].text ())) << call << ": " << seen[call].text ();
}

TEST_F (Seccomp, DefaultRefusesMounting)
{
  Json seen = calls ({});

  for (const char *call : mounting)
    EXPECT_TRUE (is_refusal (seen[call].text ())) << call << ": " << seen[call].text ();
}

TEST_F (Seccomp, DefaultRefusesUserNamespaces)
{
  Json seen = calls ({});

  for (const char *call : { "clone_user", "unshare_user", "unshare_user_and_more", "setns_user" })
    EXPECT_TRUE (is_refusal (seen[call].text ())) << call << ": " << seen[call].text ();
  EXPECT_EQ (seen["clone_plain"].text (), "OK");
}

/* It hides its flags from the filter; ENOSYS makes libc fall back to clone. */
TEST_F (Seccomp, Clone3IsNotThere)
{
  EXPECT_EQ (calls ({})["clone3"].text (), "ENOSYS");
}

TEST_F (Seccomp, BrowserMayHaveUserNamespaces)
{
  Json seen = calls ({ "--profile=browser", "--app-id=org.example.Seccomp" });

  EXPECT_EQ (seen["clone_user"].text (), "OK");
  EXPECT_EQ (seen["unshare_user"].text (), "OK");
}

TEST_F (Seccomp, BrowserRefusesKernelSurface)
{
  Json seen = calls ({ "--profile=browser", "--app-id=org.example.Seccomp" });

  for (const char *call : always_refused)
    EXPECT_TRUE (is_refusal (seen[call].text ())) << call << ": " << seen[call].text ();
}

TEST_F (Seccomp, TheFilterIsOnAndCannotBeLeft)
{
  Outcome outcome =
      run_in ({}, { "grep", "-E", "^(NoNewPrivs|Seccomp|CapEff|CapPrm|CapInh|CapAmb):", "/proc/self/status" });

  ASSERT_TRUE (succeeds (outcome));
  for (const char *line :
       { "NoNewPrivs:\t1\n", "Seccomp:\t2\n", "CapEff:\t0000000000000000\n", "CapPrm:\t0000000000000000\n",
         "CapInh:\t0000000000000000\n", "CapAmb:\t0000000000000000\n" })
    EXPECT_NE (outcome.out.find (line), std::string::npos) << line << outcome.out;
}

TEST_F (Seccomp, SetuidProgramsGainNothing)
{
  Outcome outcome =
      run_in ({}, { "sh", "-c",
                    "find / -xdev -perm -4000 -type f 2>/dev/null | head -1; mount; su -c true </dev/null; echo $?" });

  EXPECT_EQ (run_in ({}, { "sh", "-c", "su -c true root </dev/null >/dev/null 2>&1; test $? -ne 0" }).status, 0);
  EXPECT_NE (outcome.out.find ("nosuid"), std::string::npos);
}

/* Crash handlers in the application, debuggers and strace live on it; pid namespace and Landlock confine it. */
TEST_F (Seccomp, PtraceOfOnesOwnChildrenWorks)
{
  Outcome outcome = run_in ({}, { "strace", "-o", "/dev/null", "true" });

  EXPECT_TRUE (succeeds (outcome));
}

TEST_F (Seccomp, ThreadsWork)
{
  Outcome outcome = run_in (
      {}, { "python3", "-c", "import threading;t=threading.Thread(target=lambda:print('thread'));t.start();t.join()" });

  EXPECT_EQ (outcome.out, "thread\n") << outcome.err;
}
