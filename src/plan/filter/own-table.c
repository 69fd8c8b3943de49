/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What no process of ours has a use for, nor any that it starts: the filter of sandboxd, which keepers, bwrap and
 * applications inherit.
 *
 * That is why it is a list of what is refused, and a short one. What an application may be allowed ([Seccomp] allow=,
 * the tiers, features=devel) cannot be taken from who starts it: a filter is never lifted (seccomp(2)). So ptrace,
 * which keepers and debuggers need, bpf, keyctl, perf_event_open, io_uring and userfaultfd are refused to
 * applications by their own filter (syscall-table.c) and not here; mount, setns and user namespaces are bwrap's and the
 * keeper's work. What is here takes power over the machine as a whole, which nothing in a user namespace has: no
 * profile can allow it. To sandboxd that root has started, it matters. */
#include "plan/filter/syscall-table.h"

#include <errno.h>

#define REFUSE(call, reason)                                                                                           \
  {                                                                                                                    \
    call, EPERM, SBX_TIERS_ALL, 0, SBX_CALL_ANY, 0, 0, 0, reason                                                       \
  }

#define MODULES "loads code into the kernel"
#define BOOT "another kernel, or none"
#define CLOCK "the clock is everybody's"
#define SWAP "memory of the whole machine"
#define PORTS "the processor's input and output"

const SbxCallRow sbx_own_rows[] = {
  REFUSE ("init_module", MODULES),
  REFUSE ("finit_module", MODULES),
  REFUSE ("delete_module", MODULES),
  REFUSE ("kexec_load", BOOT),
  REFUSE ("kexec_file_load", BOOT),
  REFUSE ("reboot", BOOT),
  REFUSE ("swapon", SWAP),
  REFUSE ("swapoff", SWAP),
  REFUSE ("settimeofday", CLOCK),
  REFUSE ("clock_settime", CLOCK),
  REFUSE ("iopl", PORTS),
  REFUSE ("ioperm", PORTS),
  REFUSE ("acct", "writes down what everybody runs"),
  REFUSE ("vhangup", "takes a terminal away from others"),
  REFUSE ("nfsservctl", "gone from the kernel"),
  REFUSE ("lookup_dcookie", "gone from the kernel"),
  { .call = NULL },
};
