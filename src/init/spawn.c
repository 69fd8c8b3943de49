/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/init.h"
#include "wire/fdmap.h"

/* Everything that allocates is done before the fork. */
typedef struct {
  char **argv;
  char **env;
  size_t n_env;
  int32_t targets[SBX_FDMAP_MAX];
  uint32_t flags;
  char pwd[PATH_MAX + 4];
} Command;

static int
read_command (const SbxBlock *block, size_t n_fds, Command *command)
{
  SbxRecord record = { 0 };
  size_t n;

  command->flags = sbx_block_u32 (block, SBX_TAG_FLAGS, 0);
  if (!sbx_block_next (block, SBX_TAG_FDMAP, &record) || record.length != n_fds * sizeof (int32_t)) {
    errno = EBADMSG;
    return -1;
  }
  memcpy (command->targets, record.value, record.length);
  command->argv = sbx_block_strv (block, SBX_TAG_ARGV, &n);
  if (!command->argv)
    return -1;
  command->env = sbx_block_strv (block, SBX_TAG_ENV, &command->n_env);
  if (!command->env) {
    command->env = calloc (1, sizeof *command->env);
    command->n_env = 0;
  }
  return command->env ? 0 : -1;
}

/* Goes to the working directory, or home when that is allowed, and makes PWD say where we are. */
static int
enter_directory (const SbxBlock *block, Command *command)
{
  const char *home = sbx_block_string (block, SBX_TAG_HOME, "/");
  const char *cwd = sbx_block_string (block, SBX_TAG_CWD, home);

  if (chdir (cwd) < 0) {
    if (!(command->flags & SBX_START_CWD_OPTIONAL) && cwd != home)
      return -1;
    if (chdir (home) < 0 && chdir ("/") < 0)
      return -1;
  }
  memcpy (command->pwd, "PWD=", 4);
  if (!getcwd (command->pwd + 4, sizeof command->pwd - 4))
    return 0; /* as a shell does: no PWD is better than a wrong one */
  for (size_t i = 0; i < command->n_env; i++)
    if (strncmp (command->env[i], "PWD=", 4) == 0)
      command->env[i] = command->pwd;
  return 0;
}

static int
set_limits (const SbxBlock *block)
{
  SbxRecord record = { 0 };

  while (sbx_block_next (block, SBX_TAG_RLIMIT, &record)) {
    uint64_t row[3];
    struct rlimit limit, now;

    memcpy (row, record.value, sizeof row);
    limit = (struct rlimit){ row[1], row[2] };
    if (getrlimit ((__rlimit_resource_t) row[0], &now) < 0)
      return -1;
    if (limit.rlim_max > now.rlim_max) /* an ordinary user cannot raise it: what is lower already stays */
      limit.rlim_max = now.rlim_max;
    if (limit.rlim_cur > limit.rlim_max)
      limit.rlim_cur = limit.rlim_max;
    if (setrlimit ((__rlimit_resource_t) row[0], &limit) < 0)
      return -1;
  }
  return 0;
}

static void
reset_signals (void)
{
  struct sigaction plain = { .sa_handler = SIG_DFL };
  sigset_t none;

  for (int signo = 1; signo < NSIG; signo++)
    sigaction (signo, &plain, NULL); /* EINVAL for those that cannot be changed */
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
}

static void __attribute__ ((noreturn)) give_up (int report, SbxStep step)
{
  SbxInitFailure failure = { (int32_t) step, errno };

  if (write (report, &failure, sizeof failure) != (ssize_t) sizeof failure)
    _exit (124);
  _exit (125);
}

static void __attribute__ ((noreturn))
child (const SbxBlock *block, Command *command, const int *fds, size_t n, int control, uint32_t job, int report)
{
  SbxMessage hello = { .type = SBX_MSG_HELLO, .job = job };
  int moved;

  reset_signals ();
  if (setsid () < 0)
    give_up (report, SBX_STEP_FORK);
  if (sbx_message_send (control, &hello, NULL, 0) < 0)
    give_up (report, SBX_STEP_PROTOCOL);
  moved = sbx_fdmap_apply (fds, command->targets, n, report);
  if (moved < 0)
    give_up (report, SBX_STEP_DESCRIPTORS);
  report = moved;
  if ((command->flags & SBX_START_TTY) && ioctl (STDIN_FILENO, TIOCSCTTY, 0) < 0)
    give_up (report, SBX_STEP_TERMINAL);
  if (enter_directory (block, command) < 0)
    give_up (report, SBX_STEP_DIRECTORY);
  if (set_limits (block) < 0)
    give_up (report, SBX_STEP_LIMITS);
  environ = command->env; /* execvp looks at the application's own PATH */
  execvp (command->argv[0], command->argv);
  give_up (report, SBX_STEP_EXEC);
}

/* Whether the child reported something before exec closed the pipe. */
static bool
read_report (int fd, SbxInitFailure *failure)
{
  ssize_t n;

  do
    n = read (fd, failure, sizeof *failure);
  while (n < 0 && errno == EINTR);
  return n == (ssize_t) sizeof *failure;
}

pid_t
sbx_init_spawn (const SbxBlock *block, const int *fds, size_t n, int control, uint32_t job, SbxInitFailure *failure)
{
  Command command = { 0 };
  int report[2] = { -1, -1 };
  pid_t pid = -1;

  *failure = (SbxInitFailure){ SBX_STEP_FORK, 0 };
  if (read_command (block, n, &command) < 0) {
    *failure = (SbxInitFailure){ SBX_STEP_PROTOCOL, errno };
  } else if (pipe2 (report, O_CLOEXEC) < 0) {
    failure->error = errno;
  } else {
    pid = fork ();
    if (pid == 0)
      child (block, &command, fds, n, control, job, report[1]);
    failure->error = errno;
    close (report[1]);
    if (pid > 0 && read_report (report[0], failure)) {
      waitpid (pid, NULL, 0);
      pid = -1;
    }
    close (report[0]);
  }
  free (command.argv);
  free (command.env);
  return pid;
}
