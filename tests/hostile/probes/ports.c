/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TCP ports that the policy does not name, by every way in which a connection is made or awaited. "port": one at which
 * somebody listens outside, "free": one at which nobody does. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hostile.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define IPPROTO_SMC_ 256
#define AF_SMC_ 43

static struct sockaddr_in
at (long port)
{
  return (struct sockaddr_in){ .sin_family = AF_INET,
                               .sin_port = htons ((uint16_t) port),
                               .sin_addr = { htonl (INADDR_LOOPBACK) } };
}

static Finding
connects (int family, int protocol, long port)
{
  struct sockaddr_in address = at (port);
  int sock = socket (family, SOCK_STREAM | SOCK_CLOEXEC, protocol);

  return judge (sock < 0 ? -1 : connect (sock, (struct sockaddr *) &address, sizeof address));
}

static Finding
binds (int family, int protocol, long port)
{
  struct sockaddr_in address = at (port);
  int sock = socket (family, SOCK_STREAM | SOCK_CLOEXEC, protocol), on = 1;

  if (sock < 0)
    return refused (errno);
  setsockopt (sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return judge (bind (sock, (struct sockaddr *) &address, sizeof address));
}

static Finding
try_connect (const Given *all)
{
  return connects (AF_INET, 0, given_number (all, "port"));
}

static Finding
try_bind (const Given *all)
{
  return binds (AF_INET, 0, given_number (all, "free"));
}

static Finding
try_mptcp_connect (const Given *all)
{
  return connects (AF_INET, IPPROTO_MPTCP, given_number (all, "port"));
}

static Finding
try_mptcp_bind (const Given *all)
{
  return binds (AF_INET, IPPROTO_MPTCP, given_number (all, "free"));
}

/* Protocol numbers have 32 bits for the kernel, and 64 for who looks at the register only. */
static Finding
try_mptcp_high_bits (const Given *all)
{
  struct sockaddr_in address = at (given_number (all, "port"));
  int sock = (int) syscall (SYS_socket, (long) AF_INET, (long) SOCK_STREAM, 0xdeadbeef00000000L | IPPROTO_MPTCP);

  return judge (sock < 0 ? -1 : connect (sock, (struct sockaddr *) &address, sizeof address));
}

/* An IPv4 address in IPv6's clothes. */
static Finding
try_mapped (const Given *all)
{
  struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons ((uint16_t) given_number (all, "port")) };
  int sock = socket (AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

  inet_pton (AF_INET6, "::ffff:127.0.0.1", &address.sin6_addr);
  return judge (sock < 0 ? -1 : connect (sock, (struct sockaddr *) &address, sizeof address));
}

static Finding
try_mapped_bind (const Given *all)
{
  struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons ((uint16_t) given_number (all, "free")) };
  int sock = socket (AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

  inet_pton (AF_INET6, "::ffff:127.0.0.1", &address.sin6_addr);
  return judge (sock < 0 ? -1 : bind (sock, (struct sockaddr *) &address, sizeof address));
}

/* Whether @sock has a peer once the handshake is over. */
static Finding
is_connected (int sock)
{
  struct sockaddr_in peer;
  socklen_t size = sizeof peer;

  return judge (getpeername (sock, (struct sockaddr *) &peer, &size));
}

/* Fast open connects with the first data that is sent. */
static Finding
try_fast_open (const Given *all)
{
  struct sockaddr_in address = at (given_number (all, "port"));
  int sock = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (sendto (sock, "x", 1, MSG_FASTOPEN, (struct sockaddr *) &address, sizeof address) < 0)
    return refused (errno);
  return is_connected (sock);
}

static Finding
try_fast_open_message (const Given *all)
{
  struct sockaddr_in address = at (given_number (all, "port"));
  char byte = 'x';
  struct iovec data = { &byte, 1 };
  struct msghdr message = { .msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &data, .msg_iovlen = 1 };
  int sock = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  return sendmsg (sock, &message, MSG_FASTOPEN) < 0 ? refused (errno) : is_connected (sock);
}

static Finding
try_fast_open_messages (const Given *all)
{
  struct sockaddr_in address = at (given_number (all, "port"));
  char byte = 'x';
  struct iovec data = { &byte, 1 };
  struct mmsghdr message = {
    .msg_hdr = { .msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &data, .msg_iovlen = 1 }
  };
  int sock = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  return sendmmsg (sock, &message, 1, MSG_FASTOPEN) < 0 ? refused (errno) : is_connected (sock);
}

/* The option makes connect () remember, and the first write connect. */
static Finding
try_fast_open_option (const Given *all)
{
  struct sockaddr_in address = at (given_number (all, "port"));
  int sock = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

  if (setsockopt (sock, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on) < 0)
    return refused (errno);
  if (connect (sock, (struct sockaddr *) &address, sizeof address) < 0 || write (sock, "x", 1) < 0)
    return refused (errno);
  return is_connected (sock);
}

/* AF_UNSPEC means "disconnect" to connect (), and any address to bind () of IPv4. */
static Finding
try_bind_unspecified (const Given *all)
{
  struct sockaddr_in address = at (given_number (all, "free"));
  int sock = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  address.sin_family = AF_UNSPEC;
  address.sin_addr.s_addr = htonl (INADDR_ANY); /* the kernel takes it for this address only */
  return judge (bind (sock, (struct sockaddr *) &address, sizeof address));
}

/* One that was never bound gets a port of the kernel's choice. */
static Finding
try_listen (const Given *all)
{
  struct sockaddr_in address = { 0 };
  socklen_t size = sizeof address;
  int sock = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (sock < 0 || listen (sock, 1) < 0 || getsockname (sock, (struct sockaddr *) &address, &size) < 0)
    return refused (errno);
  return breach ("it listens at %d", ntohs (address.sin_port));
}

/* A datagram socket is made a stream by nothing; a network that is not shared has no host in it. */
static Finding
try_datagram (const Given *all)
{
  struct sockaddr_in address = at (given_number (all, "udp"));
  struct timeval patience = { .tv_sec = 2 };
  char byte;
  int sock = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  setsockopt (sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect (sock, (struct sockaddr *) &address, sizeof address) < 0 || send (sock, "x", 1, 0) < 0)
    return refused (errno);
  return judge (recv (sock, &byte, 1, 0)); /* the host answers */
}

static Finding
try_abstract (const Given *all)
{
  return judge (connect_unix (given (all, "abstract")));
}

const Probe port_probes[] = {
  { "connect", try_connect },
  { "bind", try_bind },
  { "mptcp-connect", try_mptcp_connect },
  { "mptcp-bind", try_mptcp_bind },
  { "mptcp-high-bits", try_mptcp_high_bits },
  { "mapped-address", try_mapped },
  { "mapped-bind", try_mapped_bind },
  { "fast-open", try_fast_open },
  { "fast-open-message", try_fast_open_message },
  { "fast-open-messages", try_fast_open_messages },
  { "fast-open-option", try_fast_open_option },
  { "bind-unspecified", try_bind_unspecified },
  { "listen", try_listen },
  { "datagram", try_datagram },
  { "abstract-socket", try_abstract },
  { 0 },
};
