/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/serve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wire/io.h"
#include "wire/layout.h"
#include "wire/message.h"
#include "wire/sys.h"

#define LINKS 1024        /* keepers at once; the service has fewer instances */
#define FIRST_MS 10000    /* that the first one has to come */
#define SWEEP_MS 10       /* between two looks for orphans … */
#define SWEEP_FOR_MS 2000 /* … after a keeper has gone: its sandbox-init takes a moment to end */

typedef struct {
  const SbxSessionSpace *space;
  int listener, directory;
  int64_t sweep_until; /* ms, monotonic; 0: nothing is looked for */
  bool served;         /* somebody was here */
  size_t n;
  struct pollfd polled[LINKS + 1]; /* [0]: the listener */
} Session;

static int64_t
now_ms (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool
is_ours (int sock)
{
  struct ucred who = { 0 };
  socklen_t size = sizeof who;

  return getsockopt (sock, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.uid == geteuid ();
}

/* False: nobody waits. */
static bool
accept_one (Session *self)
{
  const SbxMessage ready = { .type = SBX_MSG_READY };
  int sock = accept4 (self->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

  if (sock < 0)
    return false;
  if (self->n == LINKS || !is_ours (sock) || sbx_message_send_now (sock, &ready, self->space->fds, SBX_SESSION_N) < 0) {
    close (sock);
    return true;
  }
  self->n++;
  self->polled[self->n] = (struct pollfd){ sock, POLLIN, 0 };
  self->served = true;
  return true;
}

/* A keeper says nothing: its end is all that can come. */
static void
drop_ended (Session *self)
{
  for (size_t i = self->n; i > 0; i--)
    if (self->polled[i].revents) {
      close (self->polled[i].fd);
      self->polled[i] = self->polled[self->n--];
      self->sweep_until = now_ms () + SWEEP_FOR_MS;
    }
}

/* Kills our children. A process comes to us when its own sandbox-init, a subreaper, has ended, and so its instance:
 * whoever should have ended it was killed as well. proc(5) has the numbers of the host. Returns whether there were
 * any. */
static bool
kill_orphans (const Session *self)
{
  char line[4096];
  ssize_t n = sbx_read_text_at ("/proc/thread-self/children", line, sizeof line);
  bool any = false;
  long pid;

  if (n <= 0)
    return false;
  for (char *at = line, *end; (pid = strtol (at, &end, 10)) > 0; at = end) {
    int own = ioctl (self->space->host, SBX_NS_GET_PID_FROM_PIDNS, pid);

    if (own > 1)
      any |= kill (own, SIGKILL) == 0;
  }
  return any;
}

/* Ends the session unless somebody is just coming. */
static bool
has_ended (Session *self)
{
  bool any;

  if (self->n > 0)
    return false;
  (void) flock (self->directory, LOCK_EX);
  any = accept_one (self);
  if (!any)
    (void) unlinkat (self->directory, SBX_SESSION_SOCKET, 0);
  (void) flock (self->directory, LOCK_UN);
  return !any;
}

/* Waits as long as there is nothing to do. -1 with errno. */
static int
wait_for_news (Session *self)
{
  int timeout = self->sweep_until != 0 ? SWEEP_MS : self->served ? -1 : FIRST_MS;
  int rc = poll (self->polled, self->n + 1, timeout);

  if (rc == 0 && self->sweep_until == 0)
    self->served = true; /* nobody has come for whom it was made */
  return rc < 0 && errno != EINTR ? -1 : 0;
}

void
sbx_session_serve (const SbxSessionSpace *space, int listener, int directory)
{
  static Session session;

  session = (Session){ .space = space, .listener = listener, .directory = directory };
  session.polled[0] = (struct pollfd){ listener, POLLIN, 0 };
  signal (SIGCHLD, SIG_IGN); /* nobody's end is of interest: the kernel reaps (wait(2)) */
  signal (SIGPIPE, SIG_IGN);
  do {
    if (wait_for_news (&session) < 0)
      return;
    drop_ended (&session);
    while (accept_one (&session))
      ;
    if (session.sweep_until != 0 && !kill_orphans (&session) && now_ms () >= session.sweep_until)
      session.sweep_until = 0;
  } while (!session.served || !has_ended (&session));
}

void
sbx_session_refuse (int listener, int directory, int error, const char *step)
{
  SbxMessage failed = { .type = SBX_MSG_FAILED, .value = error, .detail = SBX_STEP_NAMESPACES };
  struct pollfd polled = { listener, POLLIN, 0 };
  int sock;

  snprintf (failed.text, sizeof failed.text, "sandbox-session could not %s", step);
  (void) poll (&polled, 1, FIRST_MS);
  (void) flock (directory, LOCK_EX);
  while ((sock = accept4 (listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
    (void) sbx_message_send_now (sock, &failed, NULL, 0);
    close (sock);
  }
  (void) unlinkat (directory, SBX_SESSION_SOCKET, 0);
  (void) flock (directory, LOCK_UN);
}
