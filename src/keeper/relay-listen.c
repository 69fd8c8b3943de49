/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper/relay.h"

#define BACKLOG 128 /* connections that nobody has taken yet */

typedef union {
  struct sockaddr any;
  struct sockaddr_in ipv4;
  struct sockaddr_in6 ipv6;
} Address;

/* The address of @row, or of the loopback of that family. Returns its size. */
static socklen_t
make_address (const SbxPublished *row, bool is_ipv6, Address *address)
{
  memset (address, 0, sizeof *address);
  address->any.sa_family = is_ipv6 ? AF_INET6 : AF_INET;
  if (is_ipv6) {
    address->ipv6.sin6_port = htons (row->port);
    if (row->elsewhere)
      memcpy (&address->ipv6.sin6_addr, row->bytes, 16);
    else
      address->ipv6.sin6_addr = in6addr_loopback;
    return sizeof address->ipv6;
  }
  address->ipv4.sin_port = htons (row->port);
  if (row->elsewhere)
    memcpy (&address->ipv4.sin_addr, row->bytes, 4);
  else
    address->ipv4.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  return sizeof address->ipv4;
}

/* The socket, or -1 with errno. */
static int
open_socket (const SbxPublished *row, bool is_ipv6)
{
  const bool tcp = row->protocol == IPPROTO_TCP;
  const int on = 1;
  Address address;
  socklen_t size = make_address (row, is_ipv6, &address);
  int saved, fd = socket (address.any.sa_family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  if (fd < 0)
    return -1;
  /* What is closed just before does not keep a port (TIME_WAIT); of datagrams it would let two have one */
  if ((!tcp || setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0)
      && (!is_ipv6 || setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0)
      && bind (fd, &address.any, size) == 0 && (!tcp || listen (fd, BACKLOG) == 0))
    return fd;
  saved = errno;
  close (fd);
  errno = saved;
  return -1;
}

static int
add_socket (SbxRelay *self, const SbxPublished *row, bool is_ipv6)
{
  int fd;

  if (self->n == SBX_RELAY_SOCKETS) {
    errno = E2BIG;
    return -1;
  }
  fd = open_socket (row, is_ipv6);
  if (fd < 0)
    return -1;
  self->sockets[self->n++] = (SbxRelaySocket){ .fd = fd, .protocol = row->protocol, .inside = row->inside };
  return 0;
}

int
sbx_relay_listen (SbxRelay *self, const SbxPublished *row)
{
  int saved;

  if (row->elsewhere)
    return add_socket (self, row, row->is_ipv6);
  if (add_socket (self, row, false) < 0)
    return -1;
  /* A machine without IPv6 has no loopback of it */
  if (add_socket (self, row, true) == 0 || errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)
    return 0;
  saved = errno;
  close (self->sockets[--self->n].fd);
  errno = saved;
  return -1;
}

void
sbx_relay_close (SbxRelay *self)
{
  while (self->n > 0)
    close (self->sockets[--self->n].fd);
}
