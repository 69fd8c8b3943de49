/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A message: the object, then its size in bytes, of which there are 16 bits, above the number of the request or event;
 * then the arguments, of 32 bits each, strings with their length and their NUL, filled up. All in the byte order of the
 * machine (The Wayland Protocol, "Wire Format"). */
#include "wire/wayland.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MAX_ANSWER (1u << 20) /* a compositor has some fifty globals of some forty bytes */
#define CONNECT_PAUSE_MS 10
#define MANAGER "wp_security_context_manager_v1"

/* The objects that we make, in this order: the compositor takes no other (libwayland's wl_map_insert_at ()). */
enum { DISPLAY = 1, REGISTRY, GLOBALS_TOLD, CONTEXT_MANAGER, CONTEXT, CONTEXT_MADE };

enum { DISPLAY_SYNC = 0, DISPLAY_GET_REGISTRY = 1 };
enum { REGISTRY_BIND = 0 };
enum { MANAGER_CREATE_LISTENER = 1 };
enum {
  CONTEXT_DESTROY = 0,
  CONTEXT_SET_ENGINE = 1,
  CONTEXT_SET_APP_ID = 2,
  CONTEXT_SET_INSTANCE_ID = 3,
  CONTEXT_COMMIT = 4
};

typedef struct {
  uint32_t object, opcode;
  const uint8_t *body;
  size_t n;
} Event;

/* Requests that go together. */
typedef struct {
  uint8_t bytes[2048];
  size_t n, begin; /* of the one that is being written */
  bool full;
} Requests;

static int64_t
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return (int64_t) time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Waits for @events of the connection, but no longer than it has. */
static int
wait_for (const SbxWayland *self, short events)
{
  struct pollfd poller = { .fd = self->fd, .events = events };
  int rc = -1;

  errno = EINTR;
  while (rc < 0 && errno == EINTR) {
    int64_t left = self->deadline - now ();

    if (left <= 0) {
      errno = ETIMEDOUT;
      return -1;
    }
    rc = poll (&poller, 1, (int) left);
    if (rc == 0) {
      rc = -1;
      errno = EINTR; /* the clock says when it is over */
    }
  }
  return rc < 0 ? -1 : 0;
}

/* A connection that nobody accepts yet is made at once, unless too many wait already: then connect(2) does not block,
 * and there is nothing to poll for. */
static int
connect_to (SbxWayland *self, int socket)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  const struct timespec pause = { 0, CONNECT_PAUSE_MS * 1000000 };

  snprintf (address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", socket);
  while (connect (self->fd, (struct sockaddr *) &address, sizeof address) < 0) {
    if (errno != EAGAIN && errno != EINTR)
      return -1;
    if (now () >= self->deadline) {
      errno = ETIMEDOUT;
      return -1;
    }
    nanosleep (&pause, NULL);
  }
  return 0;
}

void
sbx_wayland_begin (SbxWayland *self, int fd, int milliseconds)
{
  *self = (SbxWayland){ .fd = fd, .deadline = now () + milliseconds, .last = DISPLAY, .left = MAX_ANSWER };
}

int
sbx_wayland_connect (SbxWayland *self, int socket_path, int milliseconds)
{
  sbx_wayland_begin (self, socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), milliseconds);
  if (self->fd < 0)
    return -1;
  if (connect_to (self, socket_path) == 0)
    return 0;
  sbx_wayland_close (self);
  return -1;
}

void
sbx_wayland_close (SbxWayland *self)
{
  int saved = errno;

  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  errno = saved;
}

static void
put (Requests *self, uint32_t word)
{
  self->full = self->full || sizeof self->bytes - self->n < sizeof word;
  if (self->full)
    return;
  memcpy (self->bytes + self->n, &word, sizeof word);
  self->n += sizeof word;
}

static void
begin (Requests *self, uint32_t object, uint32_t opcode)
{
  self->begin = self->n;
  put (self, object);
  put (self, opcode);
}

static void
finish (Requests *self)
{
  uint32_t word;

  if (self->full)
    return;
  memcpy (&word, self->bytes + self->begin + sizeof word, sizeof word);
  word |= (uint32_t) (self->n - self->begin) << 16;
  memcpy (self->bytes + self->begin + sizeof word, &word, sizeof word);
}

static void
put_string (Requests *self, const char *string)
{
  size_t length = strlen (string) + 1, padded = (length + 3) & ~(size_t) 3;

  put (self, (uint32_t) length);
  self->full = self->full || length > sizeof self->bytes || sizeof self->bytes - self->n < padded;
  if (self->full)
    return;
  memset (self->bytes + self->n, 0, padded);
  memcpy (self->bytes + self->n, string, length);
  self->n += padded;
}

/* A request with one new object, or one string. */
static void
put_new (Requests *self, uint32_t object, uint32_t opcode, uint32_t new)
{
  begin (self, object, opcode);
  put (self, new);
  finish (self);
}

static void
put_word (Requests *self, uint32_t object, uint32_t opcode, const char *word)
{
  begin (self, object, opcode);
  put_string (self, word);
  finish (self);
}

/* Sends all of @requests, the @n_fds (at most two) descriptors with the first byte. */
static int
send_all (SbxWayland *self, const Requests *requests, const int *fds, size_t n_fds)
{
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE (2 * sizeof (int))];
  } control = { 0 };
  size_t sent = 0;

  if (requests->full) {
    errno = EMSGSIZE;
    return -1;
  }
  control.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN (n_fds * sizeof (int)),
                                     .cmsg_level = SOL_SOCKET,
                                     .cmsg_type = SCM_RIGHTS };
  if (n_fds > 0)
    memcpy (CMSG_DATA (&control.header), fds, n_fds * sizeof (int));
  while (sent < requests->n) {
    struct iovec bytes = { (void *) (requests->bytes + sent), requests->n - sent };
    struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };
    ssize_t n;

    if (sent == 0 && n_fds > 0) {
      message.msg_control = &control;
      message.msg_controllen = CMSG_SPACE (n_fds * sizeof (int));
    }
    n = sendmsg (self->fd, &message, MSG_NOSIGNAL);
    if (n > 0)
      sent += (size_t) n;
    else if ((n == 0 || errno == EAGAIN || errno == EINTR) && wait_for (self, POLLOUT) == 0)
      continue;
    else
      return -1;
  }
  return 0;
}

/* Makes sure that @wanted bytes are in the buffer. */
static int
fill (SbxWayland *self, size_t wanted)
{
  while (self->n < wanted) {
    size_t room = sizeof self->bytes - self->n < self->left ? sizeof self->bytes - self->n : self->left;
    ssize_t n = -1;

    if (room == 0)
      errno = EBADMSG;
    else if (wait_for (self, POLLIN) == 0)
      n = recv (self->fd, self->bytes + self->n, room, 0);
    if (n == 0)
      errno = ECONNRESET;
    if (n <= 0 && errno != EAGAIN && errno != EINTR)
      return -1;
    self->n += n > 0 ? (size_t) n : 0;
    self->left -= n > 0 ? (size_t) n : 0;
  }
  return 0;
}

/* The next event, which points into the buffer until it is dropped. */
static int
read_event (SbxWayland *self, Event *event)
{
  uint32_t head[2];
  size_t size;

  if (fill (self, sizeof head) < 0)
    return -1;
  memcpy (head, self->bytes, sizeof head);
  size = head[1] >> 16;
  if (size < sizeof head || size % 4 != 0 || size > sizeof self->bytes) {
    errno = EBADMSG;
    return -1;
  }
  if (fill (self, size) < 0)
    return -1;
  *event = (Event){ head[0], head[1] & 0xffff, self->bytes + sizeof head, size - sizeof head };
  return 0;
}

static void
drop_event (SbxWayland *self, const Event *event)
{
  size_t size = event->n + 8;

  self->n -= size;
  memmove (self->bytes, self->bytes + size, self->n);
}

static bool
take (Event *event, uint32_t *word)
{
  if (event->n < sizeof *word)
    return false;
  memcpy (word, event->body, sizeof *word);
  event->body += sizeof *word;
  event->n -= sizeof *word;
  return true;
}

/* A string that is none may not be. */
static const char *
take_string (Event *event)
{
  const char *string;
  uint32_t length;
  size_t padded;

  if (!take (event, &length) || length == 0 || length > event->n)
    return NULL;
  string = (const char *) event->body;
  padded = ((size_t) length + 3) & ~(size_t) 3;
  if (padded > event->n || memchr (string, '\0', length) != string + length - 1)
    return NULL;
  event->body += padded;
  event->n -= padded;
  return string;
}

/* What a global is. Events: 1 is understood, 0 makes no sense, -1 with errno. */
static int
hear_global (SbxWayland *self, Event event)
{
  uint32_t name, version;
  const char *interface;

  if (!take (&event, &name) || !(interface = take_string (&event)) || !take (&event, &version) || event.n != 0
      || name == 0 || version == 0)
    return 0;
  if (self->manager == 0 && strcmp (interface, MANAGER) == 0)
    self->manager = name;
  return 1;
}

static int
hear_global_remove (SbxWayland *self, Event event)
{
  uint32_t name;

  if (!take (&event, &name) || event.n != 0)
    return 0;
  if (self->manager == name)
    self->manager = 0;
  return 1;
}

static int
hear_error (SbxWayland *self, Event event)
{
  errno = EPROTO;
  return -1;
}

static int
hear_deleted (SbxWayland *self, Event event)
{
  uint32_t object;

  return take (&event, &object) && event.n == 0 && object > DISPLAY && object <= self->last;
}

static int
hear_done (SbxWayland *self, Event event)
{
  uint32_t serial;

  return take (&event, &serial) && event.n == 0;
}

static const struct {
  uint32_t object, opcode;
  int (*hear) (SbxWayland *self, Event event);
} events[] = {
  { DISPLAY, 0, hear_error },          { DISPLAY, 1, hear_deleted },   { REGISTRY, 0, hear_global },
  { REGISTRY, 1, hear_global_remove }, { GLOBALS_TOLD, 0, hear_done }, { CONTEXT_MADE, 0, hear_done },
};

static int
hear (SbxWayland *self, const Event *event)
{
  int understood = 0;

  for (size_t i = 0; i < sizeof events / sizeof *events; i++)
    if (event->object == events[i].object && event->opcode == events[i].opcode && event->object <= self->last)
      understood = events[i].hear (self, *event);
  if (understood == 0)
    errno = EBADMSG;
  return understood > 0 ? 0 : -1;
}

/* Hears events until the callback @awaited is done, which is the newest object. */
static int
hear_until (SbxWayland *self, uint32_t awaited)
{
  Event event = { 0 };

  while (event.object != awaited) {
    if (read_event (self, &event) < 0 || hear (self, &event) < 0)
      return -1;
    drop_event (self, &event);
  }
  return 0;
}

int
sbx_wayland_has_context (SbxWayland *self)
{
  Requests requests = { .n = 0 };

  put_new (&requests, DISPLAY, DISPLAY_GET_REGISTRY, REGISTRY);
  put_new (&requests, DISPLAY, DISPLAY_SYNC, GLOBALS_TOLD);
  self->last = GLOBALS_TOLD;
  if (send_all (self, &requests, NULL, 0) < 0 || hear_until (self, GLOBALS_TOLD) < 0)
    return -1;
  return self->manager != 0;
}

int
sbx_wayland_make_context (SbxWayland *self, int listener, int end, const char *app_id, const char *instance_id)
{
  const int fds[] = { listener, end };
  Requests requests = { .n = 0 };

  begin (&requests, REGISTRY, REGISTRY_BIND);
  put (&requests, self->manager);
  put_string (&requests, MANAGER);
  put (&requests, 1); /* version */
  put (&requests, CONTEXT_MANAGER);
  finish (&requests);
  put_new (&requests, CONTEXT_MANAGER, MANAGER_CREATE_LISTENER, CONTEXT);
  put_word (&requests, CONTEXT, CONTEXT_SET_ENGINE, SBX_WAYLAND_ENGINE);
  if (*app_id)
    put_word (&requests, CONTEXT, CONTEXT_SET_APP_ID, app_id);
  put_word (&requests, CONTEXT, CONTEXT_SET_INSTANCE_ID, instance_id);
  begin (&requests, CONTEXT, CONTEXT_COMMIT);
  finish (&requests);
  begin (&requests, CONTEXT, CONTEXT_DESTROY);
  finish (&requests);
  put_new (&requests, DISPLAY, DISPLAY_SYNC, CONTEXT_MADE);
  self->last = CONTEXT_MADE;
  return send_all (self, &requests, fds, 2) < 0 ? -1 : hear_until (self, CONTEXT_MADE);
}
