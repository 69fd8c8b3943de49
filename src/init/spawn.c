/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
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
  size_t argc;
  char **shell; /* room for argv with "/bin/sh" before it */
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

  command->flags = sbx_block_u32 (block, SBX_TAG_FLAGS, 0);
  if (!sbx_block_next (block, SBX_TAG_FDMAP, &record) || record.length != n_fds * sizeof (int32_t)) {
    errno = EBADMSG;
    return -1;
  }
  memcpy (command->targets, record.value, record.length);
  command->argv = sbx_block_strv (block, SBX_TAG_ARGV, &command->argc);
  if (!command->argv)
    return -1;
  command->shell = calloc (command->argc + 2, sizeof *command->shell);
  if (!command->shell)
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
    if (getrlimit ((int) row[0], &now) < 0)
      return -1;
    if (limit.rlim_max > now.rlim_max) /* an ordinary user cannot raise it: what is lower already stays */
      limit.rlim_max = now.rlim_max;
    if (limit.rlim_cur > limit.rlim_max)
      limit.rlim_cur = limit.rlim_max;
    if (setrlimit ((int) row[0], &limit) < 0)
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

static void __attribute__ ((noreturn)) give_up (SbxInitFailure *failure, SbxStep step)
{
  *failure = (SbxInitFailure){ (int32_t) step, errno };
  _exit (125);
}

/* execve, and for a script without "#!" the shell, as POSIX wants it of execvp; libcs differ there. */
static void
try_exec (const Command *command, const char *path)
{
  char **argv = command->argv;

  execve (path, argv, command->env);
  if (errno == ENOEXEC) {
    command->shell[0] = (char *) "/bin/sh";
    command->shell[1] = (char *) path;
    memcpy (command->shell + 2, argv + 1, (command->argc - 1) * sizeof *argv);
    command->shell[command->argc + 1] = NULL;
    execve ("/bin/sh", command->shell, command->env);
  }
}

static const char *
search_path (const Command *command)
{
  for (size_t i = 0; i < command->n_env; i++)
    if (strncmp (command->env[i], "PATH=", 5) == 0)
      return command->env[i] + 5;
  return "/usr/bin:/bin";
}

/* Looks for the command along the application's own PATH. Returns with errno: EACCES is remembered while the search
 * goes on, so that "not executable" is not reported as "not found". */
static void
search (const Command *command)
{
  const char *name = command->argv[0], *at = search_path (command);
  char path[PATH_MAX];
  bool refused = false;

  if (strchr (name, '/')) {
    try_exec (command, name);
    return;
  }
  errno = ENOENT;
  while (*name && *at) {
    size_t length = strcspn (at, ":");

    if (snprintf (path, sizeof path, "%.*s%s%s", (int) length, at, length > 0 ? "/" : "", name) < (int) sizeof path) {
      try_exec (command, path);
      if (errno == EACCES)
        refused = true;
      else if (errno != ENOENT && errno != ENOTDIR)
        return;
    }
    at += length + (at[length] == ':');
  }
  errno = refused ? EACCES : ENOENT;
}

/* Waits for the keeper to close its end. */
static int
pass_gate (int gate)
{
  char byte;
  ssize_t n;

  if (gate < 0)
    return 0;
  do
    n = read (gate, &byte, sizeof byte);
  while (n < 0 && errno == EINTR);
  return n < 0 ? -1 : 0;
}

static void __attribute__ ((noreturn))
child (const SbxBlock *block, Command *command, const SbxInitJob *job, SbxInitFailure *failure)
{
  SbxMessage hello = { .type = SBX_MSG_HELLO, .job = job->number };

  reset_signals ();
  if (setsid () < 0)
    give_up (failure, SBX_STEP_FORK);
  if (sbx_message_send (job->control, &hello, NULL, 0) < 0)
    give_up (failure, SBX_STEP_PROTOCOL);
  if (pass_gate (job->gate) < 0)
    give_up (failure, SBX_STEP_TRACE);
  if (sbx_fdmap_apply (job->fds, command->targets, job->n_fds, -1) < 0)
    give_up (failure, SBX_STEP_DESCRIPTORS);
  if ((command->flags & SBX_START_TTY) && ioctl (STDIN_FILENO, TIOCSCTTY, 0) < 0)
    give_up (failure, SBX_STEP_TERMINAL);
  if (enter_directory (block, command) < 0)
    give_up (failure, SBX_STEP_DIRECTORY);
  if (set_limits (block) < 0)
    give_up (failure, SBX_STEP_LIMITS);
  search (command);
  give_up (failure, SBX_STEP_EXEC);
}

pid_t
sbx_init_spawn (const SbxBlock *block, const SbxInitJob *job, SbxInitFailure *failure)
{
  Command command = { 0 };
  pid_t pid = -1;

  *failure = (SbxInitFailure){ SBX_STEP_NONE, 0 };
  if (read_command (block, job->n_fds, &command) < 0) {
    *failure = (SbxInitFailure){ SBX_STEP_PROTOCOL, errno };
  } else {
    /* vfork: quick, and what the child writes to @failure is there when we go on, which is after its exec or exit */
    pid = vfork ();
    if (pid == 0)
      child (block, &command, job, failure);
    if (pid < 0)
      *failure = (SbxInitFailure){ SBX_STEP_FORK, errno };
    if (pid > 0 && failure->step != SBX_STEP_NONE) {
      waitpid (pid, NULL, 0);
      pid = -1;
    }
  }
  free (command.argv);
  free (command.shell);
  free (command.env);
  return pid;
}
