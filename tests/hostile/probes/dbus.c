/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "hostile.h"

enum { CALL = 1, REPLY = 2, ERROR = 3 };
enum {
  PATH = 1,
  INTERFACE = 2,
  MEMBER = 3,
  ERROR_NAME = 4,
  REPLY_SERIAL = 5,
  DESTINATION = 6,
  SENDER = 7,
  SIGNATURE = 8
};

void
wire_align (Wire *wire, size_t to)
{
  while (wire->size % to != 0 && wire->size < sizeof wire->bytes)
    wire->bytes[wire->size++] = 0;
}

static void
put (Wire *wire, const void *bytes, size_t size)
{
  errno = E2BIG;
  if (size > sizeof wire->bytes - wire->size)
    cannot ("a message");
  memcpy (wire->bytes + wire->size, bytes, size);
  wire->size += size;
}

void
wire_byte (Wire *wire, unsigned char value)
{
  put (wire, &value, 1);
}

void
wire_u32 (Wire *wire, uint32_t value)
{
  wire_align (wire, 4);
  put (wire, &value, sizeof value);
}

void
wire_string (Wire *wire, const char *text)
{
  wire_u32 (wire, (uint32_t) strlen (text));
  put (wire, text, strlen (text) + 1);
}

void
wire_signature (Wire *wire, const char *text)
{
  wire_byte (wire, (unsigned char) strlen (text));
  put (wire, text, strlen (text) + 1);
}

size_t
wire_array (Wire *wire, size_t to)
{
  wire_u32 (wire, 0);
  size_t began = wire->size;
  wire_align (wire, to);
  return began;
}

void
wire_array_end (Wire *wire, size_t began, size_t to)
{
  size_t first = (began + to - 1) / to * to;
  uint32_t length = (uint32_t) (wire->size - first);

  memcpy (wire->bytes + began - 4, &length, sizeof length);
}

void
wire_byte_strings (Wire *wire, const char *const *strings)
{
  size_t began = wire_array (wire, 4);

  for (; *strings; strings++) {
    wire_u32 (wire, (uint32_t) strlen (*strings) + 1);
    put (wire, *strings, strlen (*strings) + 1);
  }
  wire_array_end (wire, began, 4);
}

static void
field (Wire *wire, unsigned char code, const char *type, const char *value)
{
  if (!value)
    return;
  wire_align (wire, 8);
  wire_byte (wire, code);
  wire_signature (wire, type);
  if (*type == 'g')
    wire_signature (wire, value);
  else
    wire_string (wire, value);
}

static int
send_all (int sock, const void *bytes, size_t size)
{
  for (const char *at = bytes; size > 0;) {
    ssize_t n = send (sock, at, size, MSG_NOSIGNAL);

    if (n < 0)
      return -1;
    at += n;
    size -= (size_t) n;
  }
  return 0;
}

static void
begin (Wire *wire, unsigned char type, uint32_t body_size, uint32_t serial)
{
  wire_byte (wire, 'l');
  wire_byte (wire, type);
  wire_byte (wire, 0);
  wire_byte (wire, 1);
  wire_u32 (wire, body_size);
  wire_u32 (wire, serial);
}

static int
send_call (Bus *bus, const Call *call)
{
  static Wire wire;

  wire.size = 0;
  begin (&wire, CALL, call->body ? (uint32_t) call->body->size : 0, ++bus->serial);
  size_t fields = wire_array (&wire, 8);
  field (&wire, PATH, "o", call->path);
  field (&wire, INTERFACE, "s", call->interface);
  field (&wire, MEMBER, "s", call->member);
  field (&wire, DESTINATION, "s", call->destination);
  field (&wire, DESTINATION, "s", call->second_destination);
  field (&wire, SIGNATURE, "g", call->signature);
  wire_array_end (&wire, fields, 8);
  wire_align (&wire, 8);
  if (call->body)
    put (&wire, call->body->bytes, call->body->size);
  return send_all (bus->sock, wire.bytes, wire.size);
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

/* One whole message. */
static int
read_message (Bus *bus)
{
  if (receive (bus->sock, bus->message, 16) < 0)
    return -1;
  size_t rest = (u32_at (bus->message + 12) + 7) / 8 * 8 + (size_t) u32_at (bus->message + 4);
  errno = EMSGSIZE;
  if (rest > sizeof bus->message - 16 || receive (bus->sock, bus->message + 16, rest) < 0)
    return -1;
  bus->size = 16 + rest;
  return 0;
}

/* Where the value of field @code of the latest message is; NULL: it has none. */
static const unsigned char *
find_field (const Bus *bus, unsigned char code)
{
  size_t at = 16, end = 16 + u32_at (bus->message + 12);

  while (at + 4 < end) {
    at = (at + 7) / 8 * 8;
    unsigned char this = bus->message[at], type = bus->message[at + 2];
    at += 4; /* code, and a signature of one letter */
    if (this == code)
      return bus->message + at;
    at += type == 'g' ? bus->message[at] + 2u : type == 'u' ? 4 : 4 + u32_at (bus->message + at) + 1;
  }
  return NULL;
}

int
bus_call (Bus *bus, const Call *call)
{
  *bus->error = '\0';
  if (send_call (bus, call) < 0)
    return -1;
  for (;;) {
    if (read_message (bus) < 0)
      return -1;
    const unsigned char *serial = find_field (bus, REPLY_SERIAL), *error = find_field (bus, ERROR_NAME);
    if (!serial || u32_at (serial) != bus->serial || bus->message[1] == CALL)
      continue;
    if (bus->message[1] != ERROR)
      return 0;
    snprintf (bus->error, sizeof bus->error, "%s", error ? (const char *) error + 4 : "?");
    errno = EPERM;
    return -1;
  }
}

int
bus_ask (Bus *bus, const char *member, const char *one, const char *other)
{
  Wire body = { .size = 0 };

  if (one)
    wire_string (&body, one);
  if (other)
    wire_string (&body, other);
  return bus_call (bus, &(Call){ .destination = "org.freedesktop.DBus",
                                 .path = "/org/freedesktop/DBus",
                                 .interface = "org.freedesktop.DBus",
                                 .member = member,
                                 .signature = other ? "ss"
                                              : one ? "s"
                                                    : NULL,
                                 .body = &body });
}

/* AUTH EXTERNAL by the credentials that the kernel passes, without saying who we think we are: in a sandbox of root's
 * that is somebody else. */
static int
authenticate (int sock)
{
  static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\n";
  char answer[512];
  size_t size = 0;
  ssize_t n;

  if (send_all (sock, hello, sizeof hello - 1) < 0)
    return -1;
  while (size < sizeof answer && (n = recv (sock, answer + size, sizeof answer - size, 0)) > 0) {
    size += (size_t) n;
    if (memmem (answer, size, "\r\nOK ", 5) && memcmp (answer + size - 2, "\r\n", 2) == 0)
      return send_all (sock, "BEGIN\r\n", 7);
    if (memmem (answer, size, "REJECTED", 8))
      break;
  }
  errno = EACCES;
  return -1;
}

static int
try_to_open (Bus *bus, const char *address)
{
  struct timeval patience = { .tv_sec = 30 };
  char path[256];

  *bus = (Bus){ .sock = -1 };
  errno = ENOENT;
  if (!address || sscanf (address, "unix:path=%255[^,;]", path) != 1)
    return -1;
  bus->sock = connect_unix (path);
  if (bus->sock < 0)
    return -1;
  setsockopt (bus->sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return authenticate (bus->sock) < 0 ? -1 : bus_ask (bus, "Hello", NULL, NULL);
}

int
bus_open (Bus *bus, const char *address, int must)
{
  int result = try_to_open (bus, address ? address : getenv ("DBUS_SESSION_BUS_ADDRESS"));

  if (result < 0 && must)
    cannot ("the bus");
  return result;
}

static int
answer (Bus *bus)
{
  const unsigned char *sender = find_field (bus, SENDER);
  static Wire wire;

  if (bus->message[1] != CALL || !sender || bus->message[2] & 1)
    return 0;
  wire.size = 0;
  begin (&wire, REPLY, 0, ++bus->serial);
  size_t fields = wire_array (&wire, 8);
  wire_align (&wire, 8);
  wire_byte (&wire, REPLY_SERIAL);
  wire_signature (&wire, "u");
  wire_u32 (&wire, u32_at (bus->message + 8));
  field (&wire, DESTINATION, "s", (const char *) sender + 4);
  wire_array_end (&wire, fields, 8);
  wire_align (&wire, 8);
  return send_all (bus->sock, wire.bytes, wire.size);
}

int
be_bus_peer (int argc, char **argv)
{
  static Bus bus;
  Wire body = { .size = 0 };
  struct timeval none = { 0 };
  char unique[64] = "";

  if (argc < 2)
    return 2;
  bus_open (&bus, argv[0], 1);
  /* Hello's answer is a string at the end of the message */
  for (size_t at = bus.size - 1; at > 4 && bus.message[at - 1] >= ' '; at--)
    snprintf (unique, sizeof unique, "%s", (const char *) bus.message + at - 1);
  wire_string (&body, argv[1]);
  wire_u32 (&body, 0);
  if (bus_call (&bus, &(Call){ .destination = "org.freedesktop.DBus",
                               .path = "/org/freedesktop/DBus",
                               .interface = "org.freedesktop.DBus",
                               .member = "RequestName",
                               .signature = "su",
                               .body = &body })
      < 0)
    cannot (argv[1]);
  printf ("ready %s\n", strchr (unique, ':') ? strchr (unique, ':') : "?");
  fflush (stdout);
  setsockopt (bus.sock, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
  while (read_message (&bus) == 0 && answer (&bus) == 0)
    ;
  return 0;
}
