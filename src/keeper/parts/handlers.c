/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The instance's side of its handlers: starting their keepers in our own Landlock domain, and cleaning up after them.
 * Each is a sandbox with a keeper, a record and an end of its own; here it is a child process and a socket. */
#include "keeper/parts/handlers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "keeper/parts/crash.h"
#include "keeper/reach.h"
#include "keeper/state.h"
#include "wire/fdmap.h"
#include "wire/layout.h"
#include "wire/signals.h"
#include "wire/sys.h"

#define SWEEPS 200 /* of a millisecond each, for what is being killed to be gone */

#define HANDLERS 16   /* at once */
#define GRACE_MS 2000 /* that handlers have to follow their ended instance */

typedef struct SbxHandlers SbxHandlers;

/* The keeper of a handler of this instance: our child. */
typedef struct {
  pid_t pid;      /* 0: a free row */
  SbxWatch link;  /* socket to it */
  int mounts;     /* the handler's mount namespace, once it is there, or -1 */
  bool hold;      /* the instance stays while it runs */
  uint32_t crash; /* that it was started for, or 0 */
} SbxHandler;

struct SbxHandlers {
  SbxPartState head;
  SbxWatch grace; /* due: when they are not waited for any more */
  bool in_grace, grace_is_over;
  SbxHandler rows[HANDLERS];
};

static SbxHandler *
free_row (SbxHandlers *self)
{
  for (size_t i = 0; i < HANDLERS; i++)
    if (self->rows[i].pid == 0)
      return &self->rows[i];
  return NULL;
}

static bool
holds (const void *state)
{
  const SbxHandlers *self = state;

  for (size_t i = 0; i < HANDLERS; i++)
    if (self->rows[i].pid != 0 && self->rows[i].hold)
      return true;
  return false;
}

static void __attribute__ ((noreturn)) exec_keeper (int program, const int *sources, const int32_t *targets, size_t n)
{
  char *argv[] = { (char *) "sandbox-keeper", NULL }, *empty[] = { NULL };

  sbx_signals_reset ();
  program = sbx_fdmap_apply (sources, targets, n, program);
  if (program >= 0)
    (void) sbx_sys_execveat (program, argv, empty);
  _exit (127);
}

/* READY of a handler's keeper with its mount namespace, or the end of its socket. False when there is nothing new. */
static bool
read_link (SbxHandler *handler)
{
  int fds[SBX_MESSAGE_FDS];
  SbxMessage message;
  size_t n;
  int rc = sbx_message_recv_now (handler->link.fd, SBX_CHANNEL_HANDLER_TO_KEEPER, &message, fds, &n, NULL);

  if (rc < 0 && errno == EAGAIN)
    return false;
  if (rc > 0 && handler->mounts < 0) {
    handler->mounts = fds[0];
    return true;
  }
  if (rc > 0)
    close (fds[0]);
  sbx_watch_close (&handler->link); /* the rest comes with SIGCHLD */
  return true;
}

static void
serve (SbxWatch *watch)
{
  (void) read_link (SBX_OWNER (watch, SbxHandler, link));
}

/* Not inlined: a local variable of a function that calls vfork could be clobbered. */
static pid_t __attribute__ ((noinline)) spawn (int program, const int *sources, const int32_t *targets, size_t n)
{
  pid_t pid = vfork ();

  if (pid == 0)
    exec_keeper (program, sources, targets, n);
  return pid;
}

/* Starts a handler's keeper with the descriptors of its target, and the socket that sandboxd sent as
 * SBX_KEEPER_SOCKET_FD. */
static int
start_keeper (SbxHandlers *self, SbxHandler *row, const SbxNamespaces *namespaces, int user, int socket, int program)
{
  const int32_t targets[] = { STDERR_FILENO,   SBX_KEEPER_SOCKET_FD, SBX_JOIN_OWNER_FD, SBX_JOIN_USER_FD,
                              SBX_JOIN_PID_FD, SBX_JOIN_MOUNT_FD,    SBX_JOIN_INIT_FD,  SBX_JOIN_LINK_FD };
  SbxKeeper *keeper = self->head.keeper;
  int link[2];
  pid_t pid;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, link) < 0)
    return -1;
  const int sources[] = { STDERR_FILENO,       socket, namespaces->owner, user, namespaces->pid, namespaces->mount,
                          keeper->init.end.fd, link[1] };
  if (sbx_loop_add (&keeper->loop, &row->link, SBX_ORDER_HANDLERS, serve, NULL) == 0)
    sbx_watch_open (&row->link, link[0]);
  else
    close (link[0]);
  pid = row->link.fd >= 0 ? spawn (program, sources, targets, sizeof targets / sizeof *targets) : -1;
  close (link[1]);
  if (pid < 0) {
    sbx_watch_remove (&row->link);
    return -1;
  }
  row->pid = pid;
  row->mounts = -1;
  return 0;
}

static int
attach (SbxHandlers *self, SbxHandler *row, int socket, int program)
{
  const SbxInitLink *init = &self->head.keeper->init;
  SbxNamespaces namespaces;
  char path[64];
  int user, rc = -1, saved;

  if (sbx_namespaces_open (&namespaces, init->pid, init->end.fd) < 0)
    return -1;
  snprintf (path, sizeof path, "/proc/%d/ns/user", (int) init->pid);
  user = open (path, O_RDONLY | O_CLOEXEC);
  if (user >= 0)
    rc = start_keeper (self, row, &namespaces, user, socket, program);
  saved = errno;
  if (user >= 0)
    close (user);
  sbx_namespaces_close (&namespaces);
  errno = saved;
  return rc;
}

/* ATTACH: starts a handler's keeper, which serves the socket fds[0], from the open program fds[1]; says FAILED over
 * that socket if it cannot, as the keeper would say it that is not there. */
static bool
said (void *state, const SbxMessage *message, const int *fds)
{
  SbxHandlers *self = state;
  SbxKeeper *keeper = self->head.keeper;
  SbxMessage failed = { .type = SBX_MSG_FAILED, .detail = SBX_STEP_JOIN };
  SbxHandler *row = free_row (self);

  if (message->type != SBX_MSG_ATTACH)
    return false;
  if (keeper->state != SBX_KEEPER_RUNNING)
    failed.value = ESRCH;
  else if (!row)
    failed.value = EAGAIN;
  else if ((message->crash != 0 && sbx_crash_claim (keeper, message->crash) < 0)
           || attach (self, row, fds[0], fds[1]) < 0)
    failed.value = errno;
  if (failed.value != 0) {
    (void) sbx_message_send_now (fds[0], &failed, NULL, 0);
    if (failed.value != EALREADY)
      sbx_crash_handled (keeper, message->crash);
    return true;
  }
  row->crash = message->crash;
  row->hold = (message->value & SBX_ATTACH_HOLD) != 0;
  if (row->hold)
    sbx_keeper_update_hold (keeper);
  return true;
}

/* Sweeps what the handler has left. Its keeper has done so itself, unless it was killed. */
static void
sweep (const SbxHandler *handler)
{
  const struct timespec moment = { 0, 1000000 };

  for (int i = 0; i < SWEEPS && sbx_reach_kill (handler->mounts) > 0; i++)
    nanosleep (&moment, NULL);
}

static void
has_ended (SbxHandlers *self, SbxHandler *handler)
{
  bool held = handler->hold;

  while (handler->link.fd >= 0 && read_link (handler)) /* where its mounts are, if it had just said so */
    ;
  sweep (handler);
  if (handler->mounts >= 0)
    close (handler->mounts);
  sbx_watch_remove (&handler->link);
  handler->pid = 0;
  handler->hold = false;
  sbx_crash_handled (self->head.keeper, handler->crash);
  if (held)
    sbx_keeper_update_hold (self->head.keeper);
}

static bool
reaped (void *state, pid_t pid, int status)
{
  SbxHandlers *self = state;

  for (size_t i = 0; i < HANDLERS; i++)
    if (self->rows[i].pid == pid) {
      has_ended (self, &self->rows[i]);
      return true;
    }
  return false;
}

static void
end_grace (SbxWatch *watch)
{
  SBX_OWNER (watch, SbxHandlers, grace)->grace_is_over = true;
}

/* With PID 1 everything of theirs is dead; their keepers get some time, and no more, to write that down. */
static bool
is_gone (void *state)
{
  SbxHandlers *self = state;
  bool any = false;

  for (size_t i = 0; i < HANDLERS; i++)
    any |= self->rows[i].pid != 0;
  if (any && !self->in_grace) {
    self->in_grace = true;
    self->grace.due = sbx_loop_now () + GRACE_MS;
  }
  return !any || self->grace_is_over;
}

static int
set_up (void *state)
{
  SbxHandlers *self = state;

  return sbx_loop_add (&self->head.keeper->loop, &self->grace, SBX_ORDER_PARTS, NULL, end_grace);
}

bool
sbx_handlers_are_there (const SbxKeeper *keeper)
{
  const SbxHandlers *self = sbx_parts_find (&keeper->parts, &sbx_part_handlers);

  for (size_t i = 0; self && i < HANDLERS; i++)
    if (self->rows[i].pid != 0)
      return true;
  return false;
}

const SbxPart sbx_part_handlers = {
  .name = "handlers",
  .size = sizeof (SbxHandlers),
  .set_up = set_up,
  .holds = holds,
  .said = said,
  .reaped = reaped,
  .is_gone = is_gone,
};
