/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/roster/output.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/log-lines.h"

#define PAUSE_MS 20 /* between two readings: whoever prints without end waits, and costs little */
#define RENEWED_SECONDS 60
#define UNREAD_MOST 32768 /* bytes that nobody has read, of a pipe's 65536 (pipe(7)) */

struct _SbxOutput {
  int fd;
  guint source; /* for the pipe, or for the end of a pause; 0: it has ended */
  gint64 since; /* monotonic us, when the lines were counted anew */
  SbxLogLines lines;
};

/* Whether a line can be written without waiting, and leaves others of the service room to do the same. */
static gboolean
has_room (int fd)
{
  struct pollfd out = { .fd = fd, .events = POLLOUT };
  struct stat st;
  int unread = 0;

  if (poll (&out, 1, 0) != 1 || !(out.revents & POLLOUT))
    return FALSE;
  return fstat (fd, &st) < 0 || !S_ISFIFO (st.st_mode) || ioctl (fd, FIONREAD, &unread) < 0 || unread <= UNREAD_MOST;
}

void
sbx_output_put (void *unused, const char *line, gsize size)
{
  while (has_room (STDERR_FILENO) && write (STDERR_FILENO, line, size) < 0 && errno == EINTR)
    ;
}

static gboolean on_ready (int fd, GIOCondition condition, gpointer user_data);

static gboolean
on_pause_ends (gpointer user_data)
{
  SbxOutput *self = user_data;

  self->source = g_unix_fd_add (self->fd, G_IO_IN | G_IO_HUP, on_ready, self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_ready (int fd, GIOCondition condition, gpointer user_data)
{
  SbxOutput *self = user_data;
  gint64 now = g_get_monotonic_time ();
  char bytes[4096];
  ssize_t n = read (fd, bytes, sizeof bytes);

  if (now - self->since > RENEWED_SECONDS * G_USEC_PER_SEC) {
    self->since = now;
    self->lines.n = 0;
  }
  if (n > 0)
    sbx_log_lines_feed (&self->lines, bytes, (gsize) n, sbx_output_put, NULL);
  if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR))) {
    self->source = g_timeout_add (PAUSE_MS, on_pause_ends, self);
    return G_SOURCE_REMOVE;
  }
  sbx_log_lines_end (&self->lines, sbx_output_put, NULL);
  self->source = 0;
  return G_SOURCE_REMOVE;
}

SbxOutput *
sbx_output_new (const char *name, int *fd)
{
  g_autofree char *beginning = g_strconcat (name, ": ", NULL);
  SbxOutput *self;
  int ends[2];

  if (pipe2 (ends, O_CLOEXEC) < 0)
    return NULL;
  (void) fcntl (ends[0], F_SETFL, O_NONBLOCK);
  self = g_new0 (SbxOutput, 1);
  self->fd = ends[0];
  self->since = g_get_monotonic_time ();
  sbx_log_lines_begin (&self->lines, beginning);
  self->source = g_unix_fd_add (self->fd, G_IO_IN | G_IO_HUP, on_ready, self);
  *fd = ends[1];
  return self;
}

void
sbx_output_free (SbxOutput *self)
{
  g_clear_handle_id (&self->source, g_source_remove);
  close (self->fd);
  g_free (self);
}
