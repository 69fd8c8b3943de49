/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our own processes: what they have given up, and that nobody of the same user looks into them. */
#include <cerrno>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

using namespace e2e;

static std::string
path (pid_t pid, const std::string &name)
{
  return "/proc/" + std::to_string (pid) + "/" + name;
}

static std::string
field (pid_t pid, const std::string &name)
{
  std::string status = read_file (path (pid, "status"));
  size_t at = status.find ("\n" + name + ":\t");

  at += at == std::string::npos ? 0 : name.size () + 3;
  return at == std::string::npos ? "none" : status.substr (at, status.find ('\n', at) - at);
}

/* 0, or an errno. */
static int
try_memory (pid_t pid)
{
  Fd fd (open (path (pid, "mem").c_str (), O_RDONLY | O_CLOEXEC));

  return fd.get () >= 0 ? 0 : errno;
}

static int
try_trace (pid_t pid)
{
  if (ptrace (PTRACE_SEIZE, pid, nullptr, nullptr) < 0)
    return errno;
  /* It goes on when its tracer asks to stop it and then lets go */
  EXPECT_EQ (ptrace (PTRACE_INTERRUPT, pid, nullptr, nullptr), 0);
  EXPECT_EQ (waitpid (pid, nullptr, __WALL), pid);
  EXPECT_EQ (ptrace (PTRACE_DETACH, pid, nullptr, nullptr), 0);
  return 0;
}

class Own : public EitherBus {
protected:
  void
  launch ()
  {
    client_ = std::make_unique<Process> (command ({ "run", "--", "sleep", "1000" }));
    running_ = new_instance ();
    ASSERT_EQ (services ().size (), 1u);
    own_ = { { "sandboxd", services ()[0] }, { "sandbox-keeper", running_.keeper }, { "sandbox-init", running_.init } };
  }
  void
  TearDown () override
  {
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", running_.id })));
    client_->wait ();
    client_.reset ();
    EitherBus::TearDown ();
  }
  std::unique_ptr<Process> client_;
  Record running_;
  std::map<std::string, pid_t> own_;
};
EITHER_BUS (Own);

TEST_P (Own, HaveAFilterAndGainNoPrivileges)
{
  launch ();
  for (const auto &[name, pid] : own_) {
    EXPECT_EQ (field (pid, "Seccomp"), "2") << name;
    EXPECT_EQ (field (pid, "NoNewPrivs"), "1") << name;
  }
  /* The control: who starts them has neither */
  EXPECT_EQ (field (client_->pid (), "Seccomp"), field (getpid (), "Seccomp"));
  EXPECT_EQ (field (client_->pid (), "NoNewPrivs"), field (getpid (), "NoNewPrivs"));
}

/* sandbox-init is seen by its user, who owns its user namespace; docs/visibility.md has who else sees it. */
TEST_P (Own, AreNotTracedOrLookedInto)
{
  launch ();
  for (const char *name : { "sandboxd", "sandbox-keeper" }) {
    pid_t pid = own_[name];

    EXPECT_EQ (try_memory (pid), EACCES) << name;
    EXPECT_EQ (try_trace (pid), EPERM) << name;
    EXPECT_FALSE (succeeds (run (Command ({ "readlink", path (pid, "exe") })))) << name;
  }
  Outcome outcome = run (Command ({ "gdb", "-nx", "-batch", "-p", std::to_string (own_["sandboxd"]) }));
  EXPECT_NE ((outcome.out + outcome.err).find ("not permitted"), std::string::npos) << outcome.out << outcome.err;
  /* The control: another process of the same user */
  EXPECT_EQ (try_memory (client_->pid ()), 0);
  EXPECT_EQ (try_trace (client_->pid ()), 0);
}

class OwnDumpable : public Own {
protected:
  void
  SetUp () override
  {
    set_env ("SANDBOX_DUMPABLE", "1");
    Own::SetUp ();
  }
};
EITHER_BUS (OwnDumpable);

/* Whoever wants to find a fault in the service says so. */
TEST_P (OwnDumpable, TheServiceIsTracedIfItsUserSaysSo)
{
  launch ();
  EXPECT_EQ (try_memory (own_["sandboxd"]), 0);
  EXPECT_EQ (try_trace (own_["sandboxd"]), 0);
  EXPECT_EQ (try_memory (own_["sandbox-keeper"]), EACCES);
  EXPECT_EQ (field (own_["sandboxd"], "Seccomp"), "2");
}

/* No profile opens what takes power over the machine: the service has given it up for all that it starts. Of a call
 * that kernels have no more it is to be told who has refused it. */
TEST_P (Own, WhatTheyHaveGivenUpNoProfileHas)
{
  std::string call = "import ctypes; libc = ctypes.CDLL (None, use_errno=True); libc.syscall ("
                     + std::to_string (SYS_nfsservctl) + "); print (ctypes.get_errno ())";

  launch ();
  add_profile ("more", "[Profile]\nInherits=default\n[Seccomp]\nallow=nfsservctl;\n");
  EXPECT_EQ (run_in ({ "--profile=more" }, { "python3", "-c", call }).out, std::to_string (EPERM) + "\n");
  /* The control: without us */
  EXPECT_EQ (run (Command ({ "python3", "-c", call })).out, std::to_string (ENOSYS) + "\n");
}
