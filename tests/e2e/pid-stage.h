/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several instances in the pid namespace of their login session (pidns=session), seen from the host. */
#pragma once

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <sys/stat.h>

#include "harness.h"

namespace e2e {

/* What a process is in, as a number, or 0. */
inline unsigned long
namespace_of (pid_t pid, const std::string &name)
{
  struct stat st = {};

  return stat (("/proc/" + std::to_string (pid) + "/ns/" + name).c_str (), &st) == 0 ? st.st_ino : 0;
}

/* Its number in the innermost pid namespace that it has one in. */
inline std::string
number_inside (pid_t pid)
{
  std::string status = read_file ("/proc/" + std::to_string (pid) + "/status"), name = "\nNSpid:";
  size_t at = status.find (name), end = status.find ('\n', at + 1);

  return at == std::string::npos
             ? ""
             : status.substr (status.find_last_of ('\t', end) + 1, end - 1 - status.find_last_of ('\t', end));
}

class PidStage : public OnBus {
protected:
  void
  SetUp () override
  {
    OnBus::SetUp ();
    if (HasFatalFailure ())
      return;
    add_profile ("shared", "[Profile]\nInherits=default\n[Procfs]\npidns=session\n");
    start_authority (true);
  }
  static Argv
  options ()
  {
    return { "--profile=shared" };
  }
  std::string
  launch (const Argv &words = { "sleep", "1000" })
  {
    return launch_detached (options (), words);
  }
  /* sandbox-session, below the test as everything else of it. */
  std::vector<pid_t>
  sessions () const
  {
    std::vector<pid_t> found;

    for (const auto &p : descendants (getpid ()))
      if (p.name == "sandbox-session" && p.state != 'Z')
        found.push_back (p.pid);
    return found;
  }
  bool
  no_session_is_left () const
  {
    return eventually ([this] { return sessions ().empty (); });
  }
  /* All processes of the pid namespace of @pid, but PID 1. */
  static std::set<pid_t>
  together_with (pid_t pid)
  {
    unsigned long wanted = namespace_of (pid, "pid");
    std::set<pid_t> found;

    for (const auto &p : descendants (getpid ()))
      if (namespace_of (p.pid, "pid") == wanted && p.name != "sandbox-session" && p.state != 'Z')
        found.insert (p.pid);
    return found;
  }
  void
  stop (const std::string &id)
  {
    EXPECT_TRUE (succeeds (sandboxctl ({ "stop", id })));
    EXPECT_TRUE (wait_for_state (id, "exited"));
  }
};

}
