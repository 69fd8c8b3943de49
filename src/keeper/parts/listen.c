/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* listen (2) where the ports of bind= are limited. A TCP socket that listens without bind (2) gets a port of the
 * kernel's choice, and Landlock, which looks at bind, does not see it. So the filter hands the call to us
 * (SECCOMP_RET_USER_NOTIF, seccomp_unotify(2)). We take the socket itself and not its number, which another thread
 * could let mean another one meanwhile: what we look at is what we let listen.
 *
 * When we are gone the kernel says ENOSYS. Who connects to a UNIX socket that listens like that sees our number and not
 * the application's (SO_PEERCRED, unix(7)). */
#include "keeper/parts/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "wire/landlock.h"
#include "wire/sys.h"

#define LISTEN_OF_I386 363
#define PORTS 65536

typedef struct {
  SbxPartState head;
  SbxWatch questions;
  uint8_t ports[PORTS / 8]; /* bits: those that may be bound to */
} SbxListen;

static bool
is_named (const SbxListen *self, unsigned port)
{
  return self->ports[port / 8] & (1u << (port % 8));
}

static void
planned (void *state, const SbxBlock *block)
{
  SbxListen *self = state;
  SbxRecord record = { 0 };

  while (sbx_block_next (block, SBX_TAG_PORT_RULE, &record)) {
    uint64_t rule[2];

    memcpy (rule, record.value, sizeof rule);
    if ((rule[0] & SBX_LANDLOCK_NET_BIND_TCP) && rule[1] < PORTS)
      self->ports[rule[1] / 8] |= (uint8_t) (1u << (rule[1] % 8));
  }
}

/* The process of the thread @tid: pidfd_open(2) takes no other threads before Linux 6.9. Threads share their
 * descriptors unless they say otherwise, and then it is a socket of the same application all the same. */
static pid_t
find_process (pid_t tid)
{
  char path[32], text[2048], *line;
  int fd;
  ssize_t n;

  snprintf (path, sizeof path, "/proc/%d/status", (int) tid);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  n = fd < 0 ? -1 : read (fd, text, sizeof text - 1);
  if (fd >= 0)
    close (fd);
  text[n > 0 ? n : 0] = '\0';
  line = strstr (text, "\nTgid:\t");
  return line ? atoi (line + strlen ("\nTgid:\t")) : -1;
}

/* The socket @number of who asks, or -1 with errno. */
static int
take_socket (const SbxListen *self, const struct seccomp_notif *question, int number)
{
  pid_t pid = find_process ((pid_t) question->pid);
  int pidfd = pid > 0 ? sbx_sys_pidfd_open (pid) : -1, sock = -1, saved;

  if (pidfd < 0) {
    errno = EACCES;
    return -1;
  }
  /* It still waits: the number has not become somebody else's */
  if (ioctl (self->questions.fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &question->id) == 0)
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
listen_for (const SbxListen *self, int sock, int backlog)
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

static int
answer (const SbxListen *self, const struct seccomp_notif *question)
{
  int sock, error;

  /* socketcall (2) of 32-bit programs: its arguments are in memory, which may change */
  if (question->data.nr != SYS_listen && question->data.nr != LISTEN_OF_I386)
    return EACCES;
  sock = take_socket (self, question, (int) question->data.args[0]);
  if (sock < 0)
    return errno;
  error = listen_for (self, sock, (int) question->data.args[1]);
  close (sock);
  return error;
}

static void
serve (SbxWatch *watch)
{
  SbxListen *self = SBX_OWNER (watch, SbxListen, questions);
  struct pollfd polled = { watch->fd, POLLIN, 0 };
  union {
    struct seccomp_notif question;
    char room[1024]; /* newer kernels may say more */
  } received;
  struct seccomp_notif_resp response = { 0 };

  /* Everybody who could ask has ended */
  if (poll (&polled, 1, 0) > 0 && !(polled.revents & POLLIN)) {
    sbx_watch_close (watch);
    return;
  }
  memset (&received, 0, sizeof received);
  if (ioctl (watch->fd, SECCOMP_IOCTL_NOTIF_RECV, &received) < 0)
    return; /* who has asked is gone */
  response.id = received.question.id;
  response.error = -answer (self, &received.question);
  (void) ioctl (watch->fd, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static int
set_up (void *state)
{
  SbxListen *self = state;

  return sbx_loop_add (&self->head.keeper->loop, &self->questions, SBX_ORDER_PARTS, serve, NULL);
}

static bool
asked (void *state, int questions)
{
  SbxListen *self = state;

  if (self->questions.fd >= 0)
    return false;
  sbx_watch_open (&self->questions, questions);
  return true;
}

static void
end (void *state)
{
  SbxListen *self = state;

  sbx_watch_close (&self->questions);
}

const SbxPart sbx_part_listen = {
  .name = "listen",
  .step = SBX_STEP_SECCOMP,
  .size = sizeof (SbxListen),
  .set_up = set_up,
  .planned = planned,
  .asked = asked,
  .end = end,
};
