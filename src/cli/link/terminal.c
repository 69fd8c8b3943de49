/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/link/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "common/error.h"

#define CHUNK 1024 /* small, so that a write after POLLOUT does not wait */
#define DRAIN_MS 500
#define WATCH_MS 200 /* a shell that brings a running job to the front says nothing to it */

/* Bytes in one direction. The descriptors of the caller are shared with others and stay blocking, so each read and
 * write comes after a poll. */
typedef struct {
  SbxTerminal *terminal;
  int from, to;
  char buffer[CHUNK];
  gsize start, end;
  guint reading, writing; /* sources, or 0 */
  gboolean over;          /* nothing more to read, or nobody to write to */
  void (*on_end) (SbxTerminal *terminal);
} Pump;

struct _SbxTerminal {
  int master, slave;
  int caller; /* the descriptor that is the caller's terminal, or -1 */
  gboolean raw, at_line_start;
  gboolean away; /* the caller's terminal is somebody else's for now */
  guint watch;   /* until it is ours again, or 0 */
  void (*on_stop) (gpointer data);
  gpointer stop_data;
  struct termios saved;
  Pump in, out;
};

static void pump_update (Pump *pump);

/* Whether a signal of the terminal would stop it: it neither ignores SIGTSTP nor has a use of its own for it. */
static gboolean
stops_by_default (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", (int) pid), *status = NULL;
  guint64 taken = 0;

  if (!g_file_get_contents (path, &status, NULL, NULL))
    return FALSE;
  for (const char *const *name = (const char *const[]){ "\nSigIgn:", "\nSigCgt:", NULL }; *name; name++) {
    const char *line = strstr (status, *name);

    if (!line)
      return FALSE;
    taken |= g_ascii_strtoull (line + strlen (*name), NULL, 16);
  }
  return !(taken & (1ull << (SIGTSTP - 1)));
}

/* Where in what was typed a character is that would stop the application, were it a job of the caller's shell. In its
 * own session it is an orphan, and no SIGTSTP stops it (setpgid(2), POSIX 11.1.4); a shell inside stops its own jobs,
 * which are other groups than its session's first. */
static char *
find_stop (const Pump *pump)
{
  const SbxTerminal *self = pump->terminal;
  struct termios modes;
  pid_t group, leader;
  char *at;

  if (pump != &self->in || !self->on_stop || !self->raw || tcgetattr (self->master, &modes) < 0
      || !(modes.c_lflag & ISIG) || modes.c_cc[VSUSP] == 0)
    return NULL;
  at = memchr (pump->buffer, modes.c_cc[VSUSP], pump->end);
  if (!at)
    return NULL;
  group = tcgetpgrp (self->master);
  leader = tcgetsid (self->master);
  return group > 0 && group == leader && stops_by_default (group) ? at : NULL;
}

static void
take_stop (Pump *pump)
{
  char *at = find_stop (pump);

  if (!at)
    return;
  memmove (at, at + 1, (gsize) (pump->buffer + pump->end - at) - 1);
  pump->end--;
  pump->terminal->on_stop (pump->terminal->stop_data);
}

/* FALSE when there is nothing more to come. */
static gboolean
pump_fill (Pump *pump)
{
  ssize_t n = read (pump->from, pump->buffer, sizeof pump->buffer);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return TRUE;
  if (n <= 0) /* EIO: the other side of the terminal has been closed */
    return FALSE;
  pump->start = 0;
  pump->end = (gsize) n;
  take_stop (pump);
  return TRUE;
}

static gboolean
pump_flush (Pump *pump)
{
  ssize_t n = write (pump->to, pump->buffer + pump->start, pump->end - pump->start);

  if (n < 0)
    return errno == EAGAIN || errno == EINTR;
  if (n > 0 && pump == &pump->terminal->in)
    pump->terminal->at_line_start = pump->buffer[pump->start + (gsize) n - 1] == '\n';
  pump->start += (gsize) n;
  return TRUE;
}

static void
pump_stop (Pump *pump)
{
  pump->over = TRUE;
  g_clear_handle_id (&pump->reading, g_source_remove);
  g_clear_handle_id (&pump->writing, g_source_remove);
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer user_data)
{
  Pump *pump = user_data;

  pump->reading = 0;
  if (pump_fill (pump)) {
    pump_update (pump);
  } else {
    pump->over = TRUE;
    if (pump->on_end)
      pump->on_end (pump->terminal);
  }
  return G_SOURCE_REMOVE;
}

/* Nobody reads any more: for those inside the terminal has gone, and the kernel sends them SIGHUP. */
static void
hang_up (SbxTerminal *self)
{
  pump_stop (&self->in);
  pump_stop (&self->out);
  close (self->master);
  self->master = -1;
}

static gboolean
on_writable (int fd, GIOCondition condition, gpointer user_data)
{
  Pump *pump = user_data;

  pump->writing = 0;
  if (pump_flush (pump))
    pump_update (pump);
  else
    hang_up (pump->terminal);
  return G_SOURCE_REMOVE;
}

static void
pump_update (Pump *pump)
{
  gboolean full = pump->start < pump->end;

  if (pump->over)
    return;
  if (full && pump->writing == 0)
    pump->writing = g_unix_fd_add (pump->to, G_IO_OUT | G_IO_HUP | G_IO_ERR, on_writable, pump);
  else if (!full && pump->reading == 0 && !(pump == &pump->terminal->in && pump->terminal->away))
    pump->reading = g_unix_fd_add (pump->from, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, pump);
}

/* End of file on a terminal is a character; in the middle of a line the first one only ends the line. */
static void
type_end_of_file (SbxTerminal *self)
{
  struct termios modes;
  gsize n = self->at_line_start ? 1 : 2;

  if (tcgetattr (self->master, &modes) < 0)
    return;
  memset (self->in.buffer, modes.c_cc[VEOF], n);
  self->in.start = 0;
  self->in.end = n;
  self->in.writing = g_unix_fd_add (self->master, G_IO_OUT | G_IO_HUP | G_IO_ERR, on_writable, &self->in);
}

static gboolean
make_pair (SbxTerminal *self, GError **error)
{
  char name[64];

  self->master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (self->master < 0 || grantpt (self->master) < 0 || unlockpt (self->master) < 0
      || ptsname_r (self->master, name, sizeof name) != 0)
    return sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, errno,
                            "cannot make a pseudo-terminal; is /dev/pts mounted?");
  self->slave = open (name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (self->slave < 0)
    return sbx_throw_errno (error, SBX_ERROR_NOT_SUPPORTED, errno, "cannot open %s", name);
  return TRUE;
}

static void
copy_modes (SbxTerminal *self)
{
  struct termios modes;

  for (int fd = 0; fd < 3 && self->caller < 0; fd++)
    if (isatty (fd))
      self->caller = fd;
  if (tcgetattr (self->caller >= 0 ? self->caller : self->slave, &modes) < 0)
    return;
  self->saved = modes;
  if (!isatty (STDIN_FILENO))
    modes.c_lflag &= ~(tcflag_t) ECHO; /* nobody types */
  tcsetattr (self->slave, TCSANOW, &modes);
}

SbxTerminal *
sbx_terminal_new (GError **error)
{
  g_autoptr (SbxTerminal) self = g_new0 (SbxTerminal, 1);

  self->master = self->slave = self->caller = -1;
  self->at_line_start = TRUE;
  if (!make_pair (self, error))
    return NULL;
  fcntl (self->master, F_SETFL, O_RDWR | O_NONBLOCK);
  copy_modes (self);
  sbx_terminal_resize (self);
  self->in = (Pump){ .terminal = self, .from = STDIN_FILENO, .to = self->master };
  self->in.on_end = type_end_of_file;
  self->out = (Pump){ .terminal = self, .from = self->master, .to = STDOUT_FILENO };
  return g_steal_pointer (&self);
}

/* Also from the background, where a change of modes would stop us. */
static void
set_modes (SbxTerminal *self, const struct termios *modes)
{
  sigset_t output, before;

  sigemptyset (&output);
  sigaddset (&output, SIGTTOU);
  sigprocmask (SIG_BLOCK, &output, &before);
  (void) tcsetattr (STDIN_FILENO, TCSADRAIN, modes);
  sigprocmask (SIG_SETMASK, &before, NULL);
}

void
sbx_terminal_free (SbxTerminal *self)
{
  sbx_terminal_suspend (self);
  g_clear_handle_id (&self->watch, g_source_remove);
  pump_stop (&self->in);
  pump_stop (&self->out);
  if (self->master >= 0)
    close (self->master);
  if (self->slave >= 0)
    close (self->slave);
  g_free (self);
}

int
sbx_terminal_get_slave (SbxTerminal *self)
{
  return self->slave;
}

void
sbx_terminal_start (SbxTerminal *self)
{
  if (self->slave < 0)
    return;
  close (self->slave); /* from now on the end of the last process inside is the end of the file */
  self->slave = -1;
  sbx_terminal_resume (self);
  pump_update (&self->in);
  pump_update (&self->out);
}

void
sbx_terminal_resize (SbxTerminal *self)
{
  struct winsize size = { 0 };

  if (self->caller < 0 || ioctl (self->caller, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
    size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
  (void) ioctl (self->master, TIOCSWINSZ, &size);
}

void
sbx_terminal_set_on_stop (SbxTerminal *self, void (*on_stop) (gpointer data), gpointer data)
{
  self->on_stop = on_stop;
  self->stop_data = data;
}

/* What is typed is for somebody else: whoever reads it in the background is stopped (SIGTTIN). */
static void
leave (SbxTerminal *self)
{
  self->away = self->caller == STDIN_FILENO;
  if (self->away)
    g_clear_handle_id (&self->in.reading, g_source_remove);
}

void
sbx_terminal_suspend (SbxTerminal *self)
{
  if (self->raw)
    set_modes (self, &self->saved);
  self->raw = FALSE;
  leave (self);
}

static gboolean
on_watch (gpointer user_data)
{
  SbxTerminal *self = user_data;

  self->watch = 0;
  sbx_terminal_resume (self);
  return G_SOURCE_REMOVE;
}

void
sbx_terminal_resume (SbxTerminal *self)
{
  struct termios modes = self->saved;

  if (self->raw || self->slave >= 0 || self->caller != STDIN_FILENO)
    return;
  if (tcgetpgrp (STDIN_FILENO) >= 0 && tcgetpgrp (STDIN_FILENO) != getpgrp ()) {
    leave (self);
    if (self->watch == 0)
      self->watch = g_timeout_add (WATCH_MS, on_watch, self);
    return;
  }
  cfmakeraw (&modes);
  self->raw = tcsetattr (STDIN_FILENO, TCSADRAIN, &modes) == 0;
  self->away = FALSE;
  sbx_terminal_resize (self);
  pump_update (&self->in);
}

void
sbx_terminal_drain (SbxTerminal *self)
{
  Pump *pump = &self->out;
  gboolean open = !pump->over && self->slave < 0;

  pump_stop (&self->in);
  pump_stop (pump);
  while (open) {
    gboolean full = pump->start < pump->end;
    struct pollfd wait = { full ? pump->to : pump->from, full ? POLLOUT : POLLIN, 0 };

    if (poll (&wait, 1, full ? DRAIN_MS : DRAIN_MS / 10) <= 0)
      return;
    open = full ? pump_flush (pump) : pump_fill (pump);
  }
}
