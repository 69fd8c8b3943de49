/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandbox-keeper: stays with one instance on the host's side, whatever happens to sandboxd.
 * Started by sandboxd with a socket on descriptor 3; everything else comes in messages (wire/message.h). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "keeper/parts/table.h"
#include "keeper/run.h"
#include "wire/layout.h"

int
main (void)
{
  static SbxKeeper keeper;

  if (fcntl (SBX_KEEPER_SOCKET_FD, F_SETFD, FD_CLOEXEC) < 0) {
    fputs ("sandbox-keeper is started by sandboxd, not by hand: see sandboxctl(1)\n", stderr);
    return EXIT_FAILURE;
  }
  for (int fd = SBX_JOIN_OWNER_FD; fd <= SBX_JOIN_LINK_FD; fd++)
    (void) fcntl (fd, F_SETFD, FD_CLOEXEC); /* EBADF: not a handler's */
  (void) setsid ();                         /* EPERM: we lead a group already */
  /* Nobody of the same user traces us or reads our memory, and nothing that we start gains privileges. What we execute
   * can be traced again: execve(2). Our filter is sandboxd's (plan/filter/own-table.c) */
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
    return EXIT_FAILURE;
  if (sbx_keeper_set_up (&keeper, SBX_KEEPER_SOCKET_FD, sbx_parts_table, sbx_n_parts) < 0
      || sbx_keeper_run (&keeper) < 0)
    return EXIT_FAILURE;
  return EXIT_SUCCESS;
}
