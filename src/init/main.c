/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandbox-init: PID 1 of an instance. Executed by bwrap, see wire/layout.h for its descriptors. */
#include "init/init.h"
#include "wire/layout.h"

int
main (void)
{
  return sbx_init_run (SBX_INIT_CONTROL_FD);
}
