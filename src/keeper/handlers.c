/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The instance's side of its handlers: starting their keepers in our own Landlock domain, and cleaning up after them.
 * Each is a sandbox with a keeper, a record and an end of its own; here it is a child process and a socket. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "wire/fdmap.h"
#include "wire/sys.h"

#define SWEEPS 200 /* of a millisecond each, for what is being killed to be gone */

static SbxHandler *
free_row (SbxKeeper *keeper)
{
  for (size_t i = 0; i < SBX_KEEPER_HANDLERS; i++)
    if (keeper->handlers[i].pid == 0)
      return &keeper->handlers[i];
  return NULL;
}

void
sbx_keeper_count_holders (SbxKeeper *keeper)
{
  SbxMessage message = { .type = SBX_MSG_HOLD, .value = keeper->memory >= 0 };

  for (size_t i = 0; i < SBX_KEEPER_HANDLERS; i++)
    message.value |= keeper->handlers[i].pid != 0 && keeper->handlers[i].hold;
  if (keeper->init >= 0)
    (void) sbx_message_send_now (keeper->init, &message, NULL, 0);
}

static void __attribute__ ((noreturn)) exec_keeper (int program, const int *sources, const int32_t *targets, size_t n)
{
  char *argv[] = { (char *) "sandbox-keeper", NULL }, *empty[] = { NULL };
  sigset_t none;

  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  signal (SIGPIPE, SIG_DFL);
  signal (SIGXFSZ, SIG_DFL);
  program = sbx_fdmap_apply (sources, targets, n, program);
  if (program >= 0)
    (void) sbx_sys_execveat (program, argv, empty);
  _exit (127);
}

/* SBX_JOIN_*_FD, with the socket that sandboxd sent as SBX_KEEPER_SOCKET_FD. */
static int
spawn (SbxKeeper *keeper, SbxHandler *row, const SbxNamespaces *namespaces, int user, int socket, int program)
{
  const int32_t targets[] = { STDERR_FILENO,   SBX_KEEPER_SOCKET_FD, SBX_JOIN_OWNER_FD, SBX_JOIN_USER_FD,
                              SBX_JOIN_PID_FD, SBX_JOIN_MOUNT_FD,    SBX_JOIN_INIT_FD,  SBX_JOIN_LINK_FD };
  int link[2];

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, link) < 0)
    return -1;
  const int sources[] = { STDERR_FILENO,      socket, namespaces->owner, user, namespaces->pid, namespaces->mount,
                          keeper->init_pidfd, link[1] };
  row->pid = vfork ();
  if (row->pid == 0)
    exec_keeper (program, sources, targets, sizeof targets / sizeof *targets);
  close (link[1]);
  if (row->pid < 0) {
    row->pid = 0;
    close (link[0]);
    return -1;
  }
  row->link = link[0];
  row->mounts = -1;
  return 0;
}

static int
join_and_spawn (SbxKeeper *keeper, SbxHandler *row, int socket, int program)
{
  SbxNamespaces namespaces;
  char path[64];
  int user, rc = -1, saved;

  if (sbx_namespaces_open (&namespaces, keeper->init_pid, keeper->init_pidfd) < 0)
    return -1;
  snprintf (path, sizeof path, "/proc/%d/ns/user", (int) keeper->init_pid);
  user = open (path, O_RDONLY | O_CLOEXEC);
  if (user >= 0)
    rc = spawn (keeper, row, &namespaces, user, socket, program);
  saved = errno;
  if (user >= 0)
    close (user);
  sbx_namespaces_close (&namespaces);
  errno = saved;
  return rc;
}

void
sbx_keeper_attach (SbxKeeper *keeper, const SbxMessage *message, int socket, int program)
{
  SbxMessage failed = { .type = SBX_MSG_FAILED, .detail = SBX_STEP_JOIN };
  SbxHandler *row = free_row (keeper);

  if (keeper->state != SBX_KEEPER_RUNNING)
    failed.value = ESRCH;
  else if (!row)
    failed.value = EAGAIN;
  else if ((message->crash != 0 && sbx_keeper_claim_crash (keeper, message->crash) < 0)
           || join_and_spawn (keeper, row, socket, program) < 0)
    failed.value = errno;
  if (failed.value != 0) { /* as its keeper would say it, which is not there */
    (void) sbx_message_send_now (socket, &failed, NULL, 0);
    if (failed.value != EALREADY)
      sbx_keeper_crash_handled (keeper, message->crash);
    return;
  }
  row->crash = message->crash;
  row->hold = (message->value & SBX_ATTACH_HOLD) != 0;
  if (row->hold)
    sbx_keeper_count_holders (keeper);
}

void
sbx_keeper_serve_handler (SbxHandler *handler)
{
  int fds[SBX_MESSAGE_FDS];
  SbxMessage message;
  size_t n;
  int rc = sbx_message_recv_now (handler->link, SBX_CHANNEL_HANDLER_TO_KEEPER, &message, fds, &n, NULL);

  if (rc < 0 && errno == EAGAIN)
    return;
  if (rc > 0 && handler->mounts < 0) {
    handler->mounts = fds[0];
    return;
  }
  if (rc > 0)
    close (fds[0]);
  close (handler->link); /* the rest comes with SIGCHLD */
  handler->link = -1;
}

/* Its keeper has done this itself, unless it was killed. */
static void
sweep (const SbxHandler *handler)
{
  const struct timespec moment = { 0, 1000000 };

  for (int i = 0; i < SWEEPS && sbx_join_sweep (handler->mounts) > 0; i++)
    nanosleep (&moment, NULL);
}

bool
sbx_keeper_handler_ended (SbxKeeper *keeper, pid_t pid)
{
  for (size_t i = 0; i < SBX_KEEPER_HANDLERS; i++) {
    SbxHandler *handler = &keeper->handlers[i];
    bool held = handler->hold;
    uint32_t crash = handler->crash;

    if (handler->pid != pid)
      continue;
    while (handler->link >= 0) /* where its mounts are, if it had just said so */
      sbx_keeper_serve_handler (handler);
    sweep (handler);
    if (handler->mounts >= 0)
      close (handler->mounts);
    *handler = (SbxHandler){ .link = -1, .mounts = -1 };
    sbx_keeper_crash_handled (keeper, crash);
    if (held)
      sbx_keeper_count_holders (keeper);
    return true;
  }
  return false;
}

bool
sbx_keeper_has_handlers (const SbxKeeper *keeper)
{
  for (size_t i = 0; i < SBX_KEEPER_HANDLERS; i++)
    if (keeper->handlers[i].pid != 0)
      return true;
  return false;
}
