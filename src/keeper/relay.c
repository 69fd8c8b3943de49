/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "keeper/enter.h"
#include "wire/sys.h"

#define CHUNK 16384    /* bytes on their way in one direction */
#define DATAGRAM 65536 /* the largest there can be */
#define PAUSE_MS 100   /* while nothing can be accepted for want of something */
#define IN_A_ROW 64    /* datagrams of one socket, before others have their turn */
#define CONTROL_FD 0   /* the sockets follow */

/* One direction of a connection. */
typedef struct {
  size_t begin, end; /* of what waits in @bytes */
  bool ended, shut;  /* nothing more comes; and that was passed on */
  uint8_t bytes[CHUNK];
} Half;

/* Which address inside is tried; the application may listen at either. */
typedef enum { TRIES_IPV4, TRIES_IPV6, IS_OPEN } Stage;

typedef struct {
  bool used;
  int outside, inside;
  uint16_t port;
  Stage stage;
  Half in, out; /* seen from the sandbox */
} Connection;

typedef struct {
  bool used;
  size_t socket; /* of @relay */
  int inside;
  int64_t last; /* ms */
  socklen_t size;
  struct sockaddr_storage address;
} Peer;

typedef struct {
  size_t n;
  SbxRelaySocket sockets[SBX_RELAY_SOCKETS];
  Connection connections[SBX_RELAY_CONNECTIONS];
  Peer peers[SBX_RELAY_PEERS];
  int64_t pause; /* until then nothing is accepted */
  struct pollfd polled[1 + SBX_RELAY_SOCKETS + 2 * SBX_RELAY_CONNECTIONS + SBX_RELAY_PEERS];
} Relay;

static int64_t
now_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A socket of the sandbox's, on its way to what listens there; or -1. */
static int
call (int type, uint16_t port, bool is_ipv6)
{
  const struct sockaddr_in ipv4 = { .sin_family = AF_INET,
                                    .sin_port = htons (port),
                                    .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  const struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6,
                                     .sin6_port = htons (port),
                                     .sin6_addr = IN6ADDR_LOOPBACK_INIT };
  int fd = socket (is_ipv6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  if (fd < 0)
    return -1;
  if (connect (fd, is_ipv6 ? (const struct sockaddr *) &ipv6 : (const struct sockaddr *) &ipv4,
               is_ipv6 ? sizeof ipv6 : sizeof ipv4)
          == 0
      || errno == EINPROGRESS || errno == ECONNREFUSED) /* which SO_ERROR has for poll(2), too: see dial () */
    return fd;
  close (fd);
  return -1;
}

/* Both ends see a reset, unless everything has been passed on. */
static void
end_connection (Connection *self)
{
  const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
  const bool whole = self->in.shut && self->out.shut;

  for (int i = 0; i < 2; i++) {
    int fd = i == 0 ? self->outside : self->inside;

    if (fd < 0)
      continue;
    if (!whole)
      (void) setsockopt (fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close (fd);
  }
  self->used = false;
}

/* Tries the address of @stage, or the next one that can be tried. False: there is none. */
static bool
dial (Connection *self, Stage stage)
{
  for (; stage < IS_OPEN; stage++) {
    if (self->inside >= 0)
      close (self->inside);
    self->stage = stage;
    self->inside = call (SOCK_STREAM, self->port, stage == TRIES_IPV6);
    if (self->inside >= 0)
      return true;
  }
  return false;
}

/* The call has been answered, with or without success. False: it is over. */
static bool
answered (Connection *self)
{
  struct sockaddr_storage peer;
  socklen_t size = sizeof peer;
  int error = 0;
  socklen_t length = sizeof error;

  if (getsockopt (self->inside, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0
      && getpeername (self->inside, (struct sockaddr *) &peer, &size) == 0) {
    self->stage = IS_OPEN;
    return true;
  }
  return dial (self, self->stage + 1);
}

static void
begin_connection (Connection *self, int outside, uint16_t port)
{
  const int on = 1;

  self->used = true;
  self->outside = outside;
  self->inside = -1;
  self->port = port;
  self->in.begin = self->in.end = self->out.begin = self->out.end = 0;
  self->in.ended = self->in.shut = self->out.ended = self->out.shut = false;
  (void) setsockopt (outside, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on); /* who is gone for good is forgotten */
  (void) setsockopt (outside, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (!dial (self, TRIES_IPV4)) {
    end_connection (self);
    return;
  }
  (void) setsockopt (self->inside, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static bool
is_later (int error)
{
  return error == EAGAIN || error == EINTR;
}

/* Moves what there is of one direction. False: the connection is broken. */
static bool
move (Half *self, int from, int to)
{
  ssize_t n;

  if (self->begin == self->end && !self->ended) {
    n = read (from, self->bytes, sizeof self->bytes);
    if (n < 0)
      return is_later (errno);
    self->begin = 0;
    self->end = (size_t) n;
    self->ended = n == 0;
  }
  if (self->begin < self->end) {
    n = send (to, self->bytes + self->begin, self->end - self->begin, MSG_NOSIGNAL);
    if (n < 0)
      return is_later (errno);
    self->begin += (size_t) n;
  }
  if (self->ended && self->begin == self->end && !self->shut) {
    self->shut = true;
    return shutdown (to, SHUT_WR) == 0;
  }
  return true;
}

static bool
serve_connection (Connection *self, const struct pollfd *outside, const struct pollfd *inside)
{
  if (self->stage != IS_OPEN)
    return inside->revents == 0 || answered (self);
  if (outside->revents == 0 && inside->revents == 0)
    return true;
  return move (&self->in, self->outside, self->inside) && move (&self->out, self->inside, self->outside)
         && !(self->in.shut && self->out.shut);
}

/* What is waited for at @fd, which is read into @from and written out of @to. Nothing: it is not looked at. */
static struct pollfd
wait_for (int fd, const Half *from, const Half *to)
{
  short events = 0;

  if (from->begin == from->end && !from->ended)
    events |= POLLIN;
  if (to->begin < to->end)
    events |= POLLOUT;
  return (struct pollfd){ .fd = events ? fd : -1, .events = events };
}

static Connection *
find_free (Relay *self)
{
  for (size_t i = 0; i < SBX_RELAY_CONNECTIONS; i++)
    if (!self->connections[i].used)
      return &self->connections[i];
  return NULL;
}

static void
accept_all (Relay *self, const SbxRelaySocket *listener)
{
  Connection *connection;
  int fd;

  while ((connection = find_free (self)) != NULL) {
    fd = accept4 (listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
      if (!is_later (errno) && errno != ECONNABORTED)
        self->pause = now_ms () + PAUSE_MS;
      return;
    }
    begin_connection (connection, fd, listener->inside);
  }
}

/* The row of who has sent @from; a new one in place of the one that was silent for longest. NULL: it cannot be had. */
static Peer *
find_peer (Relay *self, size_t which, const struct sockaddr_storage *from, socklen_t size)
{
  Peer *oldest = &self->peers[0];

  for (size_t i = 0; i < SBX_RELAY_PEERS; i++) {
    Peer *peer = &self->peers[i];

    if (peer->used && peer->socket == which && peer->size == size && memcmp (&peer->address, from, size) == 0)
      return peer;
    if (oldest->used && (!peer->used || peer->last < oldest->last))
      oldest = peer;
  }
  if (oldest->used)
    close (oldest->inside);
  oldest->inside = call (SOCK_DGRAM, self->sockets[which].inside, false);
  oldest->used = oldest->inside >= 0;
  oldest->socket = which;
  oldest->size = size;
  memcpy (&oldest->address, from, size);
  return oldest->used ? oldest : NULL;
}

/* Datagrams are passed on as they are, or lost as on any network. */
static void
take_datagrams (Relay *self, size_t which)
{
  static uint8_t bytes[DATAGRAM];
  struct sockaddr_storage from;
  ssize_t n;

  for (int i = 0; i < IN_A_ROW; i++) {
    socklen_t size = sizeof from;
    Peer *peer;

    memset (&from, 0, sizeof from);
    n = recvfrom (self->sockets[which].fd, bytes, sizeof bytes, 0, (struct sockaddr *) &from, &size);
    if (n < 0)
      return;
    peer = find_peer (self, which, &from, size);
    if (!peer)
      continue;
    peer->last = now_ms ();
    if (send (peer->inside, bytes, (size_t) n, MSG_NOSIGNAL) < 0 && errno == ECONNREFUSED)
      (void) send (peer->inside, bytes, (size_t) n, MSG_NOSIGNAL); /* that was of one before */
  }
}

static void
answer_datagrams (Relay *self, Peer *peer)
{
  static uint8_t bytes[DATAGRAM];
  ssize_t n;

  for (int i = 0; i < IN_A_ROW && (n = recv (peer->inside, bytes, sizeof bytes, 0)) >= 0; i++) {
    peer->last = now_ms ();
    (void) sendto (self->sockets[peer->socket].fd, bytes, (size_t) n, MSG_NOSIGNAL,
                   (const struct sockaddr *) &peer->address, peer->size);
  }
}

/* Fills in what is polled, in the order: control, sockets, connections, peers. */
static void
list_polled (Relay *self, bool accepts)
{
  struct pollfd *next = self->polled;

  *next++ = (struct pollfd){ .fd = CONTROL_FD, .events = POLLIN };
  for (size_t i = 0; i < SBX_RELAY_SOCKETS; i++) {
    bool used = i < self->n && (accepts || self->sockets[i].protocol != IPPROTO_TCP);

    *next++ = (struct pollfd){ .fd = used ? self->sockets[i].fd : -1, .events = POLLIN };
  }
  for (size_t i = 0; i < SBX_RELAY_CONNECTIONS; i++) {
    const Connection *each = &self->connections[i];
    const struct pollfd nothing = { .fd = -1 }, call_made = { .fd = each->inside, .events = POLLOUT };
    const bool open = each->used && each->stage == IS_OPEN;

    *next++ = open ? wait_for (each->outside, &each->in, &each->out) : nothing;
    *next++ = open ? wait_for (each->inside, &each->out, &each->in) : each->used ? call_made : nothing;
  }
  for (size_t i = 0; i < SBX_RELAY_PEERS; i++)
    *next++ = (struct pollfd){ .fd = self->peers[i].used ? self->peers[i].inside : -1, .events = POLLIN };
}

/* False: the keeper has gone. */
static bool
serve (Relay *self)
{
  const bool pauses = now_ms () < self->pause;
  const struct pollfd *connections = self->polled + 1 + SBX_RELAY_SOCKETS;
  const struct pollfd *peers = connections + (size_t) 2 * SBX_RELAY_CONNECTIONS;

  list_polled (self, !pauses && find_free (self));
  if (poll (self->polled, sizeof self->polled / sizeof *self->polled, pauses ? PAUSE_MS : -1) < 0)
    return errno == EINTR;
  if (self->polled[0].revents)
    return false;
  for (size_t i = 0; i < SBX_RELAY_PEERS; i++)
    if (peers[i].revents)
      answer_datagrams (self, &self->peers[i]);
  for (size_t i = 0; i < SBX_RELAY_CONNECTIONS; i++)
    if (self->connections[i].used
        && !serve_connection (&self->connections[i], &connections[2 * i], &connections[2 * i + 1]))
      end_connection (&self->connections[i]);
  for (size_t i = 0; i < self->n; i++)
    if (self->polled[1 + i].revents && self->sockets[i].protocol == IPPROTO_TCP)
      accept_all (self, &self->sockets[i]);
    else if (self->polled[1 + i].revents)
      take_datagrams (self, i);
  return true;
}

/* Nothing of the keeper's stays open here. */
static int
keep_only (const SbxRelay *from, Relay *self)
{
  const int low = 1 + SBX_RELAY_SOCKETS; /* more than there are */
  int high[1 + SBX_RELAY_SOCKETS];

  for (size_t i = 0; i <= from->n; i++) {
    high[i] = fcntl (i == 0 ? from->control : from->sockets[i - 1].fd, F_DUPFD, low);
    if (high[i] < 0)
      return -1;
  }
  for (size_t i = 0; i <= from->n; i++)
    if (dup2 (high[i], (int) i) < 0)
      return -1;
  self->n = from->n;
  for (size_t i = 0; i < from->n; i++) {
    self->sockets[i] = from->sockets[i];
    self->sockets[i].fd = (int) i + 1;
  }
  return sbx_sys_close_range ((unsigned) from->n + 1, ~0U, 0);
}

/* An application has no capability in its network, where it may listen at what is published all the same: of that
 * network, which is nobody else's, the lowest port that takes none (net/ipv4/sysctl_net_ipv4.c). */
static int
lower_ports (const SbxRelay *self)
{
  unsigned lowest = 1024;
  char text[8];
  int fd, n;

  for (size_t i = 0; i < self->n; i++)
    if (self->sockets[i].inside < lowest)
      lowest = self->sockets[i].inside;
  if (lowest == 1024)
    return 0;
  fd = open ("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return -1;
  n = snprintf (text, sizeof text, "%u", lowest);
  n = write (fd, text, (size_t) n) == n ? 0 : -1;
  close (fd);
  return n;
}

void
sbx_relay_run (const SbxRelay *self)
{
  static Relay relay;
  sigset_t none;

  prctl (PR_SET_NAME, "sandbox-relay");
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  if (setns (self->user, CLONE_NEWUSER) < 0 || setns (self->network, CLONE_NEWNET) < 0 || lower_ports (self) < 0
      || keep_only (self, &relay) < 0 || sbx_enter_shut_off () < 0 || write (CONTROL_FD, "", 1) != 1)
    _exit (1);
  while (serve (&relay))
    ;
  _exit (0);
}
