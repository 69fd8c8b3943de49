/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Just enough of D-Bus to ask a bus who is on it. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe/try.h"

#define SYSTEM_BUS "/run/dbus/system_bus_socket"

typedef struct {
  unsigned char bytes[2048];
  size_t size;
} Message;

static void
put (Message *self, const void *bytes, size_t size)
{
  if (size > sizeof self->bytes - self->size)
    return; /* names have 255 bytes at most, and all else is ours */
  memcpy (self->bytes + self->size, bytes, size);
  self->size += size;
}

static void
align (Message *self, size_t to)
{
  static const char zeros[8];

  put (self, zeros, (to - self->size % to) % to);
}

static void
put_u32 (Message *self, uint32_t value)
{
  align (self, 4);
  put (self, &value, sizeof value);
}

static void
put_string (Message *self, const char *text)
{
  put_u32 (self, (uint32_t) strlen (text));
  put (self, text, strlen (text) + 1);
}

static void
put_field (Message *self, char code, const char *type, const char *value)
{
  unsigned char length = (unsigned char) strlen (value);

  align (self, 8);
  put (self, &code, 1);
  put (self, "\1", 1);
  put (self, type, 2);
  if (*type != 'g') {
    put_string (self, value);
    return;
  }
  put (self, &length, 1);
  put (self, value, (size_t) length + 1);
}

/* A call of the bus's own, with @name for its argument or none, as the message @serial. */
static void
make_call (Message *self, uint32_t serial, const char *member, const char *name)
{
  uint32_t body = name ? (uint32_t) (4 + strlen (name) + 1) : 0, fields;

  self->size = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  put (self, "l\1\0\1", 4);
#else
  put (self, "B\1\0\1", 4);
#endif
  put_u32 (self, body);
  put_u32 (self, serial);
  put_u32 (self, 0);
  put_field (self, 1, "o", "/org/freedesktop/DBus");
  put_field (self, 2, "s", "org.freedesktop.DBus");
  put_field (self, 3, "s", member);
  put_field (self, 6, "s", "org.freedesktop.DBus");
  if (name)
    put_field (self, 8, "g", "s");
  fields = (uint32_t) (self->size - 16);
  memcpy (self->bytes + 12, &fields, sizeof fields);
  align (self, 8);
  if (name)
    put_string (self, name);
}

static int
send_all (int sock, const void *bytes, size_t size)
{
  return send (sock, bytes, size, MSG_NOSIGNAL) == (ssize_t) size ? 0 : -1;
}

static int
receive (int sock, void *bytes, size_t size)
{
  for (char *at = bytes; size > 0;) {
    ssize_t n = recv (sock, at, size, 0);

    if (n == 0)
      errno = ECONNRESET;
    if (n <= 0)
      return -1;
    at += n;
    size -= (size_t) n;
  }
  return 0;
}

static uint32_t
u32_at (const unsigned char *bytes)
{
  uint32_t value;

  memcpy (&value, bytes, sizeof value);
  return value;
}

/* Reads one message; its type, or -1. Its body, of @size bytes, goes into @body as far as there is room. */
static int
read_message (int sock, unsigned char *body, size_t *size)
{
  unsigned char head[16], rest[4096];
  size_t fields, length;

  if (receive (sock, head, sizeof head) < 0)
    return -1;
  length = u32_at (head + 4);
  fields = ((size_t) u32_at (head + 12) + 7) / 8 * 8;
  errno = EMSGSIZE;
  if (fields > sizeof rest || length > sizeof rest - fields || receive (sock, rest, fields + length) < 0)
    return -1;
  *size = length < *size ? length : *size;
  memcpy (body, rest + fields, *size);
  return head[1];
}

/* AUTH EXTERNAL by the credentials that the kernel passes: what number we have outside we do not know. */
static int
authenticate (int sock)
{
  static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\n";
  char answer[512];
  size_t n = 0;
  int lines = 0;

  if (send_all (sock, hello, sizeof hello - 1) < 0)
    return -1;
  while (lines < 2) {
    if (n == sizeof answer - 1 || receive (sock, answer + n, 1) < 0)
      return -1;
    lines += answer[n++] == '\n';
  }
  answer[n] = '\0';
  errno = EACCES;
  return strstr (answer, "OK ") ? send_all (sock, "BEGIN\r\n", 7) : -1;
}

/* Of "unix:path=…" or "unix:abstract=…", up to what follows. */
static int
connect_to (const char *address)
{
  struct sockaddr_un name = { .sun_family = AF_UNIX };
  int abstract = strncmp (address, "unix:abstract=", 14) == 0;
  const char *path = address + (abstract ? 14 : strncmp (address, "unix:path=", 10) == 0 ? 10 : 0);
  size_t length = strcspn (path, ",;");
  int sock;

  errno = ENAMETOOLONG;
  if (length + 1 >= sizeof name.sun_path)
    return -1;
  memcpy (name.sun_path + abstract, path, length);
  sock = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (sock >= 0
      && connect (sock, (struct sockaddr *) &name,
                  (socklen_t) (offsetof (struct sockaddr_un, sun_path) + length + (size_t) abstract))
             < 0) {
    close (sock);
    return -1;
  }
  return sock;
}

/* Calls, and reads up to the answer. Signals come in between; Hello has a name for its answer, as those have. */
static int
call (int sock, uint32_t serial, const char *member, const char *name, uint32_t *value)
{
  Message message;
  unsigned char body[4];
  size_t size;
  int type;

  make_call (&message, serial, member, name);
  if (send_all (sock, message.bytes, message.size) < 0)
    return -1;
  do {
    size = sizeof body;
    type = read_message (sock, body, &size);
  } while (type == 4);
  if (type == 2 && size == sizeof body)
    *value = u32_at (body);
  errno = type < 0 ? errno : EPERM;
  return type == 2 ? 0 : -1;
}

Outcome
try_bus (const char *what)
{
  int system = strncmp (what, "system:", 7) == 0;
  const char *name = strchr (what, ':'),
             *address = getenv (system ? "DBUS_SYSTEM_BUS_ADDRESS" : "DBUS_SESSION_BUS_ADDRESS");
  uint32_t has_owner = 0;
  int sock;

  if (system && !address)
    address = SYSTEM_BUS;
  if (!address || !name)
    return outcome_no ("there is no bus");
  sock = connect_to (address);
  if (sock < 0)
    return outcome_of (-1);
  if (authenticate (sock) < 0 || call (sock, 1, "Hello", NULL, &has_owner) < 0
      || call (sock, 2, "NameHasOwner", name + 1, &has_owner) < 0) {
    int error = errno;

    close (sock);
    return outcome_no ("%s", strerror (error));
  }
  close (sock);
  return has_owner ? outcome_yes ("it is there") : outcome_no ("nobody has that name");
}
