/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/signals.h"

#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

void
sbx_signals_reset (void)
{
  static const unsigned long plain[8]; /* the kernel's own struct: SIG_DFL, no flags, nothing blocked */
  sigset_t none;

  /* Not by sigaction(3), which refuses the two that threads use (32, 33), and posix_spawn(3) has left those ignored.
   * EINVAL for those that cannot be changed */
  for (int signo = 1; signo < NSIG; signo++)
    syscall (SYS_rt_sigaction, signo, plain, NULL, NSIG / 8);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
}
