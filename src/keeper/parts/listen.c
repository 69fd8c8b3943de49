/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/parts/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper/parts/asker.h"
#include "wire/landlock.h"
#include "wire/sys.h"

#define LISTEN_OF_I386 363

static bool
is_named (const SbxListenPorts *self, unsigned port)
{
  return self->bits[port / 8] & (1u << (port % 8));
}

void
sbx_listen_ports_read (SbxListenPorts *self, const SbxBlock *block)
{
  SbxRecord record = { 0 };

  while (sbx_block_next (block, SBX_TAG_PORT_RULE, &record)) {
    uint64_t rule[2];

    memcpy (rule, record.value, sizeof rule);
    if ((rule[0] & SBX_LANDLOCK_NET_BIND_TCP) && rule[1] < SBX_PORTS)
      self->bits[rule[1] / 8] |= (uint8_t) (1u << (rule[1] % 8));
  }
}

/* The socket @number of who asks, or -1 with errno. */
static int
take_socket (int questions, const struct seccomp_notif *question, int number)
{
  int pidfd = sbx_asker_open (questions, question), sock, saved;

  if (pidfd < 0) {
    errno = EACCES;
    return -1;
  }
  sock = sbx_sys_pidfd_getfd (pidfd, number);
  saved = errno == EBADF ? EBADF : EACCES;
  close (pidfd);
  errno = saved;
  return sock;
}

/* Whether @sock is one for which a port counts: then *@port is where it is, or 0: nowhere. */
static bool
has_port (int sock, unsigned *port)
{
  union {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_storage room;
  } address = { 0 };
  socklen_t size = sizeof address, length = sizeof (int);
  int domain = 0;

  *port = 0;
  if (getsockopt (sock, SOL_SOCKET, SO_DOMAIN, &domain, &length) < 0 || (domain != AF_INET && domain != AF_INET6))
    return false;
  if (getsockname (sock, &address.any, &size) == 0)
    *port = ntohs (domain == AF_INET ? address.in.sin_port : address.in6.sin6_port);
  return true;
}

/* 0, or an errno. */
static int
listen_for (const SbxListenPorts *self, int sock, int backlog)
{
  unsigned port;

  if (has_port (sock, &port) && !is_named (self, port))
    return EACCES;
  if (listen (sock, backlog) < 0)
    return errno;
  /* It may have lost its port in between (a connection that failed), and got another one by this */
  if (has_port (sock, &port) && !is_named (self, port)) {
    (void) shutdown (sock, SHUT_RDWR);
    return EACCES;
  }
  return 0;
}

int
sbx_listen_answer (const SbxListenPorts *self, int questions, const struct seccomp_notif *question)
{
  int sock, error;

  /* socketcall (2) of 32-bit programs: its arguments are in memory, which may change */
  if (question->data.nr != SYS_listen && question->data.nr != LISTEN_OF_I386)
    return EACCES;
  sock = take_socket (questions, question, (int) question->data.args[0]);
  if (sock < 0)
    return errno;
  error = listen_for (self, sock, (int) question->data.args[1]);
  close (sock);
  return error;
}
