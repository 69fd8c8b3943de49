/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/services.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
is_there (const SbxServiceLink *service)
{
  return service->watch.loop != NULL;
}

/* After this its end of file is what comes next, behind what it has said. */
static void
disconnect (SbxServiceLink *service)
{
  (void) shutdown (service->watch.fd, SHUT_RDWR);
}

static bool
tell (SbxServiceLink *service, const SbxMessage *message, const int *fds, size_t n_fds)
{
  if (!is_there (service))
    return false;
  if (sbx_message_send_now (service->watch.fd, message, fds, n_fds) == 0)
    return true;
  if (errno != EPIPE && errno != ECONNRESET)
    disconnect (service);
  return false;
}

bool
sbx_service_link_tell (SbxServiceLink *service, const SbxMessage *message)
{
  return tell (service, message, NULL, 0);
}

bool
sbx_service_link_tell_fd (SbxServiceLink *service, const SbxMessage *message, int fd)
{
  return tell (service, message, &fd, fd >= 0);
}

void
sbx_services_tell (SbxServices *self, const SbxMessage *message, int fd)
{
  for (size_t i = 0; i < SBX_SERVICES; i++)
    (void) tell (&self->rows[i], message, &fd, fd >= 0);
}

void
sbx_services_greet (SbxServices *self)
{
  const SbxMessage greeted = { .type = SBX_MSG_GREETED };

  for (size_t i = 0; i < SBX_SERVICES; i++)
    if (is_there (&self->rows[i]) && !self->rows[i].greeted) {
      self->rows[i].greeted = true;
      (void) tell (&self->rows[i], &greeted, NULL, 0);
    }
}

bool
sbx_services_tell_one (SbxServices *self, const SbxMessage *message)
{
  for (size_t i = 0; i < SBX_SERVICES; i++)
    if (tell (&self->rows[i], message, NULL, 0))
      return true;
  return false;
}

bool
sbx_service_link_has_launched (const SbxServiceLink *service)
{
  return service == &service->all->rows[0];
}

void
sbx_service_link_leave (SbxServiceLink *service)
{
  SbxServices *all = service->all;

  all->functions->left (all, service);
  sbx_watch_remove (&service->watch);
  all->listener.paused = false;
}

static void
serve (SbxWatch *watch)
{
  SbxServiceLink *service = SBX_OWNER (watch, SbxServiceLink, watch);
  int fds[SBX_MESSAGE_FDS];
  SbxMessage message;
  size_t n;
  int rc = sbx_message_recv_now (watch->fd, SBX_CHANNEL_DAEMON_TO_KEEPER, &message, fds, &n, NULL);

  if (rc < 0 && errno == EAGAIN)
    return;
  if (rc > 0)
    service->all->functions->said (service->all, service, &message, fds, n);
  else
    sbx_service_link_leave (service);
}

/* Puts it into the row @i, which is free. */
static int
connect_row (SbxServices *self, size_t i, int sock)
{
  SbxServiceLink *service = &self->rows[i];

  service->all = self;
  service->greeted = i == 0; /* who launches knows all from the beginning */
  if (sbx_loop_add (self->loop, &service->watch, self->order, serve, NULL) < 0)
    return -1;
  sbx_watch_open (&service->watch, sock);
  return 0;
}

static bool
is_ours (int sock)
{
  struct ucred who = { 0 };
  socklen_t size = sizeof who;

  return getsockopt (sock, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.uid == geteuid ();
}

/* A connection that is closed again would be the end of its instance for who has it, and what was said over it be lost.
 */
static void
accept_one (SbxWatch *listener)
{
  SbxServices *self = SBX_OWNER (listener, SbxServices, listener);
  size_t row = 1; /* row 0 stays the launching service's */
  int sock;

  while (row < SBX_SERVICES && is_there (&self->rows[row]))
    row++;
  listener->paused = row == SBX_SERVICES;
  if (listener->paused)
    return;
  sock = accept4 (listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (sock < 0)
    return;
  if (!is_ours (sock) || connect_row (self, row, sock) < 0)
    close (sock);
  else
    self->functions->came (self, &self->rows[row]);
}

int
sbx_services_set_up (SbxServices *self, SbxLoop *loop, int order, const SbxServiceFunctions *functions, int launcher)
{
  *self = (SbxServices){ .loop = loop, .functions = functions, .order = order };
  /* Whoever connects is served after those that are there */
  if (sbx_loop_add (loop, &self->listener, order + 1, accept_one, NULL) < 0)
    return -1;
  return connect_row (self, 0, launcher);
}

void
sbx_services_listen (SbxServices *self, int listener)
{
  sbx_watch_open (&self->listener, listener);
}

bool
sbx_services_are_listening (const SbxServices *self)
{
  return self->listener.fd >= 0;
}
