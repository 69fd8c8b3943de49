/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* live SLOTS SLOT PATH…: stays, and does what it is told over descriptor 300 + SLOT, a message for each:
 *
 *   q     what there is of each path: '0' nothing, '1' its file "file" can be read, '2' and one can be made beside it
 *   f N   a child, which serves slot N and says its pid there
 *   u     goes into a user and a mount namespace of its own
 *   x     executes itself anew
 *   k N   SIGKILL to process N, which has ended when the answer comes
 *   w P   answers at once, and says once more when P has come or gone, and when that was (ns, CLOCK_MONOTONIC)
 *
 * The answer is one message too: what was asked for, or the errno's name. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FIRST 300
#define ANSWER 256

typedef struct {
  int link;
  char slot[16];
  char **argv; /* SLOTS SLOT PATH… */
} Agent;

static void
serve_slot (Agent *self, int slot)
{
  snprintf (self->slot, sizeof self->slot, "%d", slot);
  self->argv[1] = self->slot;
  self->link = FIRST + slot;
}

static void
answer (const Agent *self, const char *text)
{
  if (send (self->link, text, strlen (text), MSG_NOSIGNAL) < 0)
    _exit (0); /* the test has gone */
}

static char
look_at (const char *path)
{
  char name[4096], text[8] = "";
  int fd;
  ssize_t n;

  snprintf (name, sizeof name, "%s/file", path);
  fd = open (name, O_RDONLY | O_CLOEXEC);
  n = fd < 0 ? -1 : read (fd, text, sizeof text - 1);
  if (fd >= 0)
    close (fd);
  if (n <= 0 || strcmp (text, "there") != 0)
    return '0';
  snprintf (name, sizeof name, "%s/new", path);
  fd = open (name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return '1';
  close (fd);
  return '2';
}

static void
look (Agent *self, const char *argument)
{
  char text[ANSWER] = "";

  for (size_t i = 0; self->argv[2 + i] && i < sizeof text - 1; i++)
    text[i] = look_at (self->argv[2 + i]);
  answer (self, text);
}

static void
have_child (Agent *self, const char *argument)
{
  pid_t pid = fork ();
  char text[16];

  if (pid < 0) {
    answer (self, probe_outcome (errno));
  } else if (pid == 0) {
    serve_slot (self, atoi (argument));
    snprintf (text, sizeof text, "%d", (int) getpid ());
    answer (self, text);
  }
}

/* Writes @text into a file of /proc/self. */
static int
say (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC), rc;

  if (fd < 0)
    return -1;
  rc = write (fd, text, strlen (text)) == (ssize_t) strlen (text) ? 0 : -1;
  close (fd);
  return rc;
}

static void
leave (Agent *self, const char *argument)
{
  char uid[64], gid[64];

  snprintf (uid, sizeof uid, "%d %d 1", (int) getuid (), (int) getuid ());
  snprintf (gid, sizeof gid, "%d %d 1", (int) getgid (), (int) getgid ());
  errno = 0;
  if (unshare (CLONE_NEWUSER | CLONE_NEWNS) == 0 && say ("/proc/self/setgroups", "deny") == 0
      && say ("/proc/self/uid_map", uid) == 0 && say ("/proc/self/gid_map", gid) == 0)
    errno = 0;
  answer (self, probe_outcome (errno));
}

static void
execute (Agent *self, const char *argument)
{
  char *words[64] = { (char *) "probe", (char *) "live" };

  for (size_t i = 0; self->argv[i] && i < 60; i++)
    words[2 + i] = self->argv[i];
  setenv ("PROBE_LIVE_EXECUTED", "1", 1);
  execv ("/proc/self/exe", words);
  answer (self, probe_outcome (errno));
}

static void
end_other (Agent *self, const char *argument)
{
  int pidfd = pidfd_open (atoi (argument), 0);
  struct pollfd end = { .fd = pidfd, .events = POLLIN };

  errno = 0;
  if (pidfd < 0 || pidfd_send_signal (pidfd, SIGKILL, NULL, 0) < 0 || poll (&end, 1, -1) != 1)
    errno = errno ? errno : EIO;
  if (pidfd >= 0)
    close (pidfd);
  answer (self, probe_outcome (errno));
}

static void
watch (Agent *self, const char *path)
{
  const struct timespec pause = { .tv_nsec = 10000 };
  int before = access (path, F_OK);
  struct timespec now;
  char text[64];

  prctl (PR_SET_TIMERSLACK, 1, 0, 0, 0);
  answer (self, before == 0 ? "there" : "gone");
  while (access (path, F_OK) == before)
    nanosleep (&pause, NULL);
  clock_gettime (CLOCK_MONOTONIC, &now);
  snprintf (text, sizeof text, "%lld", (long long) now.tv_sec * 1000000000 + now.tv_nsec);
  answer (self, text);
}

static const struct {
  char word;
  void (*act) (Agent *self, const char *argument);
} acts[] = {
  { 'q', look }, { 'f', have_child }, { 'u', leave }, { 'x', execute }, { 'k', end_other }, { 'w', watch },
};

int
probe_live (int argc, char **argv)
{
  Agent self = { .argv = argv, .link = -1 };
  char message[4096];
  ssize_t n;

  if (argc < 2)
    return 2;
  signal (SIGCHLD, SIG_IGN);
  serve_slot (&self, atoi (argv[1]));
  if (getenv ("PROBE_LIVE_EXECUTED"))
    answer (&self, "OK");
  while ((n = recv (self.link, message, sizeof message - 1, 0)) > 0) {
    message[n] = '\0';
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
      if (acts[i].word == message[0])
        acts[i].act (&self, n > 2 ? message + 2 : "");
  }
  return 0;
}
