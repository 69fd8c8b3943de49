/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kills the service at the Nth step of something that it does. A step is a system call that changes something
 * which others see; it is killed at the beginning of that call, so the call is not made. Nothing of this is in the
 * program: it is traced (ptrace(2)). The keeper does not
 * let itself be traced: fault-keeper.c. */
#pragma once

#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

namespace e2e {

class FaultPoint {
public:
  /* Kills @victim at its step @nth, from 1. */
  FaultPoint (pid_t victim, unsigned nth) : nth_ (nth)
  {
    if (ptrace (PTRACE_SEIZE, victim, nullptr, long{ PTRACE_O_TRACESYSGOOD }) != 0)
      throw std::runtime_error (std::string ("ptrace: ") + strerror (errno));
    tracees_[victim] = false;
    ptrace (PTRACE_INTERRUPT, victim, nullptr, nullptr);
  }
  FaultPoint (const FaultPoint &) = delete;
  FaultPoint &operator= (const FaultPoint &) = delete;
  ~FaultPoint ()
  {
    for (const auto &[pid, inside] : tracees_) {
      int status;

      ptrace (PTRACE_INTERRUPT, pid, nullptr, nullptr);
      if (waitpid (pid, &status, __WALL) == pid && WIFSTOPPED (status))
        ptrace (PTRACE_DETACH, pid, nullptr,
                status >> 16 == 0 && WSTOPSIG (status) != (SIGTRAP | 0x80) ? WSTOPSIG (status) : 0);
    }
  }
  /* Goes on with what is stopped; to be called again and again until what is done is over. */
  void
  go_on ()
  {
    auto all = tracees_; /* others come and go meanwhile */

    for (const auto &[pid, inside] : all) {
      int status;

      if (waitpid (pid, &status, __WALL | WNOHANG) != pid)
        continue;
      if (!WIFSTOPPED (status))
        tracees_.erase (pid);
      else
        serve (pid, status);
    }
  }
  bool
  has_hit () const
  {
    return n_ >= nth_;
  }

private:
  static bool
  is_step (long number)
  {
    switch (number) {
    case SYS_rename:
    case SYS_renameat:
    case SYS_renameat2:
    case SYS_unlink:
    case SYS_unlinkat:
    case SYS_openat:
    case SYS_write:
    case SYS_pwrite64:
    case SYS_sendmsg:
    case SYS_fork:
    case SYS_vfork:
    case SYS_clone:
    case SYS_kill:
    case SYS_prlimit64:
    case SYS_setns:
    case SYS_unshare:
    case SYS_mkdir:
    case SYS_mkdirat:
    case SYS_umount2:
    case 428: /* open_tree */
    case 429: /* move_mount */
    case 432: /* fsmount */
    case 442: /* mount_setattr */
      return true;
    default:
      return false;
    }
  }
  void
  serve (pid_t pid, int status)
  {
    int event = status >> 16, signal = WSTOPSIG (status);

    if (event == 0 && signal == (SIGTRAP | 0x80)) {
      bool entry = !tracees_[pid];

      tracees_[pid] = entry;
      if (entry && !has_hit () && is_step (number_of (pid)) && ++n_ == nth_)
        kill (pid, SIGKILL);
    }
    ptrace (PTRACE_SYSCALL, pid, nullptr, event == 0 && signal != (SIGTRAP | 0x80) ? signal : 0);
  }
  /* Of the call that it is about to make. */
  static long
  number_of (pid_t pid)
  {
    unsigned long info[16] = {}; /* struct ptrace_syscall_info: op and arch, two pointers, then the number */

    if (ptrace (static_cast<__ptrace_request> (0x420e), pid, sizeof info, info) <= 0) /* PTRACE_GET_SYSCALL_INFO */
      return -1;
    return static_cast<long> (info[3]);
  }

  unsigned nth_, n_ = 0;
  std::map<pid_t, bool> tracees_; /* whether it is in a call */
};

}
