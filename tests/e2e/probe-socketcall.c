/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets as a 32-bit program makes them: by the calls of their own, and by socketcall (2), which is what Debian's
 * 32-bit C library uses. This program is a 64-bit one without PIE, so that what is static in it has an address of 32
 * bits, and it calls the kernel as a 32-bit one does. */
#ifdef __x86_64__

#include <errno.h>
#include <fcntl.h>
#include <linux/net.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe.h"

#define SOCKETCALL 102
#define SOCKET 359
#define SOCKETPAIR 360
#define CONNECTOR 11 /* NETLINK_CONNECTOR */

/* The kernel's numbers (include/linux/socket.h): old libcs do not name all of them. */
static const struct {
  const char *name;
  uint32_t family, type, protocol;
} rows[] = {
  { "unix", 1, SOCK_STREAM, 0 },
  { "inet", 2, SOCK_STREAM, 0 },
  { "inet6", 10, SOCK_DGRAM, 0 },
  { "netlink-route", 16, SOCK_RAW, 0 },
  { "crypto", 38, 5, 0 },
  { "vsock", 40, SOCK_STREAM, 0 },
  { "connector", 16, SOCK_DGRAM, CONNECTOR },
  { "packet", 17, SOCK_RAW, 0 },
  { "raw", 2, SOCK_RAW, 1 },
  { "nowhere", 77, SOCK_STREAM, 0 },
};

/* Arguments of socketcall (2) are read from here. */
static volatile uint32_t words[6];
static int32_t pair[2];
static volatile int over;

static long
call (long number, long a, long b, long c, long d)
{
  int result;

  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(0)
                   : "memory", "r8", "r9", "r10", "r11");
  return result;
}

static long
muxed (uint32_t which, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
  const uint32_t all[] = { a, b, c, d };

  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    words[i] = all[i];
  return call (SOCKETCALL, which, (long) (uintptr_t) words, 0, 0);
}

static uint32_t
address (const volatile void *p)
{
  return (uint32_t) (uintptr_t) p;
}

static int
take (long result)
{
  if (result < 0)
    return (int) -result;
  close ((int) result);
  return 0;
}

/* Whether both ends of the pair are there, and are one. */
static int
take_pair (long result)
{
  char byte = 'x';
  int same;

  if (result < 0)
    return (int) -result;
  same = write (pair[0], &byte, 1) == 1 && read (pair[1], &byte, 1) == 1;
  same = same && (fcntl (pair[0], F_GETFD) & FD_CLOEXEC) && (fcntl (pair[1], F_GETFL) & O_NONBLOCK);
  close (pair[0]);
  close (pair[1]);
  return same ? 0 : EIO;
}

/* A server and its client, each call of them by socketcall (2). Returns the number of the step that does not work. */
static int
converse (void)
{
  static struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "/tmp/probe-socketcall" };
  static char text[8] = "hello", heard[8];
  static struct iovec32 {
    uint32_t at, size;
  } data;
  static struct {
    uint32_t name, name_size, data, n_data, control, control_size, flags;
  } message;
  long server = muxed (SYS_SOCKET, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, 0);
  long client = muxed (SYS_SOCKET, AF_UNIX, SOCK_STREAM, 0, 0), accepted;

  unlink (name.sun_path);
  if (server < 0 || client < 0)
    return 1;
  if (muxed (SYS_BIND, (uint32_t) server, address (&name), sizeof name, 0) < 0)
    return 2;
  if (muxed (SYS_LISTEN, (uint32_t) server, 1, 0, 0) < 0)
    return 3;
  if (muxed (SYS_CONNECT, (uint32_t) client, address (&name), sizeof name, 0) < 0)
    return 4;
  accepted = muxed (SYS_ACCEPT, (uint32_t) server, 0, 0, 0);
  if (accepted < 0)
    return 5;
  data = (struct iovec32){ address (text), sizeof text };
  message.data = address (&data);
  message.n_data = 1;
  if (muxed (SYS_SENDMSG, (uint32_t) client, address (&message), 0, 0) != sizeof text)
    return 6;
  if (muxed (SYS_RECV, (uint32_t) accepted, address (heard), sizeof heard, 0) != sizeof heard)
    return 7;
  return strcmp (text, heard) == 0 ? 0 : 8;
}

static void *
swap (void *data)
{
  while (!over) {
    words[2] = 0;
    words[2] = CONNECTOR;
  }
  return NULL;
}

/* The protocol changes between a look at it and the call: how many sockets there are of one that is not to be had. */
static int
race (int n)
{
  pthread_t thread;
  int got = 0;

  words[0] = AF_NETLINK;
  words[1] = SOCK_DGRAM;
  pthread_create (&thread, NULL, swap, NULL);
  for (int i = 0; i < n; i++) {
    long sock = call (SOCKETCALL, SYS_SOCKET, (long) (uintptr_t) words, 0, 0);
    int protocol = 0;
    socklen_t size = sizeof protocol;

    if (sock < 0)
      continue;
    if (getsockopt ((int) sock, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 && protocol == CONNECTOR)
      got++;
    close ((int) sock);
  }
  over = 1;
  pthread_join (thread, NULL);
  return got;
}

int
probe_sockets_32 (int argc, char **argv)
{
  printf ("{");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    printf ("\"%s\": \"%s\", ", rows[i].name,
            probe_outcome (take (call (SOCKET, rows[i].family, rows[i].type, rows[i].protocol, 0))));
    printf ("\"%s by socketcall\": \"%s\",\n", rows[i].name,
            probe_outcome (take (muxed (SYS_SOCKET, rows[i].family, rows[i].type, rows[i].protocol, 0))));
  }
  printf ("\"pair\": \"%s\", ",
          probe_outcome (take_pair (
              call (SOCKETPAIR, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, (long) (uintptr_t) pair))));
  printf ("\"pair by socketcall\": \"%s\",\n",
          probe_outcome (take_pair (
              muxed (SYS_SOCKETPAIR, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, address (pair)))));
  printf ("\"tipc pair by socketcall\": \"%s\",\n",
          probe_outcome (take_pair (muxed (SYS_SOCKETPAIR, AF_TIPC, SOCK_STREAM, 0, address (pair)))));
  printf ("\"nothing there\": \"%s\",\n", probe_outcome (take (call (SOCKETCALL, SYS_SOCKET, 4, 0, 0))));
  printf ("\"conversation\": %d,\n", converse ());
  printf ("\"raced\": %d}\n", race (2000));
  return 0;
}
#endif
