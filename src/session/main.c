/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandbox-session: holds the user and pid namespace of the instances with pidns=session, as PID 1 of it; with it, they
 * all end. Started by sandboxd for the first of them, ends after the last one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "session/serve.h"
#include "wire/layout.h"

int
main (void)
{
  SbxSessionSpace space;
  const char *step;

  if (fcntl (SBX_SESSION_LISTENER_FD, F_SETFD, FD_CLOEXEC) < 0
      || fcntl (SBX_SESSION_DIRECTORY_FD, F_SETFD, FD_CLOEXEC) < 0) {
    fputs ("sandbox-session is started by sandboxd, not by hand: see sandboxctl(1)\n", stderr);
    return EXIT_FAILURE;
  }
  prctl (PR_SET_NAME, "sandbox-session");
  if (sbx_session_space_make (&space, &step) < 0) {
    sbx_session_refuse (SBX_SESSION_LISTENER_FD, SBX_SESSION_DIRECTORY_FD, errno, step);
    return EXIT_FAILURE;
  }
  (void) setsid ();
  if (chdir ("/") == 0)
    sbx_session_serve (&space, SBX_SESSION_LISTENER_FD, SBX_SESSION_DIRECTORY_FD);
  return EXIT_SUCCESS;
}
