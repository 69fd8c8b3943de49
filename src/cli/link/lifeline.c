/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/link/lifeline.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"
#include "common/names.h"

gboolean
sbx_lifeline_init (SbxLifeline *self, int *other, GError **error)
{
  int pair[2];

  *self = (SbxLifeline){ .fd = -1 };
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    return sbx_throw_errno (error, SBX_ERROR_SPAWN_FAILED, errno, "socketpair");
  self->fd = pair[0];
  *other = pair[1];
  return TRUE;
}

void
sbx_lifeline_clear (SbxLifeline *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

static void
take (SbxLifeline *self, const SbxMessage *message)
{
  switch (message->type) {
  case SBX_MSG_STARTED:
    self->started = TRUE;
    break;
  case SBX_MSG_FAILED:
    self->failed = TRUE;
    self->failure = *message;
    break;
  case SBX_MSG_EXITED:
    self->exited = TRUE;
    self->wait_status = message->value;
    break;
  case SBX_MSG_ENDED:
    self->ended = TRUE;
    self->end = *message;
    break;
  default: /* the channel's table has no other */
    break;
  }
}

void
sbx_lifeline_read (SbxLifeline *self)
{
  int fds[SBX_MESSAGE_FDS];
  SbxMessage message;
  size_t n;

  while (!self->closed) {
    int rc = sbx_message_recv_now (self->fd, SBX_CHANNEL_KEEPER_TO_CALLER, &message, fds, &n, NULL);

    if (rc < 0 && errno == EAGAIN)
      return;
    if (rc <= 0)
      self->closed = TRUE;
    else
      take (self, &message);
  }
}

void
sbx_lifeline_wait_for_failure (SbxLifeline *self, int ms)
{
  gint64 until = g_get_monotonic_time () + ms * G_GINT64_CONSTANT (1000);

  for (;;) {
    gint64 left = (until - g_get_monotonic_time ()) / 1000;

    sbx_lifeline_read (self);
    if (self->failed || self->closed || left <= 0)
      return;
    (void) poll (&(struct pollfd){ self->fd, POLLIN, 0 }, 1, (int) left);
  }
}

void
sbx_lifeline_send_signal (SbxLifeline *self, int signo, gboolean to_group)
{
  SbxMessage message = { .type = SBX_MSG_SIGNAL, .value = signo, .detail = to_group ? 1 : 0 };

  (void) sbx_message_send_now (self->fd, &message, NULL, 0); /* if it is gone, its end is what comes next */
}

int
sbx_lifeline_exit_status (int wait_status)
{
  return WIFSIGNALED (wait_status) ? SBX_EXIT_SIGNAL_BASE + WTERMSIG (wait_status) : WEXITSTATUS (wait_status);
}
