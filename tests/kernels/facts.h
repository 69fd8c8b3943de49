/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of the kernel that a test runs on: said by scripts/kernels, or found out where nobody says it. */
#pragma once

#include <string>

#include "harness.h"

namespace e2e {

struct Facts {
  int abi = 0;               /* of Landlock */
  int yama = -1;             /* kernel.yama.ptrace_scope */
  bool pidns = false;        /* procfs has the option */
  std::string userns = "on"; /* or which switch is off: clone, max, apparmor */
  bool told = false;         /* by SBX_KERNEL_FACTS, and not found out */
};

/* From SBX_KERNEL_FACTS="abi=6 yama=1 pidns=0 userns=on". */
const Facts &facts ();

/* The number that a process has in the innermost pid namespace that it is in. */
std::string number_inside (pid_t pid);

/* Fixture for all that is about kernels. */
class KernelTest : public SandboxTest {
protected:
  KernelTest () : SandboxTest (Bus::SESSION)
  {
  }
  /* "lenient": the default profile, and "lenient-browser": the browser's, where they may start without Landlock. */
  void SetUp () override;
  /* A profile like the default one that starts on every kernel. */
  static Argv
  startable ()
  {
    return { facts ().abi > 0 ? "--profile=default" : "--profile=lenient" };
  }
};

}
