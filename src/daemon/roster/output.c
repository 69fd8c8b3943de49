/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/roster/output.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "wire/log-lines.h"

#define PAUSE_MS 20 /* between two readings: whoever prints without end waits, and costs little */
#define RENEWED_SECONDS 60
#define KEPT_FREE 32768 /* bytes of a pipe's 65536 (pipe(7)): what others of the service say does not wait either */

struct _SbxOutput {
  int fd;
  guint source; /* for the pipe, or for the end of a pause; 0: it has ended */
  gint64 since; /* monotonic us, when the lines were counted anew */
  SbxLogLines lines;
};

void
sbx_output_put (void *unused, const char *line, gsize size)
{
  struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };
  int unread = 0;

  if (poll (&out, 1, 0) != 1 || !(out.revents & POLLOUT)
      || (ioctl (STDERR_FILENO, FIONREAD, &unread) == 0 && isatty (STDERR_FILENO) == 0 && unread > KEPT_FREE
          && lseek (STDERR_FILENO, 0, SEEK_CUR) < 0))
    return;
  while (write (STDERR_FILENO, line, size) < 0 && errno == EINTR)
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
