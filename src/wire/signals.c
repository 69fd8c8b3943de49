/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/signals.h"

#include <signal.h>
#include <stddef.h>

void
sbx_signals_reset (void)
{
  struct sigaction plain = { .sa_handler = SIG_DFL };
  sigset_t none;

  for (int signo = 1; signo < NSIG; signo++)
    sigaction (signo, &plain, NULL); /* EINVAL for those that cannot be changed */
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
}
