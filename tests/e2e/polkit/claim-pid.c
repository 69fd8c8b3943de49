/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* claim-pid PID UID: as root, a process with that number and that uid, which prints its number and waits to be killed
 * with us. This is how a test reuses a pid without starting thirty thousand processes. */
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void
pretend (uid_t uid)
{
  if (setgid (uid) < 0 || setuid (uid) < 0 || prctl (PR_SET_PDEATHSIG, SIGKILL) < 0)
    _exit (1);
  printf ("%d\n", (int) getpid ());
  (void) fflush (stdout);
  for (;;)
    pause ();
}

int
main (int argc, char **argv)
{
  pid_t wanted = argc == 3 ? atoi (argv[1]) : 0;
  struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uint64_t) (uintptr_t) &wanted, .set_tid_size = 1 };
  long child;

  if (wanted <= 0)
    return 2;
  child = syscall (SYS_clone3, &args, sizeof args); /* clone(2): set_tid, Linux 5.5 */
  if (child == 0)
    pretend ((uid_t) atoi (argv[2]));
  if (child < 0) {
    perror ("claim-pid: clone3");
    return 1;
  }
  (void) waitpid ((pid_t) child, NULL, 0);
  return 0;
}
