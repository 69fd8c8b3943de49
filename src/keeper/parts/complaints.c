/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keeper/parts/complaints.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define PAUSE_MS 20
#define PIPE_BYTES 65536 /* what a full pipe holds: pipe(7) */

/* A log that nobody reads must not stop us: a line is at most PIPE_BUF, for which there is room in a pipe that poll(2)
 * calls writable (pipe(7)). */
static void
put (void *data, const char *line, size_t size)
{
  struct pollfd polled = { STDERR_FILENO, POLLOUT, 0 };

  if (poll (&polled, 1, 0) > 0 && (polled.revents & POLLOUT))
    (void) !write (STDERR_FILENO, line, size);
}

/* No more in one go than a pipe holds: the writer may be as quick as we are. */
void
sbx_complaints_read (SbxComplaints *self)
{
  char bytes[4096];
  ssize_t n = 1;

  if (self->watch.fd < 0)
    return;
  for (size_t i = 0; i < PIPE_BYTES / sizeof bytes && n > 0; i++) {
    n = read (self->watch.fd, bytes, sizeof bytes);
    if (n > 0)
      sbx_log_lines_feed (&self->lines, bytes, (size_t) n, put, NULL);
  }
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
    sbx_log_lines_end (&self->lines, put, NULL);
    sbx_watch_close (&self->watch);
  }
}

static void
serve (SbxWatch *watch)
{
  SbxComplaints *self = SBX_OWNER (watch, SbxComplaints, watch);

  sbx_complaints_read (self);
  if (watch->fd < 0)
    return;
  watch->paused = true;
  watch->due = sbx_loop_now () + PAUSE_MS;
}

static void
end_pause (SbxWatch *watch)
{
  watch->paused = false;
}

int
sbx_complaints_set_up (SbxComplaints *self, SbxLoop *loop, int order)
{
  return sbx_loop_add (loop, &self->watch, order, serve, end_pause);
}

void
sbx_complaints_open (SbxComplaints *self, int fd, const char *id, const char *who)
{
  char beginning[96];

  snprintf (beginning, sizeof beginning, "sandbox-keeper: %s: %s: ", id, who);
  sbx_log_lines_begin (&self->lines, beginning);
  (void) fcntl (fd, F_SETFL, O_NONBLOCK);
  sbx_watch_open (&self->watch, fd);
}

void
sbx_complaints_close (SbxComplaints *self)
{
  sbx_complaints_read (self);
  if (self->watch.fd < 0)
    return;
  sbx_log_lines_end (&self->lines, put, NULL);
  sbx_watch_close (&self->watch);
}
