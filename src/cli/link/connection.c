/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/link/connection.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/link/bus-error.h"
#include "common/fd-list.h"
#include "common/session-bus.h"

#define CHUNK 65536
#define MAX_FDS 253       /* SCM_MAX_FD, include/net/scm.h */
#define MAX_PENDING 10000 /* descriptors of messages that are not whole yet */
#define MAX_LINE 16384

struct _SbxConnection {
  int fd;
  guint32 serial;
  GByteArray *in; /* what has come and is not a whole message yet */
  SbxFdList *fds; /* that came with it */
  GQueue *kept;   /* SbxBusMessage, passed over by sbx_connection_wait_for_message () */
};

static gboolean
fail_errno (GError **error, int errnum, const char *what)
{
  gboolean closed = errnum == EPIPE || errnum == ECONNRESET || errnum == ENOTCONN;

  g_set_error (error, SBX_BUS_ERROR, closed ? SBX_BUS_ERROR_CLOSED : SBX_BUS_ERROR_OTHER, "%s: %s", what,
               g_strerror (errnum));
  return FALSE;
}

static void
fail_closed (GError **error)
{
  g_set_error_literal (error, SBX_BUS_ERROR, SBX_BUS_ERROR_CLOSED, "the connection was closed");
}

/* All of @data, the descriptors with its first byte. */
static gboolean
send_all (SbxConnection *self, const void *data, gsize size, const int *fds, int n_fds, GError **error)
{
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE (MAX_FDS * sizeof (int))];
  } control;
  const char *at = data;

  while (size > 0) {
    struct iovec part = { (void *) at, size };
    struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
    ssize_t n;

    if (n_fds > 0) {
      header.msg_control = &control;
      header.msg_controllen = CMSG_SPACE ((gsize) n_fds * sizeof (int));
      control.header = (struct cmsghdr){ CMSG_LEN ((gsize) n_fds * sizeof (int)), SOL_SOCKET, SCM_RIGHTS };
      memcpy (CMSG_DATA (&control.header), fds, (gsize) n_fds * sizeof (int));
    }
    n = sendmsg (self->fd, &header, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return fail_errno (error, errno, "sending to the bus");
    at += n;
    size -= (gsize) n;
    n_fds = 0;
  }
  return TRUE;
}

static void
take_fds (SbxConnection *self, struct msghdr *header)
{
  for (struct cmsghdr *part = CMSG_FIRSTHDR (header); part; part = CMSG_NXTHDR (header, part)) {
    gsize n = (part->cmsg_len - CMSG_LEN (0)) / sizeof (int);
    int fds[MAX_FDS];

    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS || n > MAX_FDS)
      continue;
    memcpy (fds, CMSG_DATA (part), n * sizeof (int));
    sbx_fd_list_take (self->fds, fds, n);
  }
}

/* Adds to self->in. FALSE with @error at the end, FALSE without when nothing came in time. */
static gboolean
fill (SbxConnection *self, int ms, GError **error)
{
  char data[CHUNK], control[CMSG_SPACE (MAX_FDS * sizeof (int))];
  struct iovec part = { data, sizeof data };
  struct msghdr header = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
  };
  struct pollfd wait = { self->fd, POLLIN, 0 };
  ssize_t n;
  int ready;

  do
    ready = ms < 0 ? 1 : poll (&wait, 1, ms);
  while (ready < 0 && errno == EINTR);
  if (ready == 0)
    return FALSE;
  do
    n = recvmsg (self->fd, &header, MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  if (n == 0 || (n < 0 && errno == ECONNRESET))
    fail_closed (error);
  else if (n < 0)
    fail_errno (error, errno, "reading from the bus");
  if (n <= 0)
    return FALSE;
  take_fds (self, &header);
  if ((header.msg_flags & MSG_CTRUNC) || sbx_fd_list_get_length (self->fds) > MAX_PENDING) {
    g_set_error_literal (error, SBX_BUS_ERROR, SBX_BUS_ERROR_OTHER, "more descriptors came than can be open");
    return FALSE;
  }
  g_byte_array_append (self->in, (const guint8 *) data, (guint) n);
  return TRUE;
}

/* Takes a line of the handshake, without its end; the descriptor's other side is not a bus when there is none. */
static char *
read_line (SbxConnection *self, GError **error)
{
  for (;;) {
    const char *data = (const char *) self->in->data;
    const char *end = self->in->len > 0 ? memmem (data, self->in->len, "\r\n", 2) : NULL;

    if (end) {
      char *line = g_strndup (data, (gsize) (end - data));

      g_byte_array_remove_range (self->in, 0, (guint) (end - data) + 2);
      return line;
    }
    if (self->in->len > MAX_LINE) {
      g_set_error_literal (error, SBX_BUS_ERROR, SBX_BUS_ERROR_MALFORMED, "this is not a message bus");
      return NULL;
    }
    if (!fill (self, -1, error))
      return NULL;
  }
}

static gboolean
expect_line (SbxConnection *self, const char *word, GError **error)
{
  g_autofree char *line = read_line (self, error);

  if (!line)
    return FALSE;
  if (g_str_has_prefix (line, word))
    return TRUE;
  g_set_error (error, SBX_BUS_ERROR, SBX_BUS_ERROR_OTHER, "the bus says \"%.100s\"", line);
  return FALSE;
}

/* D-Bus specification, "Authentication Protocol": everything that needs no answer is sent at once, except BEGIN:
 * xdg-dbus-proxy takes what the bus sends after that for messages, and the answers are none. */
static gboolean
authenticate (SbxConnection *self, GError **error)
{
  static const char begin[] = "BEGIN\r\n";
  g_autofree char *uid = g_strdup_printf ("%u", getuid ());
  g_autoptr (GString) words = g_string_new (NULL);

  g_string_append_c (words, '\0');
  g_string_append (words, "AUTH EXTERNAL ");
  for (const char *digit = uid; *digit; digit++)
    g_string_append_printf (words, "%02x", (guint) *digit);
  g_string_append (words, "\r\nNEGOTIATE_UNIX_FD\r\n");
  return send_all (self, words->str, words->len, NULL, 0, error) && expect_line (self, "OK ", error)
         && expect_line (self, "AGREE_UNIX_FD", error) && send_all (self, begin, strlen (begin), NULL, 0, error);
}

static SbxConnection *
new_for_fd (int fd, GError **error)
{
  g_autoptr (SbxConnection) self = g_new0 (SbxConnection, 1);

  self->fd = fd;
  self->in = g_byte_array_new ();
  self->fds = sbx_fd_list_new ();
  self->kept = g_queue_new ();
  return authenticate (self, error) ? g_steal_pointer (&self) : NULL;
}

SbxConnection *
sbx_connection_new_for_peer (int fd, GError **error)
{
  return new_for_fd (fd, error);
}

/* The socket of one "unix:" address with a path or an abstract name; -1 for what is neither. */
static int
connect_unix (const char *address, GError **error)
{
  struct sockaddr_un name = { .sun_family = AF_UNIX };
  gsize n = 0;
  g_autofree char *place = sbx_session_bus_parse (address, &n);
  socklen_t size = 0;
  int fd;

  if (place && n < sizeof name.sun_path) {
    memcpy (name.sun_path, place, n);
    size = (socklen_t) (G_STRUCT_OFFSET (struct sockaddr_un, sun_path) + n + (place[0] != '\0'));
  }
  if (size == 0) {
    g_set_error (error, SBX_BUS_ERROR, SBX_BUS_ERROR_ADDRESS, "\"%s\" has no path", address);
    return -1;
  }
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect (fd, (struct sockaddr *) &name, size) == 0)
    return fd;
  fail_errno (error, errno, address);
  if (fd >= 0)
    close (fd);
  return -1;
}

static gboolean
say_hello (SbxConnection *self, GError **error)
{
  g_autoptr (SbxBusMessage) hello =
      sbx_bus_message_new_call ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello", NULL);
  guint32 serial = sbx_connection_send (self, hello, NULL, error);
  g_autoptr (SbxBusMessage) reply = serial ? sbx_connection_wait_for_message (self, serial, error) : NULL;

  return reply && !sbx_bus_message_get_failure (reply, error);
}

SbxConnection *
sbx_connection_new_for_address (const char *address, GError **error)
{
  g_auto (GStrv) addresses = g_strsplit (address, ";", -1);
  g_autoptr (GError) problem = NULL;

  for (char **one = addresses; *one; one++) {
    g_autoptr (SbxConnection) self = NULL;
    int fd;

    if (!g_str_has_prefix (*one, "unix:"))
      continue;
    g_clear_error (&problem);
    fd = connect_unix (*one, &problem);
    self = fd >= 0 ? new_for_fd (fd, &problem) : NULL;
    if (self && say_hello (self, &problem))
      return g_steal_pointer (&self);
  }
  if (problem)
    g_propagate_error (error, g_steal_pointer (&problem));
  else
    g_set_error (error, SBX_BUS_ERROR, SBX_BUS_ERROR_ADDRESS, "\"%s\" is not a unix: address", address);
  return NULL;
}

void
sbx_connection_free (SbxConnection *self)
{
  close (self->fd);
  g_byte_array_unref (self->in);
  sbx_fd_list_free (self->fds);
  g_queue_free_full (self->kept, (GDestroyNotify) sbx_bus_message_free);
  g_free (self);
}

int
sbx_connection_get_fd (const SbxConnection *self)
{
  return self->fd;
}

guint32
sbx_connection_send (SbxConnection *self, const SbxBusMessage *message, const SbxFdList *fds, GError **error)
{
  gsize n_fds = fds ? sbx_fd_list_get_length (fds) : 0;
  g_autoptr (GByteArray) bytes = NULL;

  if (n_fds > MAX_FDS) {
    g_set_error (error, SBX_BUS_ERROR, SBX_BUS_ERROR_OTHER, "%zu descriptors are more than fit into one message",
                 n_fds);
    return 0;
  }
  bytes = sbx_bus_message_write (message, ++self->serial, n_fds, error);
  if (!bytes)
    return 0;
  return send_all (self, bytes->data, bytes->len, n_fds > 0 ? sbx_fd_list_peek (fds) : NULL, (int) n_fds, error)
             ? self->serial
             : 0;
}

/* A whole message out of self->in, with the descriptors that belong to it, which came first; or NULL. */
static SbxBusMessage *
parse (SbxConnection *self, GError **error)
{
  g_autoptr (SbxBusMessage) message = NULL;
  gsize size = self->in->len < SBX_BUS_HEAD ? 0 : sbx_bus_message_size (self->in->data, error);

  if (size == 0 || size > self->in->len)
    return NULL;
  message = sbx_bus_message_read (self->in->data, size, error);
  g_byte_array_remove_range (self->in, 0, (guint) size);
  if (!message)
    return NULL;
  if (message->n_fds > sbx_fd_list_get_length (self->fds)) {
    g_set_error_literal (error, SBX_BUS_ERROR, SBX_BUS_ERROR_MALFORMED, "descriptors of a message have not come");
    return NULL;
  }
  if (message->n_fds > 0)
    message->fds = sbx_fd_list_split (self->fds, message->n_fds);
  return g_steal_pointer (&message);
}

static SbxBusMessage *
receive_new (SbxConnection *self, int ms, GError **error)
{
  for (;;) {
    GError *problem = NULL;
    SbxBusMessage *message = parse (self, &problem);

    if (message || problem || !fill (self, ms, &problem)) {
      if (problem)
        g_propagate_error (error, problem);
      return message;
    }
  }
}

SbxBusMessage *
sbx_connection_receive (SbxConnection *self, int ms, GError **error)
{
  SbxBusMessage *message = g_queue_pop_head (self->kept);

  return message ? message : receive_new (self, ms, error);
}

SbxBusMessage *
sbx_connection_wait_for_message (SbxConnection *self, guint32 serial, GError **error)
{
  for (;;) {
    SbxBusMessage *message = receive_new (self, -1, error);

    if (!message || message->reply_serial == serial)
      return message;
    g_queue_push_tail (self->kept, message);
  }
}
