/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/bwrap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wire/fdmap.h"
#include "wire/layout.h"
#include "wire/signals.h"

typedef struct {
  int sources[SBX_FDMAP_MAX];
  int32_t targets[SBX_FDMAP_MAX];
  size_t n;
} Map;

static void
serve (SbxWatch *watch)
{
  sbx_bwrap_read (SBX_OWNER (watch, SbxBwrap, output));
}

int
sbx_bwrap_set_up (SbxBwrap *self, SbxLoop *loop, int order)
{
  return sbx_loop_add (loop, &self->output, order, serve, NULL);
}

static void
put (Map *map, int source, int32_t target)
{
  map->sources[map->n] = source;
  map->targets[map->n++] = target;
}

static int
put_files (Map *map, const SbxBlock *block, const int *files, size_t n)
{
  SbxRecord record = { 0 };

  if (!sbx_block_next (block, SBX_TAG_FDMAP, &record) || record.length != n * sizeof (int32_t)
      || map->n + n > SBX_FDMAP_MAX) {
    errno = EBADMSG;
    return -1;
  }
  memcpy (map->targets + map->n, record.value, record.length);
  memcpy (map->sources + map->n, files, n * sizeof *files);
  map->n += n;
  return 0;
}

/* Ends with @keeper, as --die-with-parent would have it, which a handler's bwrap is not told (plan/bwrap-args.c): what
 * it starts ends upon the end of our socket then, and what has got further is swept by the target's keeper. */
static void __attribute__ ((noreturn)) exec_it (pid_t keeper, char **argv, const Map *map)
{
  char *empty[] = { NULL };

  if (prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid () != keeper)
    _exit (127);
  sbx_signals_reset ();
  if (sbx_fdmap_apply (map->sources, map->targets, map->n, -1) == 0)
    execve (argv[0], argv, empty);
  dprintf (STDERR_FILENO, "cannot execute %s: %s\n", argv[0], strerror (errno));
  _exit (127);
}

static char **
read_command (const SbxJoin *join, const SbxBlock *block)
{
  size_t argc;
  char **argv = sbx_block_strv (block, SBX_TAG_BWRAP, &argc), **joining;

  if (!argv || join->kind == SBX_JOIN_NOTHING)
    return argv;
  joining = sbx_join_argv (join, argv, argc);
  free (argv);
  return joining;
}

/* vfork: bwrap starts at once, and not after we have written the record on the same processor; 0.4 ms of 5. Not
 * inlined: a local variable of a function that calls vfork could be clobbered. */
static pid_t __attribute__ ((noinline)) spawn (char **argv, const Map *map)
{
  const pid_t self = getpid ();
  pid_t pid = vfork ();

  if (pid == 0)
    exec_it (self, argv, map);
  return pid;
}

typedef struct {
  int control[2], output[2];
} Ends;

static int
open_ends (Ends *ends)
{
  int on = 1;

  *ends = (Ends){ { -1, -1 }, { -1, -1 } };
  return socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends->control) < 0
                 || pipe2 (ends->output, O_CLOEXEC) < 0
                 || setsockopt (ends->control[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0
             ? -1
             : 0;
}

static void
close_ends (const Ends *ends, bool ours)
{
  const int all[] = { ends->control[1], ends->output[1], ours ? ends->control[0] : -1, ours ? ends->output[0] : -1 };
  int saved = errno;

  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i] >= 0)
      close (all[i]);
  errno = saved;
}

int
sbx_bwrap_start (SbxBwrap *self, const SbxBlock *block, const SbxJoin *join, int init, const int *files, size_t n_files)
{
  char **argv = read_command (join, block);
  pid_t pid = -1;
  Ends ends;
  Map map;

  map.n = 0;
  if (!argv)
    return -1;
  if (open_ends (&ends) == 0) {
    put (&map, ends.output[1], STDERR_FILENO);
    put (&map, ends.control[1], SBX_INIT_CONTROL_FD);
    put (&map, init, SBX_INIT_PROGRAM_FD);
    if (join->kind != SBX_JOIN_NOTHING)
      map.n += sbx_join_map (join, map.sources + map.n, map.targets + map.n);
    if (put_files (&map, block, files, n_files) == 0)
      pid = spawn (argv, &map);
  }
  free (argv);
  close_ends (&ends, pid < 0);
  if (pid < 0)
    return -1;
  self->pid = pid;
  fcntl (ends.output[0], F_SETFL, O_NONBLOCK);
  sbx_watch_open (&self->output, ends.output[0]);
  return ends.control[0];
}

void
sbx_bwrap_read (SbxBwrap *self)
{
  ssize_t n;

  if (self->output.fd < 0)
    return;
  for (;;) {
    char chunk[512] = { 0 };
    size_t room = SBX_MESSAGE_TEXT - self->n_said;

    n = read (self->output.fd, chunk, sizeof chunk);
    if (n <= 0)
      break;
    if (room > (size_t) n) /* what is more than fits is read and forgotten */
      room = (size_t) n;
    memcpy (self->said + self->n_said, chunk, room);
    self->n_said += room;
  }
  if (n == 0 || errno != EAGAIN)
    sbx_watch_close (&self->output);
}

int
sbx_bwrap_explain (SbxBwrap *self)
{
  bool killed = WIFSIGNALED (self->status);
  int signo = killed ? WTERMSIG (self->status) : WEXITSTATUS (self->status) - 128;

  sbx_bwrap_read (self);
  if (self->n_said == 0 && signo > 0)
    snprintf (self->said, sizeof self->said, "%s was ended by signal %d", killed ? "it" : "sandbox-init", signo);
  else if (self->n_said == 0)
    snprintf (self->said, sizeof self->said, "sandbox-init ended with status %d", WEXITSTATUS (self->status));
  return killed ? EINTR : 0;
}
