/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stands in for sandbox-keeper: becomes it, traced by a process of its own, which kills it, or a child of it, at the
 * Nth step of what it does. A step is a system call that changes something which others see; it is not made then. The
 * keeper itself cannot be traced once it runs, and nothing of this is in it.
 *
 * In the directory of this program are: real-keeper; fault, written by the test: "PID c|k N"; armed, which that
 * becomes, and as long as it is there steps are counted; hit, which is made when it is killed; disarmed.PID, which is
 * made when armed is gone: from then on no step is one. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRACEES 4096
#define OPTIONS PTRACE_O_TRACESYSGOOD
#define GET_SYSCALL_INFO 0x420e /* PTRACE_GET_SYSCALL_INFO, whose header clashes with the C library's */

typedef struct {
  pid_t keeper;
  bool armed, children, disarmed;
  unsigned n, nth;
  bool inside[TRACEES]; /* by pid, roughly: whether it is in a call */
} Tracer;

static const long steps[] = {
  SYS_rename,
  SYS_renameat,
  SYS_renameat2,
  SYS_unlink,
  SYS_unlinkat,
  SYS_openat,
  SYS_open,
  SYS_write,
  SYS_pwrite64,
  SYS_sendmsg,
  SYS_fork,
  SYS_vfork,
  SYS_clone,
  SYS_kill,
  SYS_prlimit64,
  SYS_setns,
  SYS_unshare,
  SYS_mkdir,
  SYS_mkdirat,
  SYS_umount2,
  SYS_execve,
  SYS_socketpair,
  428 /* open_tree */,
  429 /* move_mount */,
  430 /* fsopen */,
  432 /* fsmount */,
  442 /* mount_setattr */,
};

static bool
is_step (pid_t pid)
{
  unsigned long info[16] = { 0 }; /* struct ptrace_syscall_info: op and arch, two pointers, the number */

  if (ptrace (GET_SYSCALL_INFO, pid, sizeof info, info) <= 0)
    return false;
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
    if (steps[i] == (long) info[3])
      return true;
  return false;
}

static void
arm (Tracer *self)
{
  FILE *file = fopen ("fault", "re");
  int pid = 0;
  char who = 0;
  unsigned nth = 0;

  if (!file)
    return;
  if (fscanf (file, "%d %c %u", &pid, &who, &nth) == 3 && pid == self->keeper) {
    self->children = who == 'c';
    self->nth = nth;
    self->armed = true;
    ptrace (PTRACE_INTERRUPT, self->keeper, NULL, NULL);
  }
  fclose (file);
}

static void
serve (Tracer *self, pid_t pid, int status)
{
  const long more = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
  int event = status >> 16, signo = WSTOPSIG (status);
  bool call = event == 0 && signo == (SIGTRAP | 0x80);

  if (self->armed && pid == self->keeper && access ("fault", F_OK) == 0) {
    ptrace (PTRACE_SETOPTIONS, pid, NULL, self->children ? OPTIONS | more : OPTIONS);
    (void) rename ("fault", "armed");
  }
  if (call) {
    bool entry = !self->inside[pid % TRACEES];

    self->inside[pid % TRACEES] = entry;
    if (entry && self->n < self->nth && (pid == self->keeper) != self->children && is_step (pid)
        && access ("armed", F_OK) == 0 && ++self->n == self->nth) {
      close (open ("hit", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
      kill (pid, SIGKILL);
    }
  }
  ptrace (self->armed ? PTRACE_SYSCALL : PTRACE_CONT, pid, NULL, event == 0 && !call ? (long) signo : 0L);
}

static void
look_whether_disarmed (Tracer *self)
{
  char name[32];

  if (!self->armed || self->disarmed || access ("fault", F_OK) == 0 || access ("armed", F_OK) == 0)
    return;
  snprintf (name, sizeof name, "disarmed.%d", (int) self->keeper);
  close (open (name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  self->disarmed = true;
}

static void __attribute__ ((noreturn)) trace (pid_t keeper, int ready)
{
  static Tracer self;
  pid_t pid;
  int status;

  self.keeper = keeper;
  if (ptrace (PTRACE_SEIZE, keeper, NULL, OPTIONS) < 0 || write (ready, "", 1) != 1)
    _exit (1);
  for (int fd = 0; fd < 256; fd++)
    close (fd);
  while ((pid = waitpid (-1, &status, __WALL | WNOHANG)) >= 0 || errno == EINTR) {
    if (pid > 0 && WIFSTOPPED (status))
      serve (&self, pid, status);
    else if (pid == 0)
      usleep (self.armed ? 50 : 1000);
    if (pid == 0 && !self.armed)
      arm (&self);
    look_whether_disarmed (&self);
  }
  while (self.armed && !self.disarmed) { /* there is nobody any more whom it could hit */
    usleep (1000);
    look_whether_disarmed (&self);
  }
  _exit (0);
}

int
main (int argc, char **argv)
{
  char path[PATH_MAX] = "", byte, *slash;
  pid_t self = getpid (), between;
  int ready[2];

  if (readlink ("/proc/self/exe", path, sizeof path - 1) <= 0 || !(slash = strrchr (path, '/')) || pipe (ready) < 0)
    return 1;
  *slash = '\0';
  between = fork ();
  if (between == 0) {
    if (fork () == 0 && setsid () > 0 && chdir (path) == 0)
      trace (self, ready[1]);
    _exit (0);
  }
  waitpid (between, NULL, 0);
  close (ready[1]);
  if (read (ready[0], &byte, 1) != 1)
    return 1;
  close (ready[0]);
  strcat (path, "/real-keeper");
  execv (path, argv);
  return 1;
}
